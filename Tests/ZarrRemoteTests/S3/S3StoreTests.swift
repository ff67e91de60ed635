import ChunkEngine
import Synchronization
import TestSupport
import Testing
import Zarr
import ZarrPlatform

@testable import ZarrRemote

@Suite("Stores in buckets")
struct S3StoreTests {
  @Test("A store in SeaweedFS keeps the promises of stores")
  func seaweedfs() throws {
    let servers = try RemoteServers.shared
    try expectConforms(servers.makeStore(servers.seaweedfs))
  }

  @Test("A store of a whole bucket, over TLS with a certificate of one's own, keeps the promises of stores")
  func secure() throws {
    let servers = try RemoteServers.shared
    try expectConforms(servers.makeStore(servers.secure, hasBucket: true))
  }

  @Test("A certificate that nobody vouches for is refused at once")
  func untrusted() throws {
    let servers = try RemoteServers.shared
    let store = try servers.makeStore(servers.secure) { $0.certificateFile = nil }
    #expect(throws: StoreError.self) { try store.value(of: "a") }
  }

  @Test("A server that ignores conditions is not written to under one, and the error says why")
  func conditionsIgnored() throws {
    let servers = try RemoteServers.shared
    let store = try servers.makeStore(servers.rclone)
    let key = try StoreKey("a/b")
    #expect(throws: StoreError.unconditional(path: store.location + "/a/b")) {
      try store.write(key, if: .absent, byteCount: 1, durability: .immediate) {
        try $0(([1] as [UInt8]).span.bytes)
      }
    }
    #expect(throws: StoreError.unconditional(path: store.location + "/a/.zarr-vlen.lock-name")) {
      try store.lock("name", below: "a", timeout: nil)
    }
    #expect(try store.keys() == [])
    // What needs no condition goes on.
    try store.put([1, 2, 3], at: "a/b")
    #expect(try store.value(of: "a/b") == [1, 2, 3])
    #expect(try store.bytes(of: "a/b", in: 1..<2) == [2])
  }

  @Test("One process alone can use a server that ignores conditions and answers ranges in its own way")
  func unshared() throws {
    let servers = try RemoteServers.shared
    let store = try servers.makeStore(servers.rclone) { $0.isShared = false }
    let key = try StoreKey("dir/value")
    func write(_ bytes: [UInt8], _ condition: WriteCondition) throws {
      try store.write(key, if: condition, byteCount: 1, durability: .immediate) { try $0(bytes.span.bytes) }
    }
    #expect(try store.value(of: "dir/value") == nil)
    try write([10, 11, 12, 13], .absent)
    #expect(throws: StoreError.changed(path: store.location + "/dir/value")) { try write([1], .absent) }
    for part in [
      .all, .range(0..<2), .range(3..<99), .range(4..<5), .range(2..<2), .suffix(0), .suffix(3), .suffix(99),
    ] as [ValuePart] {
      var arena = ByteArena()
      let info = try store.read(part, of: key, ifVersion: nil, limit: 4, into: &arena)
      #expect(info?.byteCount == 4)
      #expect(
        arena.bytes.withUnsafeBytes { Array($0) } == Array([10, 11, 12, 13][part.range(in: 4)]), "\(part)")
    }
    let old = try #require(try store.info(of: key)?.version)
    try write([5, 6], .version(old))
    var arena = ByteArena()
    #expect(throws: StoreError.changed(path: store.location + "/dir/value")) {
      try store.read(.suffix(1), of: key, ifVersion: old, limit: 4, into: &arena)
    }
    #expect(throws: StoreError.changed(path: store.location + "/dir/value")) { try write([7], .version(old)) }
    #expect(throws: StoreError.changed(path: store.location + "/dir/value")) {
      try store.delete(key, ifVersion: old)
    }
    try store.put([8], at: "dir/a/b")
    try store.put([8], at: "top")
    #expect(try store.keys() == ["dir/a/b", "dir/value", "top"])
    #expect(try store.listDirectory("dir") == DirectoryListing(values: ["value"], prefixes: ["a"]))
    try store.rename("dir", to: "moved")
    #expect(try store.keys() == ["moved/a/b", "moved/value", "top"])
    try store.deleteAll("moved")
    #expect(try store.keys() == ["top"])
  }

  @Test("Values of all sizes are read back, in parts and as a whole")
  func sizes() throws {
    let servers = try RemoteServers.shared
    let proxy = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs))
    for usesChecksums in [true, false] {
      let store = try servers.makeStore(proxy.url) { $0.usesChecksums = usesChecksums }
      let threshold = S3Store.multipartThreshold
      for count in [0, 1, threshold - 1, threshold, threshold + 1, threshold + (8 << 20) + 5] {
        let key = "values/\(count)"
        let block = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 8) }
        // The size is only a hint, and parts are of any size.
        try store.write(try StoreKey(key), byteCount: count % 2 == 0 ? count : 0) { append in
          var rest = count
          while rest > 0 {
            try append(block.span.bytes.extracting(first: min(rest, block.count)))
            rest -= block.count
          }
        }
        #expect(try store.byteCount(of: StoreKey(key)) == count)
        let last = max(0, count - 100)..<count
        #expect(try store.bytes(of: key, in: last) == last.map { block[$0 % block.count] })
        var arena = ByteArena()
        #expect(try store.read(StoreKey(key), into: &arena, limit: count))
        let isSame = arena.bytes.withUnsafeBytes { bytes in
          bytes.count == count
            && stride(from: 0, to: count, by: block.count).allSatisfy { start in
              // Tests are not optimized: no step may go through the bytes one by one.
              bytes.baseAddress.map { memcmp($0 + start, block, min(block.count, count - start)) } == 0
            }
        }
        #expect(isSame, "\(count) bytes")
      }
      let uploads = proxy.requests.filter { $0.contains("?uploads=") }.count
      #expect(uploads == (usesChecksums ? 2 : 4))
    }
  }

  @Test("What killed writers have sent in part is found with its age and its bytes, and removed")
  func unfinishedUploads() throws {
    let servers = try RemoteServers.shared
    let store = try servers.makeStore(servers.seaweedfs) { $0.pageCount = 2 }
    func begin(_ key: String, parts: Int = 0) throws {
      var request = S3Request(.post, store.prefix + key)
      request.query = [("uploads", "")]
      var arena = ByteArena()
      #expect(try store.client.perform(request, path: key, into: &arena).response.isSuccess)
      let id = try #require(XMLElement(parsing: arena.bytes)?["UploadId"])
      for number in 0..<parts {
        var part = S3Request(.put, store.prefix + key)
        part.query = [("partNumber", "\(number + 1)"), ("uploadId", id)]
        part.body = try sharedBytes(String(repeating: "x", count: (number + 1) * 10))
        #expect(try store.client.perform(part, path: key).response.isSuccess)
      }
    }
    #expect(try store.unfinishedUploads(below: "a.zarr") == [])
    for key in ["a.zarr/c/0", "a.zarr/c/1", "a.zarr/c/1", "a.zarr/é &+/<2>", "a.zarr2/c/0"] {
      try begin(key, parts: key.hasSuffix("c/0") ? 3 : 0)
    }
    try store.put([1], at: "a.zarr/c/1")
    let uploads = try store.unfinishedUploads(below: "a.zarr")
    #expect(
      uploads.map(\.key).sorted() == ["a.zarr/c/0", "a.zarr/c/1", "a.zarr/c/1", "a.zarr/é &+/<2>"])
    #expect(uploads.allSatisfy { 0..<600 ~= $0.age })
    #expect(try uploads.map { try store.byteCount(of: $0) }.sorted() == [0, 0, 0, 60])
    #expect(try store.unfinishedUploads(below: "").count == 5)

    let old = try store.unfinishedUploads(below: "a.zarr", olderThan: .seconds(3600))
    #expect(old == [])
    let work = try store.unfinishedUploads(below: "a.zarr", olderThan: .zero)
    #expect(work.map(\.name) == ["a.zarr/c/0", "a.zarr/c/1", "a.zarr/c/1", "a.zarr/é &+/<2>"])
    try store.abort(work)
    // What is gone already is no error.
    try store.abort(work)
    #expect(try work.map { try store.byteCount(of: $0) } == [0, 0, 0, 0])
    #expect(try store.unfinishedUploads(below: "").map(\.key) == ["a.zarr2/c/0"])
    #expect(try store.value(of: "a.zarr/c/1") == [1])
  }

  @Test("A large value whose writer fails leaves nothing behind")
  func abortedUpload() throws {
    let servers = try RemoteServers.shared
    let proxy = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs))
    let store = try servers.makeStore(proxy.url)
    let block = [UInt8](repeating: 1, count: 1 << 20)
    #expect(throws: StoreProbe.Failure(number: 3)) {
      try store.write(StoreKey("large"), byteCount: 0) { append in
        for _ in 0..<30 { try append(block.span.bytes) }
        throw StoreProbe.Failure(number: 3)
      }
    }
    #expect(try store.keys() == [])
    #expect(proxy.requests.contains { $0.hasPrefix("DELETE") && $0.contains("uploadId=") })
    // A part that cannot be sent ends the value, too.
    let failing = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs)) {
      $0.contains("partNumber=2") ? .refused : nil
    }
    let other = try servers.makeStore(failing.url) { $0.attemptLimit = 2 }
    #expect(throws: StoreError.self) {
      try other.write(StoreKey("large"), byteCount: 0) { append in
        for _ in 0..<30 { try append(block.span.bytes) }
      }
    }
    #expect(try other.keys() == [])
    #expect(failing.requests.contains { $0.hasPrefix("DELETE") && $0.contains("uploadId=") })
  }

  @Test("Large values are written under conditions, too")
  func conditionalUpload() throws {
    let servers = try RemoteServers.shared
    let store = try servers.makeStore(servers.seaweedfs)
    let block = [UInt8](repeating: 1, count: 1 << 20)
    func write(_ condition: WriteCondition) throws {
      try store.write(StoreKey("large"), if: condition, byteCount: 17 << 20, durability: .immediate) {
        append in
        for _ in 0..<17 { try append(block.span.bytes) }
      }
    }
    try write(.absent)
    #expect(throws: StoreError.changed(path: store.location + "/large")) { try write(.absent) }
    let version = try #require(try store.info(of: StoreKey("large"))?.version)
    try store.put([1], at: "large")
    #expect(throws: StoreError.changed(path: store.location + "/large")) { try write(.version(version)) }
    #expect(try store.value(of: "large") == [1])
  }

  @Test("Keys are listed and deleted page by page")
  func pages() throws {
    let servers = try RemoteServers.shared
    let proxy = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs))
    let store = try servers.makeStore(proxy.url) { $0.pageCount = 7 }
    let count = 40
    try onThreads(4) { thread in
      for number in stride(from: thread, to: count, by: 4) {
        try store.put([], at: "many/\(number % 9)/é \(number)")
      }
    }
    #expect(try Set(store.keys("many")) == Set((0..<count).map { "many/\($0 % 9)/é \($0)" }))
    #expect(try store.listDirectory("many").prefixes.sorted() == (0..<9).map { "\($0)" })
    #expect(proxy.requests.filter { $0.contains("continuation-token") }.count >= 6)
    let listings = proxy.requests.filter { $0.contains("list-type") }.count
    #expect(try store.hasKey(below: "many"))
    #expect(try !store.hasKey(below: "man"))
    #expect(proxy.requests.filter { $0.contains("list-type") }.count == listings + 2)
    try store.deleteAll("many")
    #expect(proxy.requests.filter { $0.hasPrefix("POST") }.count == 6)
    #expect(try store.keys() == [])
  }

  @Test("Calls take as few requests as they can")
  func requestCounts() throws {
    let servers = try RemoteServers.shared
    let proxy = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs))
    let store = try servers.makeStore(proxy.url)
    func count(_ call: () throws -> Void) throws -> Int {
      let before = proxy.requests.count
      try call()
      return proxy.requests.count - before
    }
    let key = try StoreKey("a")
    #expect(try count { try store.put([1, 2, 3], at: "a") } == 1)
    #expect(try count { _ = try store.value(of: "a") } == 1)
    #expect(try count { _ = try store.bytes(of: "a", in: 1..<2) } == 1)
    #expect(try count { _ = try store.byteCount(of: key) } == 1)
    #expect(try count { _ = try store.value(of: "absent") } == 1)
    #expect(try count { _ = try store.listDirectory("") } == 1)
    try store.requireConditions("")
    let version = try #require(try store.info(of: key)?.version)
    #expect(
      try count {
        try store.write(key, if: .version(version), byteCount: 1, durability: .immediate) {
          try $0(([1] as [UInt8]).span.bytes)
        }
      } == 1)
    #expect(try count { try store.lock("name", below: "x", timeout: nil)?.unlock() } == 2)
    #expect(try count { try store.delete(key) } == 1)
  }

  @Test("An array opens in one round trip, and an element of a shard takes two, or one if its index is known")
  func roundTrips() throws {
    let servers = try RemoteServers.shared
    let proxy = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs))
    let store = try servers.makeStore(proxy.url)
    var options = ArrayOptions()
    options.chunkSize = .shape([10])
    options.shardSize = .shape([1000])
    try ZarrArray.create(in: store, at: "array", writing: (0..<2000).map { "value \($0)" }, options: options)
    func requests(_ call: () throws -> Void) throws -> [String] {
      let before = proxy.requests.count
      try call()
      return Array(proxy.requests.dropFirst(before))
    }
    // The names of a document are asked for at the same time.
    var faults = FaultProxy.Faults()
    faults.delay = .seconds(1)
    let slow = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs), faults)
    var distant = store.options
    distant.endpoint = slow.url
    _ = try ZarrArray.open(in: S3Store(like: store, distant), at: "array")
    #expect(slow.requests.count <= 3 && slow.mostInFlight == slow.requests.count, "\(slow.requests)")

    let array = try ZarrArray.open(in: store, at: "array")
    var value: String?
    let cold = try requests { value = try array.read(at: [1234], as: String.self) }
    #expect(value == "value 1234")
    #expect(cold.count == 2, "\(cold)")
    let warm = try requests { value = try array.read(at: [1999], as: String.self) }
    #expect(value == "value 1999")
    #expect(warm.count == 1, "\(warm)")
  }

  @Test("What other libraries write is read, and the reverse", arguments: ["zarr", "zarrs"])
  func otherLibraries(library: String) throws {
    let servers = try RemoteServers.shared
    let store = try servers.makeStore(servers.seaweedfs)
    let texts = (0..<1000).map { "text \($0) é" }
    func run(_ action: String, _ path: String) throws -> [String] {
      let arguments = [
        action, servers.seaweedfs, servers.accessKey, servers.secretKey, store.client.address.bucket,
        store.prefix + path,
      ]
      let said =
        library == "zarr"
        ? try RemoteServers.run("arrays.py", arguments) : try PythonEnvironment.run("buckets.py", arguments)
      return said.split(separator: "\n").map(String.init)
    }
    _ = try run("write", "theirs")
    #expect(try ZarrArray.open(in: store, at: "theirs").read(as: String.self) == texts)
    var options = ArrayOptions()
    options.chunkSize = .shape([30])
    options.shardSize = .shape([300])
    try ZarrArray.create(in: store, at: "ours", writing: texts, options: options)
    #expect(try run("read", "ours") == texts)
  }
}
