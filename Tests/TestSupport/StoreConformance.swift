import ChunkEngine
import Dispatch
import Synchronization
public import Testing
public import Zarr

/// Checks an empty store against all that ``Store`` promises, and leaves values in it.
public func expectConforms(_ store: any Store, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let check = StoreCheck(store: store, location: sourceLocation)
  try check.absentValue()
  try check.wholeValue()
  try check.byteRanges()
  try check.versions()
  try check.conditions()
  try check.gatheredParts()
  try check.failedGathering()
  try check.deletion()
  try check.listing()
  try check.directories()
  try check.moving()
  try check.copying()
  try check.refusedMoves()
  try check.deletionOfAll()
  try check.exactKeys()
  try check.locking()
  try check.manyThreads()
}

extension Store {
  /// A copy of some bytes of a value, or nil if there is no such value.
  public func bytes(of key: String, in range: Range<Int>) throws -> [UInt8]? {
    var arena = ByteArena()
    guard try read(try StoreKey(key), range: range, into: &arena) else { return nil }
    return arena.bytes.withUnsafeBytes { Array($0) }
  }

  /// A copy of a value, or nil if there is none.
  public func value(of key: String) throws -> [UInt8]? {
    try bytes(of: try StoreKey(key), limit: 1 << 30)
  }

  /// Writes a value of one part.
  public func put(_ value: [UInt8], at key: String) throws {
    try write(try StoreKey(key), value.span.bytes)
  }

