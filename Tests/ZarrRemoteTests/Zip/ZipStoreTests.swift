import ChunkEngine
import Dispatch
import Foundation
import TestSupport
import Testing
import Zarr

@testable import ZarrRemote

@Suite("Zip stores")
struct ZipStoreTests {
  private let directory: StoreDirectory
  private let path: String

  init() throws {
    directory = try StoreDirectory()
    path = directory.path("archive.zip")
  }

  /// What is stored under each key.
  private func values(of store: any Store) throws -> [String: [UInt8]] {
    try store.keys().reduce(into: [:]) { $0[$1] = try store.value(of: $1) }
  }

  @Test("A store in an archive keeps the promises of stores, in a file and in memory")
  func conformance() throws {
    try expectConforms(ZipStore(path, for: .replacing))
    try expectConforms(ZipStore(StoreKey("a/b.zip"), in: MemoryStore(), for: .adding))
  }

  @Test("What is left by the check of stores is the same once it is finished, and when it is opened again")
  func finishedConformance() throws {
    let base = MemoryStore()
    for (store, reopen) in [
      (try ZipStore(path, for: .replacing), { try ZipStore(path) }),
      (
        try ZipStore(StoreKey("b.zip"), in: base, for: .replacing),
        { try ZipStore(StoreKey("b.zip"), in: base) }
      ),
    ] as [(ZipStore, () throws -> ZipStore)] {
      try expectConforms(store)
      let expected = try values(of: store)
      #expect(!expected.isEmpty)
      try store.finish()
      #expect(try values(of: store) == expected)
      #expect(try values(of: reopen()) == expected)
      #expect(try expected.keys.allSatisfy { try store.listDirectory($0).values.isEmpty })
    }
  }

  @Test("An empty archive is one")
  func empty() throws {
    let store = try ZipStore(path, for: .adding)
    try store.finish()
    #expect(try ZipStore(path).keys() == [])
    #expect(try directory.files() == ["archive.zip"])
  }

  @Test("Values of all sizes are read in every way: gathered, growing, documents")
  func sizes() throws {
    let sizes = [0, 1, 255, 70_000, 16 << 20, 16 << 20 + 1, 40 << 20]
    // Of a length that divides no other.
    let pattern = (0..<65_537).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    let expected: [String: [UInt8]] = sizes.reduce(into: [:]) { expected, size in
      var value: [UInt8] = []
      while value.count < size { value.append(contentsOf: pattern) }
      expected["c/\(size)"] = Array(value[..<size])
    }
    let store = try ZipStore(path, for: .replacing)
    for (key, value) in expected {
      try store.write(StoreKey(key), byteCount: 0) { append in
        let bytes = value.span.bytes
        for start in stride(from: 0, to: value.count, by: 5 << 20) {
          try append(bytes.extracting(start..<min(start + 5 << 20, value.count)))
          try append(RawSpan())
        }
      }
    }
    try store.put(Array("{}".utf8), at: "zarr.json")
    for store in [
      store,
      try {
        try store.finish(); return try ZipStore(path)
      }(),
    ] {
      for (key, value) in expected {
        #expect(try store.value(of: key) == value, "\(key)")
        let middle = value.count / 3..<value.count / 2
        #expect(try store.bytes(of: key, in: middle) == Array(value[middle]), "\(key)")
      }
      #expect(try store.value(of: "zarr.json") == Array("{}".utf8))
    }
  }

  @Test("Values are added to an archive, replaced and deleted; nothing is there twice")
  func adding() throws {
    let first = try ZipStore(path, for: .adding)
    for name in ["a", "b", "c", "d"] { try first.put(Array(name.utf8), at: "x/\(name)") }
    try first.put([1], at: "zarr.json")
    try first.finish()
    let second = try ZipStore(path, for: .adding)
    try second.put([9, 9], at: "x/b")
    try second.delete(StoreKey("x/c"))
    try second.put([7], at: "x/e")
    try second.put([8], at: "x/f")
    try second.delete(StoreKey("x/f"))
    for number in 2..<10 as Range<UInt8> { try second.put([number], at: "zarr.json") }
    let expected: [String: [UInt8]] = [
      "x/a": Array("a".utf8), "x/b": [9, 9], "x/d": Array("d".utf8), "x/e": [7], "zarr.json": [9],
    ]
    #expect(try values(of: second) == expected)
    #expect(try ZipStore(path).keys("x") == ["x/a", "x/b", "x/c", "x/d"], "others see the old archive")
    try second.finish()
    #expect(try values(of: ZipStore(path)) == expected)
    #expect(try directory.files() == ["archive.zip"])
  }

  @Test("The same values make the same archive")
  func reproducible() throws {
    let archives = try (0..<2).map { number in
      let base = MemoryStore()
      let store = try ZipStore(StoreKey("a.zip"), in: base, for: .adding)
      for key in ["b/1", "a/zarr.json", "a/0", "zarr.json"] { try store.put(Array(key.utf8), at: key) }
      try store.finish()
      return try base.value(of: "a.zip")
    }
    #expect(archives[0] == archives[1])
    #expect(archives[0]?.isEmpty == false)
  }

