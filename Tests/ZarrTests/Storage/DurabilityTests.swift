import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("What survives in directories")
struct DurabilityTests {
  private let directory: StoreDirectory

  init() throws {
    directory = try StoreDirectory()
  }

  @Test("Each level but none keeps all promises of a store", arguments: [Durability.atomic, .durable])
  func conformance(durability: Durability) throws {
    try expectConforms(FileStore(opening: directory.path, durability: durability))
  }

  @Test("What was deferred can be read at once, and synchronized", arguments: Durability.allCases)
  func deferred(durability: Durability) throws {
    let store = try FileStore(opening: directory.path, durability: durability)
    for number in 0..<10 {
      try store.write(StoreKey("a/b\(number)/c"), byteCount: 1, durability: .deferred) { append in
        try append([UInt8(number)].span.bytes)
      }
    }
    #expect(try store.value(of: "a/b7/c") == [7])
    try store.synchronize()
    try store.synchronize()
    #expect(try store.value(of: "a/b7/c") == [7])
    #expect(try directory.files().count == 10)
  }

  @Test(
    "A writer that fails leaves the old value and no other file", arguments: [Durability.atomic, .durable])
  func failedWrite(durability: Durability) throws {
    struct Failure: Error {}
    let store = try FileStore(opening: directory.path, durability: durability)
    try store.put([1], at: "a/b")
    #expect(throws: Failure.self) {
      try store.write(StoreKey("a/b"), byteCount: 2) { append in
        try append([2, 3].span.bytes)
        throw Failure()
      }
    }
    #expect(try store.value(of: "a/b") == [1])
    #expect(try directory.files() == ["a/b"])
  }

  @Test("Temporary files of killed writers are swept, and those of writers at work and young ones stay")
  func sweeping() throws {
    let store = try FileStore(opening: directory.path)
    try store.put([1], at: "a/c/0")
    let old = Date(timeIntervalSinceNow: -3600)
    for name in [
      "a/c/.1.0123456789abcdef.partial", "a/.zarr.json.00000000deadbeef.partial",
      ".young.0000000000000002.partial", ".held.0000000000000001.partial",
    ] {
      try Data([1]).write(to: URL(filePath: directory.path(name)))
      if !name.contains("young") {
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: directory.path(name))
      }
    }
    let held = open(directory.path(".held.0000000000000001.partial"), O_RDONLY)
    #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
    #expect(try store.keys() == ["a/c/0"])
    #expect(try store.sweepTemporaryFiles() == 2)
    #expect(
      try directory.files() == ["a/c/0", ".young.0000000000000002.partial", ".held.0000000000000001.partial"])
    close(held)
    #expect(try store.sweepTemporaryFiles() == 1)
  }

  @Test("A value that a killed process was about to delete gets its name back, unless there is a newer one")
  func interruptedDeletion() throws {
    let store = try FileStore(opening: directory.path)
    try store.put([2], at: "c/1")
    for (name, byte) in [("c/.0.0123456789abcdef.removed", 1), ("c/.1.0123456789abcdef.removed", 9)] {
      try Data([UInt8(byte)]).write(to: URL(filePath: directory.path(name)))
    }
    #expect(try store.keys() == ["c/1"])
    // The process that deletes it is still at work.
    let held = open(directory.path("c/.0.0123456789abcdef.removed"), O_RDONLY)
    #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
    try store.sweepTemporaryFiles()
    #expect(try store.keys() == ["c/1"])
    close(held)
    try store.sweepTemporaryFiles()
    #expect(try store.value(of: "c/0") == [1])
    #expect(try store.value(of: "c/1") == [2])
    #expect(try directory.files() == ["c/0", "c/1"])
  }

  /// A store with a link to a directory and one to a file that are not in it, and one that is.
  private func linkedStore(followsLinksOut: Bool) throws -> FileStore {
    let store = try FileStore(creating: directory.path("store"), followsLinksOut: followsLinksOut)
    try store.put([1], at: "inside/value")
    try FileManager.default.createDirectory(
      atPath: directory.path("other"), withIntermediateDirectories: true)
    try Data([9]).write(to: URL(filePath: directory.path("other/secret")))
    for (link, target) in [("out", "../other"), ("file", "../other/secret"), ("in", "inside")] {
      try FileManager.default.createSymbolicLink(
        atPath: directory.path("store/\(link)"), withDestinationPath: target)
    }
    return store
  }

  @Test("Links out of the store are not followed, in no call")
  func linksOut() throws {
    let store = try linkedStore(followsLinksOut: false)
    let calls: [(String, () throws -> Void)] = [
      ("read", { _ = try store.value(of: "out/secret") }),
      ("read a link", { _ = try store.value(of: "file") }),
      ("read a part", { _ = try store.bytes(of: "out/secret", in: 0..<1) }),
      ("look at", { _ = try store.byteCount(of: StoreKey("out/secret")) }),
      ("write", { try store.put([2], at: "out/secret") }),
      ("write below", { try store.put([2], at: "out/new/value") }),
      ("delete", { try store.delete(StoreKey("out/secret")) }),
      ("rename from", { try store.rename("out/deep", to: "new") }),
      ("rename to", { try store.rename("inside", to: "out/new/inside") }),
    ]
    for (name, call) in calls {
      let error = #expect(throws: StoreError.self, "\(name)") { try call() }
      guard case .outside? = error else {
        Issue.record("\(name): \(String(describing: error))")
        continue
      }
    }
    _ = try? store.deleteAll("out")
    #expect(try directory.files().contains("other/secret"))
    #expect(!FileManager.default.fileExists(atPath: directory.path("other/new")))
    #expect(try Data(contentsOf: URL(filePath: directory.path("other/secret"))) == Data([9]))
    // A link that stays inside is as good as a directory.
    #expect(try store.value(of: "in/value") == [1])
    try store.put([2], at: "in/value")
    #expect(try store.value(of: "inside/value") == [2])
  }

  @Test("Links out of the store are followed by a store that was opened so")
  func followedLinks() throws {
    let store = try linkedStore(followsLinksOut: true)
    #expect(try store.value(of: "out/secret") == [9])
    try store.put([8], at: "out/secret")
    #expect(try store.value(of: "file") == [8])
  }
}
