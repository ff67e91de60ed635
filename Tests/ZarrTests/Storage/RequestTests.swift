import ChunkEngine
import Synchronization
import TestSupport
import Testing
import Zarr

/// How often a store is asked, where each request takes long.
@Suite("Requests to a store")
struct RequestTests {
  /// A store that has nothing but the four calls, and counts its answers to reads.
  private final class CountingStore: StoreForwarding {
    let base: any Store
    private let keys = Mutex<[String]>([])

    init(_ base: any Store) { self.base = base }

    /// The keys of all reads since this was asked last.
    func takeKeys() -> [String] {
      keys.withLock { keys in
        defer { keys = [] }
        return keys
      }
    }

    func read(
      _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
      into arena: inout ByteArena
    ) throws -> ValueInfo? {
      keys.withLock { $0.append(key.description) }
      return try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
    }
  }

  @Test("Opening a node of Zarr v3 takes one request, and one of Zarr v2 one for each document it may have")
  func opening() throws {
    for (format, arrayNames, groupNames) in [
      (.version3, ["zarr.json"], ["zarr.json"]),
      (
        .version2, ["zarr.json", ".zarray", ".zattrs"],
        ["zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"]
      ),
    ] as [(ZarrFormat, [String], [String])] {
      let base = MemoryStore()
      _ = try ZarrArray.create(
        in: base, at: "group/array", writing: ["x"] as [String], options: ArrayOptions(zarrFormat: format))
      let store = CountingStore(base)

      _ = try ZarrArray.open(in: store, at: "group/array")
      #expect(store.takeKeys() == arrayNames.map { "group/array/\($0)" })
      _ = try ZarrNode.open(in: store, at: "group/array")
      #expect(store.takeKeys() == arrayNames.map { "group/array/\($0)" })
      _ = try ZarrGroup.open(in: store, at: "group")
      #expect(store.takeKeys() == groupNames.map { "group/\($0)" })
    }
  }

  @Test("A value is opened and read in one request, and later ranges of it are of the same version")
  func parts() throws {
    let base = MemoryStore()
    let store = CountingStore(base)
    let key = try StoreKey("a")
    try base.put([1, 2, 3, 4], at: "a")
    var arena = ByteArena()
    let opened = try store.openValue(key, reading: .suffix(1), limit: 1, into: &arena)
    let value = try #require(opened)
    #expect(value.byteCount == 4)
    try value.read(0..<2, into: &arena)
    #expect(Array(copying: arena.bytes) == [4, 1, 2])
    #expect(store.takeKeys() == ["a", "a"])

    try base.put([5, 6, 7, 8], at: "a")
    #expect(throws: StoreError.changed(path: "memory/a")) { try value.read(0..<2, into: &arena) }
    let absent = try store.openValue(StoreKey("b"), reading: .all, limit: 1, into: &arena)
    #expect(absent == nil)
    #expect(throws: StoreError.tooLarge(path: "memory/a", byteCount: 4, limit: 3)) {
      try store.openValue(key, reading: .all, limit: 3, into: &arena)
    }
    #expect(Array(copying: arena.bytes) == [4, 1, 2])
  }
}
