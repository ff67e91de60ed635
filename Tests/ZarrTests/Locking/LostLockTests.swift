import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// Appenders whose lock was removed.
@Suite("Locks that are taken away")
struct LostLockTests {
  private static let options = [
    ArrayOptions(chunkSize: .rows(7)), ArrayOptions(chunkSize: .rows(2), shardSize: .rows(8)),
    ArrayOptions(chunkSize: .rows(7), zarrFormat: .version2),
  ]

  private static func numbers(_ range: Range<Int>) -> [String] { range.map { "\($0)" } }

  @Test(
    "What another process has appended meanwhile stays", arguments: 0..<3, [(0, 1), (10, 3), (10, 30)])
  func taken(options: Int, counts: (Int, Int)) async throws {
    let directory = try StoreDirectory()
    let path = directory.path
    let store = try await FileStore(creating: path)
    let array = try await ZarrArray.create(
      in: store, writing: Self.numbers(0..<counts.0), options: Self.options[options])
    let first = try blocking {
      let first = try Appender(to: array)
      for element in Self.numbers(100..<100 + counts.1) { try first.append(contentsOf: [element]) }
      return first
    }
    try FileManager.default.removeItem(atPath: "\(path)/.zarr-vlen.lock")

    await #expect(processExitsWith: .success) { [path = path as String] in
      try blocking {
        let second = try Appender(to: ZarrArray.open(in: FileStore(opening: path)))
        for number in 1000..<1025 { try second.append(contentsOf: ["\(number)"]) }
        try second.finish()
      }
    }

    #expect(throws: (any Error).self) {
      for element in Self.numbers(200..<300) { try first.append(contentsOf: [element]) }
      try first.finish()
    }
    blocking { first.cancel() }
    let found = try await ZarrArray.open(in: FileStore(opening: path)).read().strings()
    #expect(found == Self.numbers(0..<counts.0) + Self.numbers(1000..<1025))
  }

  @Test("A lock that is there knows that it is, and one that is not says so")
  func checks() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path)
    let lock = try #require(try store.lock("name", below: "", timeout: .seconds(1)))
    try lock.check()
    try FileManager.default.removeItem(atPath: "\(directory.path)/.zarr-vlen.lock")
    #expect(throws: StoreError.self) { try lock.check() }
    // Another one has it now.
    let other = try #require(try store.lock("name", below: "", timeout: .seconds(1)))
    #expect(throws: StoreError.self) { try lock.check() }
    try other.check()
    lock.unlock()
    try other.check()
    other.unlock()
  }
}
