import TestSupport
import Testing

@testable import ChunkEngine

@Suite("Contiguous blobs")
struct ContiguousBlobsTests {
  /// Writes the elements between `offsets` to memory of just `byteCount` bytes and slack, and checks that
  /// nothing after these is touched.
  private func write<Offset: FixedWidthInteger>(
    _ bytes: [UInt8], _ offsets: [Offset], byteCount: Int, maximumElementByteCount: Int = 1000
  ) throws -> [UInt8] {
    let fence = 64
    let total = byteCount + RawMemory.slack + fence
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: total, alignment: 64)
    defer { memory.deallocate() }
    _ = memory.initializeMemory(as: UInt8.self, repeating: 0xa5)
    defer { #expect(memory[(total - fence)...].allSatisfy { $0 == 0xa5 }, "bytes after the slack") }
    let start = try #require(memory.baseAddress)
    var writer = WireFormWriter(
      start: start, byteCount: byteCount, maximumElementByteCount: maximumElementByteCount)
    try bytes.withUnsafeBytes { bytes in
      try offsets.withUnsafeBufferPointer { offsets in
        try writer.append(contiguous: bytes, offsets: offsets)
      }
    }
    let written = writer.byteCount
    return Array(memory.prefix(written))
  }

  /// What is wrong with an array of offsets, and which element it shows at.
  struct Fault: Sendable {
    let offsets: [Int64]
    let index: Int
  }

  private static let faults = [
    Fault(offsets: [0, 4, 3, 10], index: 1),
    Fault(offsets: [0, 11], index: 0),
    Fault(offsets: [0, 10, 11], index: 1),
    Fault(offsets: [11, 11], index: 0),
    Fault(offsets: [-1, 5], index: 0),
    Fault(offsets: [0, -1], index: 0),
    Fault(offsets: [0, 5, -1, 10], index: 1),
    Fault(offsets: [5, 0], index: 0),
    Fault(offsets: [0, .max], index: 0),
    Fault(offsets: [.max, .max], index: 0),
    Fault(offsets: [.min, 0], index: 0),
    Fault(offsets: [0, .min], index: 0),
    Fault(offsets: [3, 4, .min, 5], index: 1),
    Fault(offsets: [0, 1 << 32], index: 0),
    Fault(offsets: [0, 1 << 32 | 5, 10], index: 0),
  ]