  /// The keys below a prefix as text, sorted.
  public func keys(_ prefix: String = "") throws -> [String] {
    try list(prefix).map(\.description).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// The parts of the check.
private struct StoreCheck {
  /// A copy takes the place of what was there, and removing many values leaves the others.
  func copying() throws {
    guard let store = store as? any CopyingStore else { return }
    let (from, deep) = (try StoreKey("copies/from"), try StoreKey("copies/deep/er/to"))
    expect(try store.copy(from, to: deep), false, "nothing is copied")
    expect(try store.value(of: "copies/deep/er/to"), nil, "nothing was copied")
    try store.put([1, 2, 3], at: "copies/from")
    expect(try store.copy(from, to: deep), true, "a value is copied")
    expect(try store.copy(from, to: deep), true, "a value is copied again")
    expect(try store.value(of: "copies/deep/er/to"), [1, 2, 3], "the copy has the bytes")
    try store.put([4], at: "copies/from")
    expect(try store.value(of: "copies/deep/er/to"), [1, 2, 3], "a copy stays when its source is replaced")
    expect(try store.copy(from, to: deep), true, "a value is copied over another one")
    expect(try store.value(of: "copies/deep/er/to"), [4], "the copy is replaced")
    try store.put([], at: "copies/other")
    expect(
      try store.copy(StoreKey("copies/other"), to: StoreKey("copies/from")), true, "an empty value is copied")
    expect(try store.value(of: "copies/from"), [], "the copy is empty")
    try store.delete([from, deep, StoreKey("copies/missing")])
    expect(try store.keys("copies"), ["copies/other"], "the others stay")
    try store.delete([StoreKey("copies/other")])
    try store.delete([])
    expect(try store.keys("copies"), [], "all are removed")
  }

  let store: any Store
  let location: SourceLocation

  private func expect<Value: Equatable>(_ found: Value, _ expected: Value, _ comment: Comment) {
    #expect(found == expected, comment, sourceLocation: location)
  }

  func absentValue() throws {
    expect(try store.value(of: "absent"), nil, "an absent value is read")
    expect(try store.bytes(of: "absent/deep/down", in: 0..<1), nil, "an absent value is read in part")
    expect(try store.byteCount(of: try StoreKey("absent")), nil, "an absent value has a size")
    expect(try store.keys(), [], "the store is empty")
    try store.delete(try StoreKey("absent"))
    try store.delete(try StoreKey("absent/deep/down"))
  }

  func wholeValue() throws {
    for value in [[], [7], [UInt8](repeating: 3, count: 100_000), [1, 2, 3]] as [[UInt8]] {
      try store.put(value, at: "whole/value")
      expect(try store.value(of: "whole/value"), value, "a value is read as it was written last")
      expect(try store.byteCount(of: try StoreKey("whole/value")), value.count, "the size of a value")
    }
    // The arena keeps what it held.
    var arena = ByteArena()
    try arena.append(copying: ([9, 8] as [UInt8]).span.bytes)
    let isThere = try store.read(try StoreKey("whole/value"), into: &arena, limit: 3)
    expect(isThere, true, "a value of just the limit is read")
    expect(arena.bytes.withUnsafeBytes { Array($0) }, [9, 8, 1, 2, 3], "a value goes after existing bytes")

    var other = ByteArena()
    var failure: (any Error)?
    do { _ = try store.read(try StoreKey("whole/value"), into: &other, limit: 2) } catch { failure = error }
    guard case StoreError.tooLarge(let path, 3, 2)? = failure else {
      Issue.record("a value above the limit gives \(String(describing: failure))", sourceLocation: location)
      return
    }
    expect(path.hasSuffix("whole/value"), true, "the error names the value: \(path)")
    expect(other.count, 0, "nothing of a value above the limit is read")
  }

  func byteRanges() throws {
    try store.put([10, 11, 12, 13], at: "ranges")
    for (range, expected) in [
      (0..<4, [10, 11, 12, 13]), (1..<3, [11, 12]), (3..<9, [13]), (0..<Int.max, [10, 11, 12, 13]),
      (2..<2, []), (4..<5, []), (100..<200, []), (Int.max - 1..<Int.max, []),
    ] as [(Range<Int>, [UInt8])] {
      expect(try store.bytes(of: "ranges", in: range), expected, "bytes \(range)")
    }
    for (count, expected) in [(0, []), (1, [13]), (4, [10, 11, 12, 13]), (9, [10, 11, 12, 13])]
      as [(Int, [UInt8])]
    {
      expect(try read(.suffix(count), of: "ranges")?.bytes, expected, "the last \(count) bytes")
    }
    expect(try read(.suffix(2), of: "ranges")?.info.byteCount, 4, "a part tells the size of the value")
    expect(try read(.suffix(1), of: "absent")?.bytes, nil, "the end of an absent value is read")
    expectError("a part above the limit") {
      try read(.suffix(3), of: "ranges", limit: 2)
    } _: {
      if case .tooLarge(_, 3, 2) = $0 { true } else { false }
    }
    expect(try read(.suffix(2), of: "ranges", limit: 2)?.bytes, [12, 13], "a part of just the limit is read")
    try store.put([], at: "ranges")
    expect(try store.bytes(of: "ranges", in: 0..<1), [], "bytes of an empty value")
    expect(try read(.suffix(1), of: "ranges")?.bytes, [], "the end of an empty value")
  }

  /// A part and what is known of its value.
  private func read(
    _ part: ValuePart, of key: String, ifVersion version: StoredVersion? = nil, limit: Int = .max
  ) throws -> (bytes: [UInt8], info: ValueInfo)? {
    var arena = ByteArena()
    let info = try store.read(part, of: StoreKey(key), ifVersion: version, limit: limit, into: &arena)
    return info.map { (arena.bytes.withUnsafeBytes { Array($0) }, $0) }
  }

  private func expectError<Result>(
    _ comment: Comment, _ call: () throws -> Result, _ isExpected: (StoreError) -> Bool
  ) {
    do {
      _ = try call()
      Issue.record("no error: \(comment)", sourceLocation: location)
    } catch {
      let isIt = (error as? StoreError).map(isExpected) ?? false
      expect(isIt, true, "\(comment) gives \(error)")
    }
  }

  private func isChange(_ error: StoreError) -> Bool { if case .changed = error { true } else { false } }

  /// A store may be without versions, but those that it gives tell values apart.
  func versions() throws {
    try store.put([1, 2, 3], at: "version")
    guard let old = try read(.suffix(1), of: "version")?.info.version else { return }
    expect(try store.info(of: StoreKey("version"))?.version, old, "the version of a value that stays")
    expect(try read(.range(0..<2), of: "version", ifVersion: old)?.bytes, [1, 2], "a part of a version")
    try store.put([4, 5, 6, 7], at: "version")
    expectError("a part of an old version") {
      try read(.range(0..<1), of: "version", ifVersion: old)
    } _: {
      isChange($0)
    }
    try store.delete(StoreKey("version"))
    expect(try read(.all, of: "version", ifVersion: old)?.bytes, nil, "a part of a value that is gone")
  }

  func conditions() throws {
    guard let store = store as? any ConditionalStore else { return }
    let key = try StoreKey("condition/value")
    func write(_ byte: UInt8, if condition: WriteCondition) throws {
      try store.write(key, if: condition, byteCount: 1, durability: .immediate) { append in
        try append([byte].span.bytes)
      }
    }
    try write(1, if: .absent)
    expect(try store.value(of: "condition/value"), [1], "a value is written where there is none")
    expectError("writing where there is a value") {
      try write(2, if: .absent)
    } _: {
      isChange($0)
    }
    guard let old = try store.info(of: key)?.version else {
      Issue.record("a value has no version to compare", sourceLocation: location)
      return
    }
    try write(33, if: .version(old))
    expect(try store.value(of: "condition/value"), [33], "a value of the version is replaced")
    expectError("replacing another version") {
      try write(4, if: .version(old))
    } _: {
      isChange($0)
    }
    expectError("deleting another version") {
      try store.delete(key, ifVersion: old)
    } _: {
      isChange($0)
    }
    expect(try store.value(of: "condition/value"), [33], "what another writer has written stays")
    if let new = try store.info(of: key)?.version { try store.delete(key, ifVersion: new) }
    expect(try store.value(of: "condition/value"), nil, "a value of the version is deleted")
    expectError("deleting a value that is gone") {
      try store.delete(key, ifVersion: old)
    } _: {
      isChange($0)
    }
    expectError("replacing a value that is gone") {
      try write(5, if: .version(old))
    } _: {
      isChange($0)
    }
    expect(try store.keys("condition"), [], "nothing is left of refused writes")
  }

  func gatheredParts() throws {
    // The size is only a hint.
    for hint in [0, 6, 1000] {
      try store.write(try StoreKey("gathered"), byteCount: hint) { append in
        for part in [[1, 2], [], [3], [4, 5, 6]] as [[UInt8]] { try append(part.span.bytes) }
      }
      expect(try store.value(of: "gathered"), [1, 2, 3, 4, 5, 6], "parts follow each other")
    }
    try store.write(try StoreKey("gathered"), byteCount: 0) { _ in }
    expect(try store.value(of: "gathered"), [], "a value without parts is empty")
  }

  func failedGathering() throws {
    try store.put([5, 5], at: "kept/value")
    let before = try store.keys()
    for key in ["kept/value", "never", "nowhere/deep/down"] {
      do {
        try store.write(try StoreKey(key), byteCount: 4) { append in
          try append(([1, 2] as [UInt8]).span.bytes)
          throw StoreProbe.Failure(number: 1)
        }
        Issue.record("an error of the writer is lost", sourceLocation: location)
      } catch {
        expect(error as? StoreProbe.Failure, StoreProbe.Failure(number: 1), "the error of the writer")
      }
    }
    expect(try store.value(of: "kept/value"), [5, 5], "a failed write leaves the value as it was")
    expect(try store.value(of: "never"), nil, "a failed write leaves no value")
    expect(try store.keys(), before, "a failed write leaves no key")
  }

  func deletion() throws {
    try store.put([1], at: "deleted/one")
    try store.put([2], at: "deleted/other")
    try store.delete(try StoreKey("deleted/one"))
    expect(try store.value(of: "deleted/one"), nil, "a deleted value is gone")
    expect(try store.value(of: "deleted/other"), [2], "its neighbour is not")
    try store.delete(try StoreKey("deleted/one"))
    expect(try store.keys("deleted"), ["deleted/other"], "a deleted value is not listed")
    try store.put([3], at: "deleted/one")
    expect(try store.value(of: "deleted/one"), [3], "a deleted value can be written again")
  }

  func listing() throws {
    for key in ["list/a/0", "list/a/1/2", "list/ab/0", "list/a.b", "list/.hidden", "lists/a"] {
      try store.put([], at: key)
    }
    expect(try store.keys("list/a"), ["list/a/0", "list/a/1/2"], "keys below a prefix")
    expect(
      try store.keys("list"), ["list/.hidden", "list/a.b", "list/a/0", "list/a/1/2", "list/ab/0"],
      "keys below the prefix of a prefix")
    expect(try store.keys("list/a/0"), [], "a key is not below itself")
    expect(try store.keys("list/nothing"), [], "a prefix without keys")
    for (prefix, isThere) in ["": true, "list": true, "list/a": true, "list/a/0": false, "lis": false] {
      expect(try store.hasKey(below: prefix), isThere, "whether there is a key below \(prefix)")
    }
    expect(Set(try store.keys("")).isSuperset(of: try store.keys("list")), true, "all keys")
  }

  func directories() throws {
    for key in ["dir/a", "dir/b/0", "dir/b/c/1", "dir/b.c", "dir/c/d/e", "dir/.hidden", "dirs/x"] {
      try store.put([], at: key)
    }
    for (prefix, values, prefixes) in [
      ("dir", [".hidden", "a", "b.c"], ["b", "c"]), ("dir/b", ["0"], ["c"]), ("dir/c", [], ["d"]),
      ("dir/a", [], []), ("dir/nothing", [], []),
    ] as [(String, [String], [String])] {
      let listing = try store.listDirectory(prefix)
      expect(listing.values.sorted(), values, "the values directly below \(prefix)")
      expect(listing.prefixes.sorted(), prefixes, "the prefixes directly below \(prefix)")
    }
    let root = try store.listDirectory("")
    expect(Set(root.prefixes).isSuperset(of: ["dir", "dirs"]), true, "the prefixes of all keys")
    expect(Set(root.values).isDisjoint(with: root.prefixes), true, "the values without a prefix")
  }

  func moving() throws {
    for key in ["move/a/0", "move/a/b/1", "move/ab", "move/a.b"] {
      try store.put(Array(key.utf8), at: key)
    }
    try store.rename("move/a", to: "move/new/place")
    expect(
      try store.keys("move"), ["move/a.b", "move/ab", "move/new/place/0", "move/new/place/b/1"],
      "what is below a prefix has another one, and nothing else")
    expect(
      try store.value(of: "move/new/place/b/1"), Array("move/a/b/1".utf8), "the value of a key that was moved"
    )
    try store.rename("move/new/place", to: "move/a")
    try store.put([1], at: "move/new/place/2")
    expect(try store.keys("move/a"), ["move/a/0", "move/a/b/1"], "what was moved back")
    // Nothing is left of what was deleted.
    try store.delete(try StoreKey("move/new/place/2"))
    try store.rename("move/a", to: "move/new")
    expect(
      try store.keys("move/new"), ["move/new/0", "move/new/b/1"], "what was moved to where there was more")
    try store.rename("move/new", to: "moved")
    expect(try store.keys("moved"), ["moved/0", "moved/b/1"], "what was moved to the top")
  }

  func refusedMoves() throws {
    for key in ["refused/a/b/0", "refused/c/0", "refused/d"] {
      try store.put(Array(key.utf8), at: key)
    }
    let before = try store.keys()
    for (prefix, target) in [
      ("refused/a", "refused/c"), ("refused/a", "refused/d"), ("refused/a", "refused"), ("refused/a", ""),
      ("refused/a", "refused/a"), ("refused/a", "refused/a/c"), ("", "other"), ("refused/nothing", "other"),
      ("refused/d", "other"), ("refused/a/b", "refused/a"),
    ] {
      do {
        try store.rename(prefix, to: target)
        Issue.record("\(prefix) is moved to \(target)", sourceLocation: location)
      } catch {
        guard case StoreError.notMoved? = error as? StoreError else {
          Issue.record("moving \(prefix) to \(target) gives \(error)", sourceLocation: location)
          continue
        }
      }
    }
    for (prefix, target) in [("refused/a", "../other"), ("refused/../a", "other"), ("refused/a", "other/")] {
      do {
        try store.rename(prefix, to: target)
        Issue.record("\(prefix) is moved to \(target)", sourceLocation: location)
      } catch {
        expect(error is StoreError, true, "moving \(prefix) to \(target) gives \(error)")
      }
    }
    expect(try store.keys(), before, "a move that is refused changes nothing")
  }

  func deletionOfAll() throws {
    for key in ["all/a/0", "all/a/1/2", "all/ab", "all/a.b", "alla"] {
      try store.put([1], at: key)
    }
    let others = Set(try store.keys()).subtracting(["all/a/0", "all/a/1/2"])
    try store.deleteAll("all/a")
    expect(Set(try store.keys()), others, "what is below a prefix is deleted, and nothing else")
    try store.deleteAll("all/a")
    try store.deleteAll("all/nothing")
    expect(Set(try store.keys()), others, "a prefix without keys is deleted")
    try store.put([2], at: "all/a/0")
    expect(try store.value(of: "all/a/0"), [2], "a deleted value can be written again")
    try store.deleteAll("")
    expect(try store.keys(), [], "everything is deleted")
  }

  /// Keys are bytes: what Unicode takes for equal are two keys.
  func exactKeys() throws {
    try store.put([1], at: "exact/\u{e9}")
    try store.put([2], at: "exact/e\u{301}")
    expect(try store.value(of: "exact/\u{e9}"), [1], "a key in composed form")
    expect(try store.value(of: "exact/e\u{301}"), [2], "a key in decomposed form")
    expect(try store.list("exact").count, 2, "the number of keys that Unicode takes for equal")
  }

  /// A store may be without locks, but one that has some keeps others away.
  func locking() throws {
    let before = try store.keys()
    guard let lock = try store.lock("name", below: "locks/a", timeout: .zero) else { return }
    do {
      _ = try store.lock("name", below: "locks/a", timeout: .milliseconds(10))
      Issue.record("a lock is held twice", sourceLocation: location)
    } catch {
      guard case StoreError.locked? = error as? StoreError else {
        Issue.record("a lock that another writer holds gives \(error)", sourceLocation: location)
        return
      }
    }
    let others = [try store.lock("other", below: "locks/a", timeout: .zero), lock]
    try store.lock("name", below: "locks", timeout: .zero)?.unlock()
    expect(try store.keys(), before, "locks are no values")
    for lock in others { lock?.unlock() }
    try store.lock("name", below: "locks/a", timeout: .zero)?.unlock()
  }

  func manyThreads() throws {
    let failures = Mutex<[String]>([])
    let store = store
    DispatchQueue.concurrentPerform(iterations: 16) { thread in
      do {
        for round in 1...20 {
          let value = [UInt8](repeating: UInt8(thread), count: round * 50 + thread)
          try store.put(value, at: "threads/\(thread)/\(round)")
          try store.put(value, at: "threads/shared")
          let own = try store.value(of: "threads/\(thread)/\(round)")
          if own != value { failures.withLock { $0.append("thread \(thread) lost a value") } }
          // A value is whole, whichever thread wrote it last. Its size tells which one did.
          let shared = try store.value(of: "threads/shared") ?? []
          let isWhole = shared.count % 50 == Int(shared.first ?? 99) && Set(shared).count == 1
          if !isWhole { failures.withLock { $0.append("a value is torn") } }
        }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    expect(failures.withLock { $0 }, [], "many threads")
    expect(try store.list("threads").count, 16 * 20 + 1, "the values of many threads")
  }
}
