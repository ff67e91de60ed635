import ChunkEngine
import TestSupport
import Testing
import Zarr
import ZarrRemote

@Suite("Stores of web servers")
struct HTTPStoreTests {
  @Test("Parts of values are what they are in the files", arguments: ServedDirectory.Server.allCases)
  func parts(server: ServedDirectory.Server) throws {
    let served = try ServedDirectory(server)
    let files = try FileStore(opening: served.directory.path)
    let sizes = [0, 1, 100, 100_000]
    for size in sizes {
      try files.put((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }, at: "a b/é%20+&=?#/\(size)")
    }
    let store = try HTTPStore(served.url)
    var generator = SeededGenerator(seed: 4)
    for size in sizes {
      let key = try StoreKey("a b/é%20+&=?#/\(size)")
      var parts: [ValuePart] = [
        .all, .range(0..<0), .range(0..<1), .range(0..<size), .range(size..<size + 1), .range(0..<Int.max),
        .suffix(0),
        .suffix(1), .suffix(size), .suffix(size + 1), .suffix(Int.max),
      ]
      for _ in 0..<10 {
        let bounds = (0..<2).map { _ in Int.random(in: 0...size + 10, using: &generator) }.sorted()
        parts += [.range(bounds[0]..<bounds[1]), .suffix(bounds[1])]
      }
      for part in parts {
        var found = ByteArena()
        var expected = ByteArena()
        try found.append(copying: ([1, 2, 3] as [UInt8]).span.bytes)
        let info = try store.read(part, of: key, ifVersion: nil, limit: size, into: &found)
        _ = try files.read(part, of: key, ifVersion: nil, limit: size, into: &expected)
        #expect(info?.byteCount == size, "\(part) of \(size)")
        #expect((info?.version != nil) == (server != .withoutTags))
        let isSame = found.bytes.extracting(3...).isEqual(to: expected.bytes)
        #expect(isSame, "\(part) of \(size)")
      }
    }
    let key = try StoreKey("a b/é%20+&=?#/100")
    #expect(throws: StoreError.tooLarge(path: "\(served.url)/\(key)", byteCount: 100, limit: 99)) {
      try store.bytes(of: key, limit: 99)
    }
    #expect(try store.value(of: "absent") == nil)
    #expect(try store.bytes(of: "absent/deep", in: 0..<1) == nil)
    if server == .nginx {
      // It redirects to the directory, which it does not show.
      #expect(throws: StoreError.refused(path: "\(served.url)/a b", status: 403, reason: "")) {
        try store.info(of: StoreKey("a b"))
      }
    } else {
      #expect(try store.info(of: StoreKey("a b")) == nil)
    }
  }

  @Test("A part of a value that was replaced is an error, where the server has tags")
  func versions() throws {
    for server in [ServedDirectory.Server.python, .nginx] {
      let served = try ServedDirectory(server)
      let files = try FileStore(opening: served.directory.path)
      try files.put([1, 2, 3], at: "a")
      let store = try HTTPStore(served.url)
      let key = try StoreKey("a")
      let version = try #require(try store.info(of: key)?.version)
      var arena = ByteArena()
      _ = try store.read(.suffix(1), of: key, ifVersion: version, limit: 1, into: &arena)
      try files.put([4, 5, 6, 7], at: "a")
      #expect(throws: StoreError.changed(path: "\(served.url)/a")) {
        _ = try store.read(.suffix(1), of: key, ifVersion: version, limit: 1, into: &arena)
      }
      try files.delete(key)
      #expect(try store.read(.all, of: key, ifVersion: version, limit: 9, into: &arena) == nil)
      let count = arena.count
      #expect(count == 1)
    }
  }

  @Test(
    "A consolidated hierarchy is read without listing, by zarr-python too",
    arguments: ServedDirectory.Server.allCases)
  func hierarchy(server: ServedDirectory.Server) throws {
    let served = try ServedDirectory(server)
    let root = try ZarrGroup.create(
      in: FileStore(creating: served.directory.path("é a.zarr")), attributes: ["title": "é"])
    let shards = try root.createArray(
      at: "run/shards", shape: [300],
      options: ArrayOptions(dataType: .string, chunkSize: .rows(7), shardSize: .rows(70)))
    try shards.write((0..<300).map { String(repeating: "label \($0)", count: $0 % 5) })
    try root.createArray(at: "names", writing: ["a", "", "é\n"])
    let url = "\(served.url)/%C3%A9%20a.zarr"
    let store = try HTTPStore("\(served.url)/é a.zarr/")
    #expect(store.location == url)
    #expect(
      try ZarrArray.open(in: store, at: "run/shards").read(at: [299])
        == Array("label 299label 299label 299label 299".utf8))
    let unlisted = try ZarrGroup.open(in: store)
    let error = #expect(throws: ZarrError.self) { try unlisted.children() }
    #expect(error?.storeError == .notListable(path: url))
    #expect(error.map { "\($0)".contains("consolidate") } == true)
    try root.consolidate()
    let found = try ZarrGroup.open(in: store).described()
    #expect(try found == root.described())
    #expect(found["consolidated"] == true)
    // The others need ranges.
    guard server != .withoutRanges else { return }
    let said = try PythonEnvironment.run("http_hierarchies.py", [url]).split(separator: "\n").map { line in
      try JSONParser().parse(Array(line.utf8)).objectValue
    }
    #expect(said == [found, found])
  }

  @Test("An archive is read by ranges", arguments: [ServedDirectory.Server.python, .nginx])
  func archive(server: ServedDirectory.Server) throws {
    let served = try ServedDirectory(server)
    let archive = try ZipStore(served.directory.path("a b.zip"), for: .adding)
    try ZarrGroup.create(in: archive).createArray(at: "é/x", writing: ["in", "zip"])
    try archive.finish()
    let store = try ZipStore(StoreKey("a b.zip"), in: HTTPStore(served.url))
    #expect(try ZarrArray.open(in: store, at: "é/x").read().strings() == ["in", "zip"])
    #expect(try ZarrGroup.open(in: store).group(at: "é").children().map(\.name) == ["x"])
  }

  @Test("Nothing is written or listed")
  func readOnly() throws {
    let store = try HTTPStore("https://localhost:1/a")
    #expect(throws: StoreError.readOnly(path: "https://localhost:1/a")) { try store.put([1], at: "a") }
    #expect(throws: StoreError.readOnly(path: "https://localhost:1/a")) { try store.delete(StoreKey("a")) }
    #expect(throws: StoreError.notListable(path: "https://localhost:1/a/b")) { try store.list("b") }
  }

  @Test("What a status means is up to the options")
  func statuses() throws {
    let server = try ScriptedServer { .init(Int($0.target.dropFirst()) ?? 0) }
    var options = HTTPStore.Options()
    var store = try HTTPStore(server.url)
    #expect(try store.value(of: "404") == nil)
    #expect(try store.value(of: "410") == nil)
    for status in [400, 401, 403, 405] {
      #expect(throws: StoreError.refused(path: "\(server.url)/\(status)", status: status, reason: "")) {
        try store.value(of: "\(status)")
      }
    }
    options.missingStatuses.insert(403)
    store = try HTTPStore(server.url, options: options)
    #expect(try store.value(of: "403") == nil)
    options.missingStatuses = [403]
    store = try HTTPStore(server.url, options: options)
    #expect(throws: StoreError.self) { try store.value(of: "404") }
  }

  @Test("A query and header fields go with every request, and no error shows them")
  func secrets() throws {
    let server = try ScriptedServer { request in
      request.headers["authorization"] == "Bearer hunter2" && request.target == "/x/a?token=hunter2%20"
        ? .init(200, body: [7]) : .init(403)
    }
    var options = HTTPStore.Options()
    options.headers["Authorization"] = "Bearer hunter2"
    let store = try HTTPStore("\(server.url)/x/?token=hunter2 #part", options: options)
    #expect(try store.value(of: "a") == [7])
    #expect(store.location == "\(server.url)/x")
    let error = #expect(throws: StoreError.self) { try store.value(of: "b") }
    #expect(error.map { "\($0)".contains("hunter2") } == false)

  }

  @Test("A redirect to another host does not get the header fields")
  func redirects() throws {
    let other = try ScriptedServer { .init(200, body: [$0.headers["authorization"] == nil ? 1 : 0]) }
    let target = other.url
    let server = try ScriptedServer { .init(302, headers: ["Location: \(target)\($0.target)"]) }
    var options = HTTPStore.Options()
    options.headers["Authorization"] = "Bearer hunter2"
    #expect(try HTTPStore(server.url, options: options).value(of: "a") == [1])
    #expect(other.requests.map(\.target) == ["/a"])
  }

  @Test("An array is opened with one request, and an element of a warm shard is one more")
  func requests() throws {
    let memory = MemoryStore()
    let array = try ZarrArray.create(
      in: memory, at: "a", shape: [100],
      options: ArrayOptions(dataType: .string, chunkSize: .rows(2), shardSize: .rows(50)))
    try array.write((0..<100).map { "label \($0)" })
    let values = try memory.keys().reduce(into: [String: [UInt8]]()) {
      $0["/" + $1] = try memory.value(of: $1)
    }
    let server = try ScriptedServer { request in
      guard let value = values[request.target] else { return .init(404) }
      guard let range = request.headers["range"]?.dropFirst("bytes=".count) else {
        return .init(200, body: value)
      }
      let numbers = range.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      let bytes =
        numbers[0].map { $0..<min(value.count, (numbers[1] ?? .max - 1) + 1) }
        ?? max(0, value.count - (numbers[1] ?? 0))..<value.count
      let field = "Content-Range: bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(value.count)"
      return .init(206, headers: [field, "ETag: \"1\""], body: Array(value[bytes]))
    }
    let opened = try ZarrArray.open(in: HTTPStore(server.url), at: "a")
    #expect(server.requests.count == 1)
    #expect(try opened.read(at: [7]) == Array("label 7".utf8))
    #expect(server.requests.count == 3, "the index and the chunk")
    #expect(try opened.read(at: [20]) == Array("label 20".utf8))
    #expect(server.requests.count == 4, "the chunk")
    #expect(server.requests.last?.headers["if-match"] == "\"1\"")
  }
}
