import Foundation
import TestSupport
import Testing
import Zarr

@testable import ZarrRemote

@Suite("Stores by their URLs")
struct StoresTests {
  private let directory: StoreDirectory

  init() throws {
    directory = try StoreDirectory()
  }

  private var writable: StoreOptions {
    var options = StoreOptions()
    options.isWritable = true
    return options
  }

  private func texts(_ url: String) throws -> [String] {
    let opened = try Stores.open(url)
    return try ZarrArray.open(in: opened.store, at: opened.path.description).read().strings()
  }

  @Test("A directory is opened by its path and by its URL, with blanks and odd characters in it")
  func directories() throws {
    for name in ["a b.zarr", "s3:", "é%41", "x|y"] {
      let path = directory.path(name)
      let opened = try Stores.open(path, options: writable)
      #expect(opened.path == .root)
      try ZarrArray.create(in: opened.store, writing: ["a", "b"])
      #expect(try texts(path) == ["a", "b"])
      let encoded = try #require(path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed))
      #expect(try texts("file://\(encoded)") == ["a", "b"], "\(encoded)")
      #expect(try texts("file:\(encoded)|zarr3:") == ["a", "b"])
    }
    #expect(throws: StoreError.system(operation: "open", path: directory.path("none"), code: 2)) {
      try Stores.open(directory.path("none"))
    }
  }

  @Test("An archive is made and opened, and paths in it name nodes")
  func archives() throws {
    let path = directory.path("a b.zip")
    let opened = try Stores.open("\(path)|zip:", options: writable)
    try ZarrGroup.create(in: opened.store).createGroup(at: "g").createArray(
      at: "é x", writing: ["in", "zip"])
    try #require(opened.store as? any FinishingStore).finish()
    for url in [
      "\(path)|zip:g/é x", "\(path)|zip:g/%C3%A9%20x", "\(path)|zip:g|zarr3:é x", "\(path)|zip:|zarr3:g/é x/",
      "zip://g/é x::\(path)", "zip://g/é x::file://\(path.replacing(" ", with: "%20"))",
    ] {
      #expect(try texts(url) == ["in", "zip"], "\(url)")
    }
    #expect(try Stores.open("\(path)|zip:g|zarr2:").format == .version2)
    #expect(
      try ZarrGroup.open(in: Stores.open(path).store).group(at: "g").children().count == 1,
      "a file is an archive")
    for url in ["\(path)|zip:../x", "\(path)|zip:a/./b", "\(path)|zarr3:|zip:"] {
      let error = #expect(throws: StoreError.self) { try Stores.open(url) }
      guard case .invalidURL? = error else { throw try #require(error) }
    }
  }

  @Test("An archive in an archive is read")
  func nested() throws {
    let inner = MemoryStore()
    let store = try ZipStore(StoreKey("i.zip"), in: inner, for: .adding)
    try ZarrArray.create(in: store, at: "n", writing: ["deep"])
    try store.finish()
    let path = directory.path("o.zip")
    let outer = try ZipStore(path, for: .adding)
    try outer.put(try #require(try inner.value(of: "i.zip")), at: "x/i.zip")
    try outer.finish()
    #expect(try texts("\(path)|zip:x/i.zip|zip:n") == ["deep"])
    #expect(try texts("zip://n::zip://x/i.zip::\(path)") == ["deep"])
    #expect(throws: StoreError.readOnly(path: "\(path)|zip:")) {
      try Stores.open("\(path)|zip:x/i.zip|zip:", options: writable)
    }
  }

  @Test("An archive of a web server is opened by its URL")
  func archiveOfServer() throws {
    let served = try ServedDirectory(.python)
    let archive = try ZipStore(served.directory.path("a b.zip"), for: .adding)
    try ZarrGroup.create(in: archive).createArray(at: "é/x", writing: ["in", "zip"])
    try archive.finish()
    for url in [
      "\(served.url)/a%20b.zip|zip:é/x", "\(served.url)/a b.zip?query|zip:é/x",
      "zip://é/x::\(served.url)/a b.zip",
    ] {
      #expect(try texts(url) == ["in", "zip"])
    }
    #expect(throws: StoreError.system(operation: "open", path: "\(served.url)/none.zip", code: 2)) {
      try Stores.open("\(served.url)/none.zip|zip:")
    }
    let error = #expect(throws: StoreError.self) { try Stores.open("\(served.url)|zip:") }
    guard case .invalidURL? = error else { throw try #require(error) }
  }

  @Test("A prefix of a bucket, and an archive in it, are written and read by their URLs")
  func buckets() throws {
    let servers = try RemoteServers.shared
    let location = try servers.makeStore(servers.seaweedfs).location
    var options = writable
    options.s3 = servers.options(servers.seaweedfs)
    for url in ["\(location)/p/a b%20.zarr", "\(location)/p/a b%20.zip|zip:", "zip::\(location)/root.zip"] {
      options.isWritable = true
      let store = try Stores.open(url, options: options).store
      try ZarrGroup.create(in: store).createArray(at: "é/x", writing: ["in", "S3"])
      try (store as? any FinishingStore)?.finish()
      options.isWritable = false
      let opened = try Stores.open("\(url)|zarr3:é/x", options: options)
      #expect(opened.format == .version3)
      let array = try ZarrArray.open(in: opened.store, at: opened.path.description)
      #expect(try array.read().strings() == ["in", "S3"])
    }
    // A second writer would lose what the first one has.
    options.isWritable = true
    let first = try Stores.open("zip::\(location)/root.zip", options: options).store
    let error = #expect(throws: StoreError.self) {
      try Stores.open("zip::\(location)/root.zip", options: options)
    }
    guard case .locked? = error else { throw try #require(error) }
    try (first as? any FinishingStore)?.finish()
  }

  @Test("A web server is only read")
  func readOnly() throws {
    for url in ["http://127.0.0.1:1/a", "http://127.0.0.1:1/a.zip|zip:"] {
      let error = #expect(throws: StoreError.self) { try Stores.open(url, options: writable) }
      guard case .readOnly? = error else { throw try #require(error) }
    }
  }
}
