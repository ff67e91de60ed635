import ChunkEngine
import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr

@Suite("Segments")
struct SegmentTests {
  /// Stores that commits work in.
  enum Kind: CaseIterable {
    case memory, files, durableFiles

    /// Makes an empty store, in a directory that lives as long as the other value.
    func make() throws -> (any Store, AnyObject?) {
      if self == .memory { return (MemoryStore(), nil) }
      let directory = try StoreDirectory()
      return (
        try FileStore(opening: directory.path, durability: self == .durableFiles ? .durable : .atomic),
        directory
      )
    }
  }

  private func makeArray(
    in store: any Store, at path: String = "", _ chunkSize: ChunkSize = .evenBytes(64)
  ) throws
    -> ZarrArray
  {
    try ZarrArray.create(
      in: store, at: path, shape: [0], options: ArrayOptions(dataType: .string, chunkSize: chunkSize))
  }

  private func segment(_ elements: [String], for array: ZarrArray) throws -> Segment {
    let writer = try SegmentWriter(for: array, evenChunkByteCount: 64)
    for element in elements { try writer.appender.append(element) }
    return try Segment(message: writer.finish().message)
  }

  private func words(_ prefix: String, _ count: Int) -> [String] { (0..<count).map { "\(prefix) \($0)" } }

  /// What is beside the array.
  private func staged(_ store: any Store) throws -> [String] {
    try store.keys().filter { $0.contains("/segments/") || $0.hasSuffix(".partial") }
  }

  @Test(
    "Segments of any lengths get into an array in the order in which they are named", arguments: Kind.allCases
  )
  func order(kind: Kind) throws {
    let (store, directory) = try kind.make()
    defer { withExtendedLifetime(directory) {} }
    let array = try makeArray(in: store)
    let first = try segment(words("a", 50), for: array)
    let empty = try segment([], for: array)
    let second = try segment(words("b", 1), for: array)
    let blank = try segment(["", "", ""], for: array)
    #expect(first.rowCount == 50 && empty.rowCount == 0 && blank.byteCount == 0)

    #expect(try array.commit([second, empty, first, second]) == 0..<51)
    #expect(try array.commit([blank]) == 51..<54)
    #expect(try array.commit([empty]) == 54..<54)

    let expected = words("b", 1) + words("a", 50) + ["", "", ""]
    #expect(try ZarrArray.open(in: store).read().strings() == expected)
    #expect(array.shape == [54])
    #expect(try staged(store) == [])
  }

  @Test("A commit that is repeated is there once, and tells the same rows", arguments: Kind.allCases)
  func repeated(kind: Kind) throws {
    let (store, directory) = try kind.make()
    defer { withExtendedLifetime(directory) {} }
    let array = try makeArray(in: store)
    let segments = [try segment(words("a", 9), for: array), try segment(words("b", 3), for: array)]
    let others = [try segment(words("c", 2), for: array)]
    #expect(try array.commit(segments) == 0..<12)
    #expect(try array.commit(others) == 12..<14)
    #expect(try ZarrArray.open(in: store).commit(segments) == 0..<12)
    #expect(try ZarrArray.open(in: store).read().strings() == words("a", 9) + words("b", 3) + words("c", 2))
  }