  @Test(
    "Offsets that decrease or lie outside are an error, and nothing is written outside", arguments: faults)
  func invalidOffsets(fault: Fault) throws {
    let bytes = [UInt8](0..<10)
    #expect(throws: ChunkError.invalidOffsets(index: fault.index)) {
      try write(bytes, fault.offsets, byteCount: 1000)
    }
    for byteCount in 0..<30 {
      #expect(throws: ChunkError.self) { try write(bytes, fault.offsets, byteCount: byteCount) }
    }
    let small = fault.offsets.compactMap(UInt32.init(exactly:))
    if small.count == fault.offsets.count {
      #expect(throws: ChunkError.invalidOffsets(index: fault.index)) {
        try write(bytes, small, byteCount: 1000)
      }
    }
  }

  @Test("The encoder refuses them too, of both widths", arguments: faults)
  func invalidOffsetsInEncoder(fault: Fault) throws {
    let bytes = [UInt8](0..<10)
    #expect(
      isInvalidOffsets {
        try withContiguousBlobs(bytes.span.bytes, offsets: fault.offsets.span) { try wireForm($0) }
      })
    let small = fault.offsets.compactMap(UInt32.init(exactly:))
    if small.count == fault.offsets.count {
      #expect(
        isInvalidOffsets {
          try withContiguousBlobs(bytes.span.bytes, offsets: small.span) { try wireForm($0) }
        })
    }
  }

  /// Whether `body` throws that offsets are invalid, of whatever element.
  private func isInvalidOffsets(_ body: () throws -> [UInt8]) -> Bool {
    do {
      _ = try body()
      return false
    } catch ChunkError.invalidOffsets {
      return true
    } catch {
      return false
    }
  }

  @Test("An error names the element by its index in the chunk")
  func indexInChunk() throws {
    let bytes = [UInt8](0..<100)
    let decreasing: [Int64] = [0, 1, 2, 5, 4, 10]
    let large: [Int64] = [0, 1, 2, 5, 50, 60]
    var encoder = try ChunkEncoder(CodecChain(VlenBytesCodec()), maximumElementByteCount: 40)
    let before = RepeatedBlob([1], count: 5)
    #expect(throws: ChunkError.invalidOffsets(index: 8)) {
      try withContiguousBlobs(bytes.span.bytes, offsets: decreasing.span) { source in
        _ = try encoder.encode(JoinedBlobs([before, source])) { _ in }
      }
    }
    #expect(throws: ChunkError.elementTooLarge(index: 8, byteCount: 45, limit: 40)) {
      try withContiguousBlobs(bytes.span.bytes, offsets: large.span) { source in
        _ = try encoder.encode(JoinedBlobs([before, source])) { _ in }
      }
    }
  }

  @Test("Without bytes all elements have to be empty")
  func noBytes() throws {
    #expect(try write([], [Int64](repeating: 0, count: 4), byteCount: 12) == [UInt8](repeating: 0, count: 12))
    #expect(throws: ChunkError.invalidOffsets(index: 1)) {
      try write([], [0, 0, 1] as [Int64], byteCount: 12)
    }
    #expect(throws: ChunkError.sourceChanged) {
      try write([], [0, 0, 0] as [UInt32], byteCount: 7)
    }
  }

  @Test("Fewer than two offsets are no elements", arguments: [[], [0], [3], [-1]] as [[Int64]])
  func fewOffsets(offsets: [Int64]) throws {
    let bytes: [UInt8] = [1, 2, 3]
    try withContiguousBlobs(bytes.span.bytes, offsets: offsets.span) { source in
      let found = try wireForm(source)
      #expect(source.count == 0)
      #expect(found == [0, 0, 0, 0])
    }
  }

  @Test(
    "Memory that is one byte too small is refused",
    arguments: [1, 31, 32, 33, 63, 64, 65, 128, 192, 255, 256, 257])
  func exactMemory(byteCount: Int) throws {
    var generator = SeededGenerator(seed: UInt64(byteCount))
    let bytes = generator.bytes(count: 3 * byteCount)
    let offsets = [0, byteCount, 2 * byteCount, 3 * byteCount].map(Int64.init)
    let expected = (0..<3).flatMap { index in
      littleEndianBytes(UInt32(byteCount)) + bytes[index * byteCount..<(index + 1) * byteCount]
    }
    #expect(try write(bytes, offsets, byteCount: expected.count) == expected)
    #expect(throws: ChunkError.sourceChanged) { try write(bytes, offsets, byteCount: expected.count - 1) }
    #expect(throws: ChunkError.sourceChanged) {
      try write(bytes, offsets, byteCount: expected.count - byteCount)
    }
    #expect(throws: ChunkError.sourceChanged) { try write(bytes, offsets, byteCount: 3) }
    #expect(throws: ChunkError.sourceChanged) { try write(bytes, offsets, byteCount: 0) }
  }

  @Test("Small elements fill memory to the last byte, and one byte less is refused", arguments: 0...17)
  func exactMemoryOfMany(byteCount: Int) throws {
    var generator = SeededGenerator(seed: UInt64(byteCount))
    for count in [7, 8, 9, 16, 33] {
      let elements = generator.elements(byteCounts: Array(repeating: byteCount, count: count))
      let bytes = elements.flatMap(\.self)
      let offsets = (0...count).map { UInt32($0 * byteCount) }
      let expected = Array(referenceWireForm(elements)[4...])
      #expect(try write(bytes, offsets, byteCount: expected.count) == expected)
      #expect(try write(bytes, offsets.map { Int64($0) }, byteCount: expected.count) == expected)
      #expect(throws: ChunkError.sourceChanged) { try write(bytes, offsets, byteCount: expected.count - 1) }
    }
  }

  @Test("Among many small elements the one that is wrong is named", arguments: 0..<20)
  func invalidOffsetsOfMany(index: Int) throws {
    let bytes = [UInt8](0..<200)
    let offsets = (0...20).map { Int64($0 * 10) }
    for wrong in [-1, Int64(index * 10) - 1, 201, .max, .min] {
      var offsets = offsets
      offsets[index + 1] = wrong
      #expect(throws: ChunkError.invalidOffsets(index: index)) {
        try write(bytes, offsets, byteCount: 1000)
      }
    }
    #expect(throws: ChunkError.elementTooLarge(index: index, byteCount: 11, limit: 10)) {
      try write(
        [UInt8](0..<201), offsets.enumerated().map { $0 > index ? $1 + 1 : $1 }, byteCount: 1000,
        maximumElementByteCount: 10)
    }
  }

  @Test("An element above the limit is an error and one at the limit is not")
  func elementLimit() throws {
    let bytes = [UInt8](repeating: 1, count: 100)
    let offsets: [Int64] = [0, 20, 60, 100]
    #expect(try write(bytes, offsets, byteCount: 112, maximumElementByteCount: 40).count == 112)
    #expect(throws: ChunkError.elementTooLarge(index: 1, byteCount: 40, limit: 39)) {
      try write(bytes, offsets, byteCount: 112, maximumElementByteCount: 39)
    }
  }
}
