import ChunkEngine
import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr

@Suite("A hundred writers and readers", .timeLimit(.minutes(10)))
struct WriterSoakTests {
  @Test(
    "Threads that write and read at once find what they must, in bounded memory",
    .serialized, arguments: ["chunks", "shards"], ["memory", "file"])
  func soak(division: String, kind: String) async throws {
    // In a process of its own, whose memory is that of nothing else.
    await #expect(processExitsWith: .success) { [division = division as String, kind = kind as String] in
      try blocking {
        let directory = try StoreDirectory()
        let memory = MemoryStore()
        let model = try SoakModel(
          shards: division == "shards",
          store: { () throws -> any Store in kind == "file" ? try FileStore(opening: directory.path) : memory
          })
        try onThreads(SoakModel.threadCount) { thread in try model.work(as: thread) }
        try model.check()
        // Hundreds of megabytes of chunks are read and written.
        let peak = try PeakMemory.ofProcess()
        #expect(peak < 400 << 20 + Sanitizer.keptByteCount, "the process took \(peak >> 20) MiB")
      }
    }
  }
}

/// An array that many threads work on, and what it must be like.
///
/// Each element is written by one thread, which counts how often. A reader finds what was written last
/// when the reading began, or later, and nothing else.
private final class SoakModel: Sendable {
  static let threadCount = 100
  private static let count = 1000
  private static let elementByteCount = 500

  private let store: @Sendable () throws -> any Store

  /// How often each element was written.
  private let versions = Mutex([Int](repeating: 0, count: count))

  init(shards: Bool, store: @escaping @Sendable () throws -> any Store) throws {
    self.store = store
    _ = try ZarrArray.create(
      in: store(), shape: [Self.count],
      options: shards
        ? ArrayOptions(chunkSize: .rows(10), shardSize: .rows(100), compressors: [.zstd(level: 1)])
        : ArrayOptions(chunkSize: .rows(100), compressors: [.zstd(level: 1)]))
  }

  /// Does what one of the threads does: some values of the array are its own, some shared.
  func work(as thread: Int) throws {
    var generator = SeededGenerator(seed: UInt64(thread))
    let array = try ZarrArray.open(in: store())
    // Ten elements in a row, across the border of two chunks for every tenth thread.
    let own = (thread * 10 + 5..<thread * 10 + 15).map { $0 % Self.count }
    for round in 1...6 {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        let index = own[Int.random(in: 0..<10, using: &generator)]
        try write([index], to: array, round)
      case 1 where own[0] < own[9]:
        try write(own, to: array, round)
      case 2:
        try array.withWriteBack(as: [UInt8].self) { view in
          for index in own { try view.write(Self.element(index, round), at: index) }
        }
        written(own, round)
      default:
        let start = Int.random(in: 0..<Self.count, using: &generator)
        try read(start..<min(Self.count, start + 150), of: array)
      }
    }
    try read((own.min() ?? 0)..<(own.max() ?? 0) + 1, of: array)
  }

  /// Checks all elements at the end.
  func check() throws {
    try read(0..<Self.count, of: ZarrArray.open(in: store()))
  }

  private func write(_ indices: [Int], to array: ZarrArray, _ round: Int) throws {
    try array.write(indices.map { Self.element($0, round) }, to: [indices[0]..<indices[0] + indices.count])
    written(indices, round)
  }

  private func written(_ indices: [Int], _ round: Int) {
    versions.withLock { versions in
      for index in indices { versions[index] = round }
    }
  }

  private func read(_ range: Range<Int>, of array: ZarrArray) throws {
    let before = versions.withLock { Array($0[range]) }
    for (index, (element, least)) in zip(range, zip(try array.read([range]).arrays(), before))
    where !element.isEmpty || least > 0 {
      let version = element.count > 2 ? Int(element[2]) : -1
      #expect(version >= least, "element \(index) was written \(least) times")
      #expect(element == Self.element(index, version))
    }
  }

  private static func element(_ index: Int, _ version: Int) -> [UInt8] {
    [UInt8(index >> 8), UInt8(index & 255), UInt8(clamping: version)]
      + [UInt8](repeating: UInt8(index % 251), count: elementByteCount)
  }
}
