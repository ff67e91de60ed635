import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("Options tuned to a sample")
struct TunedOptionsTests {
  private static let records = (0..<2000).map { #"{"id": \#($0), "name": "record \#($0 % 7)"}"# }

  @Test("They make an array that holds the elements", arguments: TuningGoal.allCases)
  func usable(goal: TuningGoal) throws {
    let options = try ArrayOptions.tuned(for: goal, sample: Self.records)
    let array = try ZarrArray.create(in: MemoryStore(), writing: Self.records, options: options)
    #expect(try array.read().strings() == Self.records)
  }

  @Test("For size, what compresses is compressed, and small chunks are in shards")
  func compressed() async throws {
    let options = try await ArrayOptions.tuned(for: .size, sample: Self.records)
    #expect(!options.compressors.isEmpty)
    guard case .bytes(let chunkByteCount) = options.chunkSize else {
      Issue.record("the chunk size is not in bytes")
      return
    }
    #expect((options.shardSize != nil) == (chunkByteCount < 1 << 20))
  }

  @Test("From a slow store, single elements come fastest in small chunks")
  func random() throws {
    var generator = SeededGenerator(seed: 3)
    let sample = (0..<40).map { _ in generator.bytes(count: 8 << 10) }
    let slow = StoreSpeed(bytesPerSecond: 1e4, latency: .zero)
    // A chunk of 16 KiB takes more than a second, the next larger one four.
    let options = try ArrayOptions.tuned(for: .random, sample: sample, storeSpeed: slow)
    #expect(options.chunkSize == .bytes(16 << 10))
  }

  @Test("Nothing is told by no elements; empty ones do no harm")
  func few() throws {
    #expect(try ArrayOptions.tuned(for: .write, sample: [String]()).chunkSize == .standard)
    _ = try ArrayOptions.tuned(for: .read, sample: [""])
    _ = try ArrayOptions.tuned(for: .random, sample: [[UInt8]](repeating: [], count: 100))
  }

  @Test("A source that fails is what is thrown")
  func failure() {
    let source = GeneratedBlobs(count: 3, byteCount: { _ in 4 }) { _, _ throws(ChunkError) in
      throw ChunkError.sourceFailed(reason: "gone")
    }
    #expect(throws: ZarrError.self) { try ArrayOptions.tuned(for: .write, blobs: source) }
  }

  @Test("Chunks that are larger than the sample are not tried, but for the usual size")
  func candidates() {
    let sizes = { (byteCount: Int) in
      Set(ArrayOptions.tuningCandidates(sampleByteCount: byteCount).map(\.chunkByteCount)).sorted()
    }
    #expect(sizes(1) == [1 << 20])
    #expect(sizes(100 << 10) == [16 << 10, 64 << 10, 1 << 20])
    #expect(sizes(4 << 20) == [16 << 10, 64 << 10, 256 << 10, 1 << 20, 2 << 20])
    for candidate in ArrayOptions.tuningCandidates(sampleByteCount: 4 << 20) {
      #expect((candidate.shardByteCount != nil) == (candidate.chunkByteCount < 1 << 20))
    }
  }

  @Test("A sample is all of a small source, and comes from all over a large one")
  func sampling() throws {
    let elements = (0..<10_000).map { Array("\($0)".utf8) }
    let all = try SampledBlobs(of: elements, byteCount: 1 << 20)
    #expect(!all.isPart && all.count == 10_000)

    let some = try SampledBlobs(of: elements, byteCount: 16 << 10)
    #expect(some.isPart)
    #expect(try (4 << 10)...(16 << 10) ~= some.byteCount(of: 0..<some.count))
    let array = try ZarrArray.create(in: MemoryStore(), blobs: some)
    let numbers = try array.read().strings().compactMap { Int($0) }
    #expect(numbers.count == some.count && numbers == Array(Set(numbers)).sorted())
    #expect(Set(numbers.map { $0 / 625 }).count == 16)
    #expect(try SampledBlobs(of: [[UInt8]](), byteCount: 1).count == 0)
    #expect(try SampledBlobs(of: elements, byteCount: 1).count == 16)
  }
}
