import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@testable import ZarrRemote

@Suite("Zip archives when something goes wrong")
struct ZipFailureTests {
  private let old: [String: [UInt8]] = [
    "a": [1], "b": [UInt8](repeating: 2, count: 300_000), "c/zarr.json": Array("{}".utf8),
  ]
  private let new: [String: [UInt8]] = [
    "a": [9], "b": [UInt8](repeating: 2, count: 300_000), "d": [4, 4], "zarr.json": Array("[]".utf8),
  ]

  private func values(of store: any Store) throws -> [String: [UInt8]] {
    try store.keys().reduce(into: [:]) { $0[$1] = try store.value(of: $1) }
  }

  private func makeOld(in base: any Store) throws {
    let store = try ZipStore(StoreKey("a.zip"), in: base, for: .replacing)
    for (key, value) in old { try store.put(value, at: key) }
    try store.finish()
  }

  private func change(_ store: ZipStore) throws {
    try store.put([9], at: "a")
    try store.put([4, 4], at: "d")
    try store.delete(StoreKey("c/zarr.json"))
    try store.put(Array("[]".utf8), at: "zarr.json")
  }

  @Test(
    "Whichever call to the other store fails, the old archive or the new one is there",
    arguments: StoreFaults.Fault.allCases)
  func faults(fault: StoreFaults.Fault) throws {
    for number in 0..<100 {
      let base = MemoryStore()
      try makeOld(in: base)
      let faults = StoreFaults(base, fault, atCall: number)
      do {
        let store = try ZipStore(StoreKey("a.zip"), in: faults, for: .adding)
        try change(store)
        do {
          try store.finish()
        } catch {
          // Once more, as a caller would.
          try? store.finish()
        }
        #expect(try values(of: store) == new || !faults.hasHappened)
      } catch {}
      let found = try values(of: ZipStore(StoreKey("a.zip"), in: base))
      #expect(found == old || found == new)
      guard faults.hasHappened else {
        #expect(number > 1 && found == new)
        return
      }
    }
    Issue.record("there is no end of calls")
  }

  @Test("A store can be finished again after that failed")
  func retry() throws {
    let directory = try StoreDirectory()
    let base = try FileStore(opening: directory.path)
    try makeOld(in: base)
    let store = try ZipStore(StoreKey("a.zip"), in: base, for: .adding)
    try change(store)
    // A directory in the place of the archive cannot be replaced.
    try FileManager.default.moveItem(atPath: directory.path("a.zip"), toPath: directory.path("b.zip"))
    try FileManager.default.createDirectory(
      atPath: directory.path("a.zip/x"), withIntermediateDirectories: true)
    #expect(throws: StoreError.self) { try store.finish() }
    try FileManager.default.removeItem(atPath: directory.path("a.zip"))
    try FileManager.default.moveItem(atPath: directory.path("b.zip"), toPath: directory.path("a.zip"))
    #expect(try values(of: store) == new)
    try store.put([5], at: "e")
    try store.finish()
    #expect(try values(of: ZipStore(directory.path("a.zip"))) == new.merging(["e": [5]]) { $1 })
  }

  @Test("What a killed writer leaves is the old archive and a file that is swept")
  func killed() throws {
    let directory = try StoreDirectory()
    let base = try FileStore(opening: directory.path)
    try makeOld(in: base)
    let store = try ZipStore(StoreKey("a.zip"), in: base, for: .adding)
    try change(store)
    // No process holds the files of the copy.
    let copy = directory.path("copy")
    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) where name != "copy" {
      try FileManager.default.copyItem(atPath: directory.path(name), toPath: "\(copy)/\(name)")
    }
    let left = try FileStore(opening: copy)
    #expect(try values(of: ZipStore(StoreKey("a.zip"), in: left)) == old)
    #expect(try left.keys() == ["a.zip"])
    #expect(try left.temporaryFiles().count == 2)
    try left.sweepTemporaryFiles(olderThan: .seconds(-10))
    #expect(try FileManager.default.contentsOfDirectory(atPath: copy) == ["a.zip"])
    #expect(try base.sweepTemporaryFiles(olderThan: .seconds(-10)) == 0, "a living writer's file stays")
    try store.finish()
    #expect(try values(of: ZipStore(StoreKey("a.zip"), in: base)) == new)
  }

  @Test("A stream of unknown length is appended, checkpoint by checkpoint, and read once it is finished")
  func appending() throws {
    let directory = try StoreDirectory()
    let path = directory.path("a.zip")
    let store = try ZipStore(path, for: .adding)
    let options = ArrayOptions(dataType: .string, chunkSize: .rows(10), shardSize: .rows(100))
    let array = try ZarrArray.create(in: store, at: "lines", shape: [0], options: options)
    let appender = try Appender(to: array)
    let lines = (0..<1234).map { "line \($0)" }
    for start in stride(from: 0, to: lines.count, by: 77) {
      try appender.append(contentsOf: lines[start..<min(start + 77, lines.count)])
      try appender.checkpoint()
    }
    try appender.finish()
    #expect(try ZarrArray.open(in: store, at: "lines").read().strings() == lines)
    try store.finish()
    #expect(try ZarrArray.open(in: ZipStore(path), at: "lines").read().strings() == lines)
    // Adding to it leaves the bytes of what was replaced behind.
    let before = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    try ZipStore(path, for: .adding).finish()
    let after = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    #expect(after < before)
    #expect(try ZarrArray.open(in: ZipStore(path), at: "lines").read().strings() == lines)
  }

  @Test("Numbers of all sizes are written as they are read")
  func numbers() throws {
    let numbers = [0, 1, 0xFFFF_FFFE, 0xFFFF_FFFF, 1 << 32, 1 << 40, Int.max]
    let name: [UInt8] = Array("a/b".utf8)
    for byteCount in numbers {
      for offset in numbers {
        let member = ZipMember(checksum: 7, byteCount: byteCount, offset: offset)
        var arena = ByteArena()
        try member.appendToDirectory(name: name.span.bytes, to: &arena)
        let record = try ZipRecord(at: 0, in: arena.bytes)
        let count = arena.count
        #expect(record.end == count)
        #expect(record.name == 46..<49)
        let found = record.member
        #expect(found.byteCount == byteCount && found.storedByteCount == byteCount && found.offset == offset)
        #expect(found.checksum == 7)
      }
      var local = ByteArena()
      try ZipMember(checksum: 7, byteCount: byteCount, offset: 0).appendLocal(
        name: name.span.bytes, to: &local)
      let count = local.count
      #expect(count == (byteCount >= 0xFFFF_FFFF ? 53 : 33))
    }
    for (count, byteCount, offset) in [
      (0, 0, 0), (1, 50, 0xFFFF_FFFE), (0xFFFE, 0xFFFE * 46, 0), (0xFFFF, 0xFFFF * 46, 1),
      (1, 50, 0xFFFF_FFFF),
      (1 << 27, 0xFFFF_FFFF * 2, 1 << 40),
    ] {
      let directory = offset..<offset + byteCount
      var arena = ByteArena()
      try ZipEnd(count: count, directory: directory).append(to: &arena)
      let end = try ZipEnd(in: arena.bytes, startingAt: directory.upperBound)
      #expect(end.count == count)
      #expect(end.directory == directory)
    }
  }
}
