import ChunkEngine
import Synchronization
import TestSupport
import Testing
import Zarr

@testable import ZarrRemote

@Suite("Failures on the way to a bucket")
struct S3FaultTests {
  /// Adds one to a number in a value, whatever others do meanwhile.
  private static func increment(_ key: StoreKey, in store: S3Store) throws {
    while true {
      var arena = ByteArena()
      let info = try store.read(.all, of: key, ifVersion: nil, limit: 100, into: &arena)
      let number = arena.bytes.withUnsafeBytes { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
      let condition = info?.version.map { WriteCondition.version($0) } ?? .absent
      do {
        try store.write(key, if: condition, byteCount: 0, durability: .immediate) { append in
          try append(Array("\(number + 1)".utf8).span.bytes)
        }
        return
      } catch StoreError.changed {}
    }
  }

  @Test(
    "Whatever fails on the way, what is read is what was written, and nothing is done twice",
    arguments: 1...20)
  func seeds(seed: UInt64) throws {
    let servers = try RemoteServers.shared
    let proxy = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs), .bad(seed: seed))
    let store = try servers.makeStore(proxy.url)
    let counter = try StoreKey("counter")
    try onThreads(3) { thread in
      var generator = SeededGenerator(seed: seed &* 100 &+ UInt64(thread))
      var model: [String: [UInt8]] = [:]
      for step in 0..<8 {
        let key = "values/\(thread)/\(Int.random(in: 0..<4, using: &generator))"
        let size = Int.random(in: 0..<3000, using: &generator)
        switch step % 4 {
        case 0, 1:
          let value = (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ step) }
          try store.put(value, at: key)
          model[key] = value
        case 2:
          try store.delete(StoreKey(key))
          model[key] = nil
        default: try Self.increment(counter, in: store)
        }
        #expect(try store.value(of: key) == model[key])
        if let value = model[key], value.count > 10 {
          #expect(try store.bytes(of: key, in: 5..<9) == Array(value[5..<9]))
        }
      }
      #expect(try store.keys("values/\(thread)") == model.keys.sorted())
      for (key, value) in model { #expect(try store.value(of: key) == value) }
    }
    #expect(try store.value(of: "counter") == Array("6".utf8))
    if seed == 1 {
      let block = [UInt8](repeating: 7, count: 1 << 20)
      try store.write(StoreKey("large"), if: .absent, byteCount: 0, durability: .immediate) { append in
        for _ in 0..<26 { try append(block.span.bytes) }
      }
      #expect(try store.byteCount(of: StoreKey("large")) == 26 << 20)
    }
  }

  @Test("A write whose answer was lost is known for one's own", arguments: [false, true])
  func lostAnswers(isLarge: Bool) throws {
    let servers = try RemoteServers.shared
    let isLost = Flag()
    let proxy = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs)) { request in
      let isLast =
        isLarge ? request.hasPrefix("POST") && request.contains("uploadId=") : request.hasPrefix("PUT")
      return isLast && isLost.take() ? .lost : nil
    }
    let store = try servers.makeStore(proxy.url)
    try store.requireConditions("")
    let key = try StoreKey("value")
    func write(_ byte: UInt8, _ condition: WriteCondition?) throws {
      isLost.set(true)
      let block = [UInt8](repeating: byte, count: isLarge ? 1 << 20 : 1)
      let gather: ((RawSpan) throws -> Void) throws -> Void = { append in
        for _ in 0..<(isLarge ? 17 : 1) { try append(block.span.bytes) }
      }
      if let condition {
        try store.write(key, if: condition, byteCount: 0, durability: .immediate, gathering: gather)
      } else {
        try store.write(key, byteCount: 0, gathering: gather)
      }
      #expect(!isLost.take(), "no answer was lost")
      #expect(try store.bytes(of: "value", in: 0..<1) == [byte])
    }
    try write(1, .absent)
    let version = try #require(try store.info(of: key)?.version)
    try write(2, .version(version))
    try write(3, nil)
    // Another writer's value is not taken for one's own.
    #expect(throws: StoreError.changed(path: store.location + "/value")) { try write(4, .version(version)) }
    if !isLarge {
      isLost.set(false)
      let deleting = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs)) {
        $0.hasPrefix("DELETE") && isLost.take() ? .lost : nil
      }
      var options = store.options
      options.endpoint = deleting.url
      let other = try S3Store(like: store, options)
      let last = try #require(try other.info(of: key)?.version)
      isLost.set(true)
      try other.delete(key, ifVersion: last)
      #expect(try store.value(of: "value") == nil)
    }
  }

  @Test("A write whose answer was lost is known for one's own though another writer has replaced its value")
  func replacedMeanwhile() throws {
    let servers = try RemoteServers.shared
    let direct = try servers.makeStore(servers.seaweedfs)
    try direct.requireConditions("")
    let key = try StoreKey("counter")
    let number = Counter()
    let proxy = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs)) { request in
      guard request.hasPrefix("PUT") else { return nil }
      switch number.next() {
      case 1: return .lost
      case 2:
        // Before the write is tried again, others go on with what it has written.
        for _ in 0..<5 { try? Self.increment(key, in: direct) }
        return nil
      default: return nil
      }
    }
    var options = direct.options
    options.endpoint = proxy.url
    let store = try S3Store(like: direct, options)
    try store.requireConditions("")
    number.reset()
    try direct.put(Array("100".utf8), at: "counter")
    try Self.increment(key, in: store)
    #expect(try direct.value(of: "counter") == Array("106".utf8))
  }

  @Test("Many writers who compare lose no update")
  func updates() throws {
    let servers = try RemoteServers.shared
    let first = try servers.makeStore(servers.seaweedfs)
    try onThreads(8) { _ in
      let store = try S3Store(like: first, first.options)
      for _ in 0..<8 { try Self.increment(StoreKey("counter"), in: store) }
    }
    #expect(try first.value(of: "counter") == Array("64".utf8))
  }

  @Test("An array is written and read whole through all failures", arguments: 1...2)
  func arrays(seed: UInt64) throws {
    let servers = try RemoteServers.shared
    let proxy = try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs), .bad(seed: seed))
    let store = try servers.makeStore(proxy.url)
    var options = ArrayOptions()
    options.chunkSize = .shape([20])
    if seed % 2 == 0 { options.shardSize = .shape([200]) }
    let values = (0..<1000).map { "value \($0)" }
    let array = try ZarrArray.create(in: store, at: "array", writing: values, options: options)
    #expect(try array.read(as: String.self) == values)
    let opened = try ZarrArray.open(in: store, at: "array")
    #expect(try opened.read([105..<333], as: String.self) == Array(values[105..<333]))
    #expect(proxy.failureCount > 0)
  }
}