  @Test("A segment is in one commit only; the other one changes nothing")
  func overlapping() throws {
    let store = MemoryStore()
    let array = try makeArray(in: store)
    let segments = try ["a", "b", "c"].map { try segment(words($0, 5), for: array) }
    try array.commit([segments[0], segments[1]])
    let before = try store.value(of: "zarr.json")
    #expect { try array.commit([segments[1], segments[2]]) } throws: { error in
      guard case ZarrError.segmentsMissing(_, let ids) = error else { return false }
      return ids == [segments[1].id]
    }
    #expect(try store.value(of: "zarr.json") == before)
    // The other one can still be committed.
    #expect(try array.commit([segments[2]]) == 10..<15)
  }

  @Test("A segment of which a value is gone or cut short is refused")
  func damaged() throws {
    let store = MemoryStore()
    let array = try makeArray(in: store)
    let segment = try segment(words("a", 20), for: array)
    let key = try #require(try store.keys(".zvlen/segments").last)
    let value = try #require(try store.value(of: key))
    try store.put(Array(value.dropLast()), at: key)
    #expect(throws: ZarrError.self) { try array.commit([segment]) }
    try store.delete(StoreKey(key))
    #expect(throws: ZarrError.self) { try array.commit([segment]) }
    try store.put(value, at: key)
    #expect(try array.commit([segment]) == 0..<20)
  }

  @Test(
    "In a grid of one length, whole chunks and shards are put in, and a last one that is not whole",
    arguments: [nil, 20] as [Int?])
  func regular(shardLength: Int?) throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, shape: [0],
      options: ArrayOptions(dataType: .string, chunkSize: .rows(10), shardSize: shardLength.map { .rows($0) })
    )
    let whole = try segment(words("a", 40), for: array)
    let part = try segment(words("b", 25), for: array)
    let other = try segment(words("c", 20), for: array)
    #expect(throws: ZarrError.self) { try array.commit([part, whole]) }
    #expect(try array.commit([whole, other, part]) == 0..<85)
    #expect(
      try ZarrArray.open(in: store).read().strings() == words("a", 40) + words("c", 20) + words("b", 25))
    let next = try segment(words("d", 10), for: array)
    #expect { try array.commit([next]) } throws: { "\($0)".contains("ends within a chunk") }
  }

  @Test("An appender and commits take turns in one array")
  func besideAppender() throws {
    let store = MemoryStore()
    let array = try makeArray(in: store)
    try array.commit([try segment(words("a", 7), for: array)])
    let appender = try Appender(to: ZarrArray.open(in: store), evenChunkByteCount: 64)
    for word in words("b", 30) { try appender.append(word) }
    try appender.checkpoint()
    try array.commit([try segment(words("c", 3), for: array)])
    try appender.append("d")
    try appender.finish()
    #expect(
      try ZarrArray.open(in: store).read().strings() == words("a", 7) + words("b", 30) + words("c", 3) + ["d"]
    )
  }

  @Test("What does not take segments says why")
  func refusals() throws {
    let store = MemoryStore()
    let wide = try ZarrArray.create(
      in: store, at: "wide", shape: [0, 2],
      options: ArrayOptions(dataType: .string, chunkSize: .shape([1, 2])))
    #expect { try SegmentWriter(for: wide) } throws: { "\($0)".contains("one dimension") }
    let old = try ZarrArray.create(
      in: MemoryStore(), shape: [0],
      options: ArrayOptions(dataType: .string, chunkSize: .rows(1), zarrFormat: .version2))
    #expect { try SegmentWriter(for: old) } throws: { "\($0)".contains("Zarr v3") }

    let plain = StoreWithoutLocks(MemoryStore())
    let array = try makeArray(in: plain)
    let segment = try segment(words("a", 3), for: array)
    #expect { try array.commit([segment]) } throws: { error in
      if case StoreError.unconditional? = (error as? ZarrError)?.storeError { true } else { false }
    }
    #expect(try ZarrArray.open(in: plain).shape == [0])
  }

  @Test(
    "What is no message of a segment is an error",
    arguments: [
      "", "{}", "[]", "{\"segment\": \"..\", \"lengths\": [], \"bytes\": []}",
      "{\"segment\": \"0123456789abcdef0123456789abcdef\", \"lengths\": [1], \"bytes\": []}",
      "{\"segment\": \"0123456789abcdef0123456789abcdef\", \"lengths\": [[1, 9223372036854775807]], \"bytes\": [1]}",
      "{\"segment\": \"0123456789abcdef0123456789abcdef\", \"lengths\": [0], \"bytes\": [1]}",
      "{\"segment\": \"0123456789abcdef0123456789abcdef\", \"lengths\": [1], \"bytes\": [-1]}",
    ])
  func foreignMessages(text: String) {
    #expect(throws: ZarrError.self) { try Segment(message: Array(text.utf8)) }
  }

  @Test("A commit that fails at any of its requests, before or after it, is completed by the next one")
  func failures() throws {
    var number = 0
    var failureCount = 0
    while true {
      for isDone in [false, true] {
        let store = StoreBreaking(MemoryStore())
        let array = try makeArray(in: store)
        let old = try segment(words("old", 4), for: array)
        try array.commit([old])
        let segments = [try segment(words("a", 20), for: array), try segment(words("", 3), for: array)]
        store.breakAt(number, isDone: isDone)
        let failed = (try? array.commit(segments)) == nil
        let isBroken = store.isBroken
        store.breakAt(nil)
        let shown = try ZarrArray.open(in: store).read().strings()
        let expected = words("old", 4) + words("a", 20) + words("", 3)
        #expect(shown == words("old", 4) || shown == expected)
        // Someone else comes first.
        let other = try segment(["x"], for: array)
        let otherRows = try ZarrArray.open(in: store).commit([other])
        let rows = try ZarrArray.open(in: store).commit(segments)
        #expect(rows.count == 23 && (otherRows.lowerBound == 27) == (rows.lowerBound == 4))
        let all = try ZarrArray.open(in: store).read().strings()
        #expect(all == expected + ["x"] || all == words("old", 4) + ["x"] + words("a", 20) + words("", 3))
        failureCount += failed ? 1 : 0
        if !failed, isDone, !isBroken { return #expect(failureCount > 20) }
      }
      number += 1
    }
  }

  @Test("Appenders of many threads, each with a store of its own, lose and double nothing", arguments: [4])
  func appenders(count: Int) throws {
    let directory = try StoreDirectory()
    _ = try makeArray(in: FileStore(opening: directory.path))
    let failures = Mutex<[any Error]>([])
    DispatchQueue.concurrentPerform(iterations: count) { number in
      do {
        let appender = SegmentAppender(
          to: try ZarrArray.open(in: FileStore(opening: directory.path)), evenChunkByteCount: 64)
        for batch in 0..<6 {
          try appender.append { (appender) throws(ZarrError) in
            for row in 0..<10 { try appender.append("\(number).\(batch).\(row)") }
          }
          #expect(try appender.checkpoint().count == 10)
        }
      } catch {
        failures.withLock { $0.append(error) }
      }
    }
    #expect(failures.withLock { $0.isEmpty }, "\(failures.withLock { $0 })")
    let found = try ZarrArray.open(in: FileStore(opening: directory.path)).read().strings()
    let batches = stride(from: 0, to: found.count, by: 10).map { Array(found[$0..<$0 + 10]) }
    let expected = (0..<count).flatMap { number in
      (0..<6).map { batch in (0..<10).map { "\(number).\(batch).\($0)" } }
    }
    #expect(Set(batches) == Set(expected) && batches.count == expected.count)
    for number in 0..<count {
      let own = batches.filter { $0[0].hasPrefix("\(number).") }
      #expect(own == own.sorted { $0[0] < $1[0] })
    }
  }

  @Test("What was left is found by its age, and removed")
  func leftovers() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(opening: directory.path)
    let array = try makeArray(in: store)
    let kept = try segment(words("a", 30), for: array)
    let left = try segment(words("b", 30), for: array)
    try array.commit([kept])
    #expect(try array.abandonedWork(olderThan: .seconds(3600)) == [])
    let work = try array.abandonedWork(olderThan: .seconds(-10))
    #expect(work.map(\.kind) == [.segment, .commit])
    #expect(work[0].name == left.id && work[0].keys.count > 1)
    try array.remove(work.filter { $0.kind == .segment })
    #expect(throws: ZarrError.self) { try array.commit([left]) }
    #expect(try array.commit([kept]) == 0..<30)
    try array.remove(try array.abandonedWork(olderThan: .seconds(-10)))
    #expect(try array.abandonedWork(olderThan: .seconds(-10)) == [])
    #expect(throws: ZarrError.self) { try array.commit([kept]) }
    #expect(try ZarrArray.open(in: store).read().strings() == words("a", 30))
  }

  @Test(
    "A document that names a commit in a foreign way changes nothing beside the array",
    arguments: ["../precious", "0-0"])
  func hostileCommits(name: String) throws {
    let store = MemoryStore()
    try store.put([1], at: "precious.json")
    let array = try makeArray(in: store, at: "a")
    let segment = try segment(words("a", 3), for: array)
    var metadata = array.metadata.json
    metadata["zarr_vlen"] = ["must_understand": false, "commit": .string(name)]
    try store.put(JSONWriter().bytes(of: .object(metadata)), at: "a/zarr.json")
    try store.put(
      Array("{\"segments\": [], \"removed\": [\"precious.json\"]}".utf8), at: "a/.zvlen/commits/0-0.json")
    let rows = try? ZarrArray.open(in: store, at: "a").commit([segment])
    #expect(rows == (name == "0-0" ? nil : 0..<3))
    #expect(try store.value(of: "precious.json") == [1])
  }

  @Test("A copy of an array has nothing of what its writers are about")
  func copies() throws {
    let store = MemoryStore()
    let array = try makeArray(in: store)
    try array.commit([try segment(words("a", 3), for: array)])
    #expect(
      String(decoding: try #require(try store.value(of: "zarr.json")), as: UTF8.self).contains("\"epoch\": 1")
    )
    let other = MemoryStore()
    _ = try ZarrNode.array(array).copy(to: other)
    #expect(try ZarrArray.open(in: other).read().strings() == words("a", 3))
    #expect(
      !String(decoding: try #require(try other.value(of: "zarr.json")), as: UTF8.self).contains("zarr_vlen"))
  }

  @Test("A segment that is given up leaves nothing")
  func cancelled() throws {
    let store = MemoryStore()
    let array = try makeArray(in: store)
    let before = try store.keys()
    let writer = try SegmentWriter(for: array, evenChunkByteCount: 64)
    for word in words("a", 100) { try writer.appender.append(word) }
    try writer.appender.checkpoint()
    #expect(try store.keys() != before)
    writer.cancel()
    #expect(try store.keys() == before)
  }

  @Test("The shape does not change while a commit is not complete, and the next appender completes it")
  func pending() throws {
    let store = StoreBreaking(MemoryStore())
    let array = try makeArray(in: store)
    let segment = try segment(words("a", 5), for: array)
    var number = 0
    // The request at which the commit is decided and not complete.
    while true {
      store.breakAt(number, isDone: false)
      _ = try? array.commit([segment])
      store.breakAt(nil)
      number += 1
      if try store.value(of: "zarr.json").map({ String(decoding: $0, as: UTF8.self) })?.contains("\"commit\"")
        == true
      {
        break
      }
    }
    let other = try ZarrArray.open(in: store)
    #expect(other.shape == [0])
    #expect(throws: ZarrError.self) { try other.resize(to: [1]) }
    try other.setAttributes(["name": "kept"])
    let appender = try Appender(to: other, evenChunkByteCount: 64)
    try appender.append("b")
    let end = try appender.finish()
    #expect(try end.read().strings() == words("a", 5) + ["b"])
    #expect(end.metadata.attributes == ["name": "kept"])
  }
}

/// A store that fails at one of its calls, and at all that follow.
final class StoreBreaking: StoreSurrounding, CopyingStore {
  let memory: MemoryStore

  private struct State {
    var count = 0
    var breaking: Int?
    var isDone = false
  }

  private let state = Mutex(State())

  init(_ memory: MemoryStore) { self.memory = memory }

  /// Whether a call has failed since ``breakAt(_:isDone:)``.
  var isBroken: Bool { state.withLock { state in state.breaking.map { state.count > $0 } ?? false } }

  /// Fails from the call with this number on, the first time before or after it has done what it is asked for.
  func breakAt(_ number: Int?, isDone: Bool = false) {
    state.withLock { $0 = State(breaking: number, isDone: isDone) }
  }

  func surround<Result>(_ call: () throws -> Result) throws -> Result {
    let (isFirst, isLater, isDone) = state.withLock { state in
      defer { state.count += 1 }
      guard let breaking = state.breaking else { return (false, false, false) }
      return (state.count == breaking, state.count > breaking, state.isDone)
    }
    let failure = StoreError.unavailable(path: location, reason: "broken")
    if isLater || isFirst && !isDone { throw failure }
    let result = try call()
    if isFirst { throw failure }
    return result
  }
}
