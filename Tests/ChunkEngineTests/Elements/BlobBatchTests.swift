import TestSupport
import Testing

@testable import ChunkEngine

@Suite("Blob batches")
struct BlobBatchTests {
  /// Expects `batch` to hold `elements` in Arrow's layout.
  private func expect(_ batch: BlobBatch, toHold elements: [[UInt8]]) {
    var offsets: [Int64] = [0]
    var payload: [UInt8] = []
    for element in elements {
      payload += element
      offsets.append(Int64(payload.count))
    }
    #expect(batch.count == elements.count)
    #expect([UInt8](copying: batch.bytes) == payload)
    #expect(batch.offsets.withUnsafeBufferPointer { Array($0) } == offsets)
    for (index, element) in elements.enumerated() {
      #expect([UInt8](copying: batch[index]) == element)
    }
  }

  @Test("A batch holds what was appended", arguments: ElementSample.all)
  func contents(sample: ElementSample) throws {
    expect(try blobBatch(of: sample.elements), toHold: sample.elements)
  }

  @Test("The hints of a builder are only hints", arguments: [(0, 0), (1, 1), (1000, 100_000), (-1, 0)])
  func hints(count: Int, byteCount: Int) throws {
    var generator = SeededGenerator(seed: 5)
    let elements = generator.elements(count: 100, byteCounts: 0...100)
    var builder = try BlobBatchBuilder(count: count, byteCount: byteCount)
    for element in elements {
      try builder.append(element.span.bytes)
    }
    let (builtCount, builtByteCount) = (builder.count, builder.byteCount)
    #expect(builtCount == 100 && builtByteCount == elements.reduce(0) { $0 + $1.count })
    expect(try builder.finish(), toHold: elements)
  }

  @Test("An element may have fewer bytes than it had room for")
  func initializer() throws {
    var builder = try BlobBatchBuilder()
    try builder.append(addingCapacity: 10) { output in output.append(7) }
    try builder.append(addingCapacity: 0) { _ in }
    try builder.append(addingCapacity: 4) { output in output.append(littleEndian: 1) }
    expect(try builder.finish(), toHold: [[7], [], [1, 0, 0, 0]])
  }

  @Test("An element that fails leaves nothing after")
  func failingInitializer() throws {
    var builder = try BlobBatchBuilder()
    try builder.append(bytes(1).span.bytes)
    #expect(throws: ChunkError.cancelled) {
      try builder.append(addingCapacity: 10) { output throws(ChunkError) in
        output.append(9)
        throw .cancelled
      }
    }
    try builder.append(bytes(2).span.bytes)
    expect(try builder.finish(), toHold: [[1], [2]])
  }

  @Test("An emptied builder starts anew")
  func reuse() throws {
    var builder = try BlobBatchBuilder()
    try builder.append(bytes(1, 2).span.bytes)
    try builder.removeAll()
    let (count, byteCount) = (builder.count, builder.byteCount)
    #expect(count == 0 && byteCount == 0)
    try builder.append(bytes(3).span.bytes)
    expect(try builder.finish(), toHold: [[3]])
  }

  @Test("Whole chunks are appended", arguments: ElementSample.all)
  func wireForm(sample: ElementSample) throws {
    var arena = ByteArena()
    try arena.append(copying: referenceWireForm(sample.elements).span.bytes)
    var builder = try BlobBatchBuilder()
    try builder.append(bytes(1).span.bytes)
    for _ in 0..<2 {
      try builder.append(wireForm: arena.bytes, expectedCount: sample.elements.count, codec: "vlen-bytes")
    }
    expect(try builder.finish(), toHold: [[1]] + sample.elements + sample.elements)
  }

  @Test("A damaged chunk leaves nothing after", arguments: DamagedWireForm.all)
  func damagedWireForm(damage: DamagedWireForm) throws {
    var arena = ByteArena()
    try arena.append(copying: damage.bytes.span.bytes)
    var builder = try BlobBatchBuilder()
    try builder.append(bytes(1).span.bytes)
    #expect(throws: ChunkError.self) {
      try builder.append(wireForm: arena.bytes, expectedCount: damage.count, codec: "vlen-bytes")
    }
    try builder.append(bytes(2).span.bytes)
    expect(try builder.finish(), toHold: [[1], [2]])
  }

  @Test("An element that is not there is a programming error", arguments: [-1, 1])
  func indexPrecondition(index: Int) async {
    if index < 0 {
      await #expect(processExitsWith: .failure) {
        let batch = try blobBatch(of: [[1]])
        _ = batch[-1].byteCount
      }
    } else {
      await #expect(processExitsWith: .failure) {
        let batch = try blobBatch(of: [[1]])
        _ = batch[1].byteCount
      }
    }
  }
}
