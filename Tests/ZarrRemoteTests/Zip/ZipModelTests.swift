import ChunkEngine
import TestSupport
import Testing
import Zarr
import ZarrRemote

/// Random changes of an archive, compared with a store in memory.
@Suite("Zip stores and a model")
struct ZipModelTests {
  private let names = [
    "a", "a/b", "a/zarr.json", "b/c/0", "b/c/1", "b", "zarr.json", "é", ".zattrs", "b/zarr.json",
  ]

  private func expectSame(_ store: ZipStore, _ model: MemoryStore, _ comment: Comment) throws {
    #expect(try store.keys() == model.keys(), comment)
    for name in names {
      #expect(try store.value(of: name) == model.value(of: name), comment)
      #expect(try store.byteCount(of: StoreKey(name)) == model.byteCount(of: StoreKey(name)), comment)
      #expect(try store.bytes(of: name, in: 2..<9) == model.bytes(of: name, in: 2..<9), comment)
      #expect(try store.keys(name) == model.keys(name), comment)
    }
    for prefix in ["", "a", "b", "b/c", "none"] {
      let (found, expected) = (try store.listDirectory(prefix), try model.listDirectory(prefix))
      #expect(found.values.sorted() == expected.values.sorted(), comment)
      #expect(found.prefixes.sorted() == expected.prefixes.sorted(), comment)
    }
  }

  @Test(
    "After any changes an archive has what a store in memory has", arguments: 1...6 as ClosedRange<UInt64>)
  func changes(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let directory = try StoreDirectory()
    let bases: [any Store] = [try FileStore(opening: directory.path), MemoryStore()]
    let (base, model) = (bases[Int(seed % 2)], MemoryStore())
    let key = try StoreKey("a.zip")
    for round in 0..<6 {
      let store = try ZipStore(key, in: base, for: .adding)
      let comment: Comment = "seed \(seed), round \(round)"
      for _ in 0..<Int.random(in: 0...12, using: &generator) {
        let name = try StoreKey(names.randomElement(using: &generator) ?? "a")
        let value = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0:
          try store.delete(name)
          try model.delete(name)
        case 1:
          // Under the condition of what is there, and under another one.
          let version = try store.info(of: name)?.version
          let condition: WriteCondition = version.map { .version($0) } ?? .absent
          let other: WriteCondition = version == nil ? .version(StoredVersion(12345)) : .absent
          #expect(throws: StoreError.changed(path: "\(store.location)/\(name)"), comment) {
            try store.write(name, if: other, byteCount: 1, durability: .immediate) { try $0([1].span.bytes) }
          }
          try store.write(name, if: condition, byteCount: 0, durability: .immediate) {
            try $0(value.span.bytes)
          }
          try model.write(name, value.span.bytes)
        case 2:
          try store.deleteAll(name.description)
          try model.deleteAll(name.description)
        default:
          try store.write(name, value.span.bytes)
          try model.write(name, value.span.bytes)
        }
      }
      try expectSame(store, model, comment)
      try store.finish()
      try expectSame(store, model, comment)
      try expectSame(ZipStore(key, in: base), model, comment)
    }
  }

  @Test("An open value stays what it is when it is replaced, and when the store is finished")
  func openValues() throws {
    let directory = try StoreDirectory()
    let path = directory.path("a.zip")
    for round in 0..<2 {
      let store = try ZipStore(path, for: .adding)
      for name in ["a", "zarr.json"] { try store.put([UInt8(round), 1, 2], at: name) }
      let values = try ["a", "zarr.json"].compactMap { try store.openValue(StoreKey($0)) }
      #expect(values.count == 2)
      for name in ["a", "zarr.json"] { try store.put([7], at: name) }
      func check() throws {
        for value in values {
          #expect(value.staysWhenReplaced)
          var arena = ByteArena()
          try value.read(0..<3, into: &arena)
          let bytes = arena.bytes.withUnsafeBytes { Array($0) }
          #expect(bytes == [UInt8(round), 1, 2])
        }
      }
      try check()
      try store.finish()
      try check()
      let versions =
        try values.map { $0.version } + ["a", "zarr.json"].map { try store.info(of: StoreKey($0))?.version }
      #expect(Set(versions).count == 4, "no two values have one version")
    }
  }
}