  @Test("What was not finished is gone, and the old archive stays")
  func unfinished() throws {
    try {
      let store = try ZipStore(path, for: .adding)
      try store.put([1], at: "a")
      try store.finish()
    }()
    try {
      let store = try ZipStore(path, for: .adding)
      try store.put([2], at: "a")
    }()
    #expect(try values(of: ZipStore(path)) == ["a": [1]])
    #expect(try directory.files() == ["archive.zip"])
  }

  @Test("A store that is read or finished cannot be written")
  func readOnly() throws {
    let store = try ZipStore(path, for: .adding)
    try store.put([1], at: "a")
    try store.finish()
    try store.finish()
    for store in [store, try ZipStore(path)] {
      #expect(throws: StoreError.readOnly(path: "\(path)|zip:")) { try store.put([1], at: "b") }
      #expect(throws: StoreError.readOnly(path: "\(path)|zip:")) { try store.delete(StoreKey("a")) }
      #expect(try values(of: store) == ["a": [1]])
    }
  }

  @Test("An archive that is not there is an error for readers")
  func missing() throws {
    #expect(throws: StoreError.system(operation: "open", path: path, code: 2)) { try ZipStore(path) }
    #expect(throws: StoreError.self) { try ZipStore(StoreKey("a"), in: MemoryStore()) }
  }

  @Test("Two stores do not write to one archive at a time")
  func locked() throws {
    let store = try ZipStore(path, for: .adding)
    do {
      _ = try ZipStore(path, for: .replacing)
      Issue.record("there are two writers")
    } catch {
      guard case StoreError.locked = error else { throw error }
    }
    try store.put([1], at: "a")
    try store.finish()
    try ZipStore(path, for: .adding).finish()
    #expect(try values(of: ZipStore(path)) == ["a": [1]])
  }

  @Test("An archive that another writer replaced meanwhile stays, where there are no locks")
  func replacedMeanwhile() throws {
    let bases: [any Store] = [MemoryStore(), try FileStore(opening: directory.path, usesLocks: false)]
    for base in bases {
      for hasOld in [false, true] {
        let key = try StoreKey("\(hasOld).zip")
        if hasOld { try ZipStore(key, in: base, for: .adding).finish() }
        let one = try ZipStore(key, in: base, for: .adding)
        let other = try ZipStore(key, in: base, for: .adding)
        try one.put([1], at: "one")
        try other.put([2], at: "other")
        try other.finish()
        #expect(throws: StoreError.changed(path: base is FileStore ? "\(directory.path)/\(key)" : "\(key)")) {
          try one.finish()
        }
        #expect(try values(of: ZipStore(key, in: base)) == ["other": [2]])
      }
    }
  }

  @Test("A symbolic link to an archive stays one")
  func links() throws {
    try ZipStore(directory.path("real/a.zip"), for: .adding).finish()
    #expect(symlink("real/a.zip", path) == 0)
    let store = try ZipStore(path, for: .adding)
    try store.put([5], at: "a")
    try store.finish()
    #expect(try values(of: ZipStore(directory.path("real/a.zip"))) == ["a": [5]])
    #expect(try values(of: ZipStore(path)) == ["a": [5]])
  }

  @Test("Listing a directory finds names between others that sort around the slash")
  func sortedNames() throws {
    let store = try ZipStore(path, for: .adding)
    for key in ["a", "a!/x", "a/b/c", "a/b/d", "a/b0", "a0/x", "é/x", "a/b!"] { try store.put([], at: key) }
    for store in [
      store,
      try {
        try store.finish(); return try ZipStore(path)
      }(),
    ] {
      let root = try store.listDirectory("")
      #expect(root.values == ["a"])
      #expect(root.prefixes.sorted() == ["a", "a!", "a0", "é"])
      let listing = try store.listDirectory("a")
      #expect(listing.values.sorted() == ["b!", "b0"])
      #expect(listing.prefixes == ["b"])
      #expect(try store.keys("a/b") == ["a/b/c", "a/b/d"])
    }
  }

  @Test("Many threads write values of all kinds")
  func threads() throws {
    let store = try ZipStore(path, for: .adding)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for number in 0..<20 {
        let byteCount = number == 7 ? 17 << 20 : number * 100
        let name = number.isMultiple(of: 5) ? "\(thread)/\(number)/zarr.json" : "\(thread)/\(number)"
        try? store.put([UInt8](repeating: UInt8(thread), count: byteCount), at: name)
      }
    }
    try store.finish()
    let archive = try ZipStore(path)
    #expect(try archive.keys().count == 160)
    for key in try archive.keys() {
      let value = try #require(try archive.value(of: key))
      #expect("\(try #require(value.first ?? UInt8(key.prefix(1))))" == key.prefix(1))
      #expect(value == [UInt8](repeating: value.first ?? 0, count: value.count))
    }
  }
}
