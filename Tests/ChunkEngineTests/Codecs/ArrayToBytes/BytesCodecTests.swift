import ChunkEngine
import TestSupport
import Testing

@Suite("bytes")
struct BytesCodecTests {
  @Test("Little-endian numbers are stored as they lie in memory")
  func little() throws {
    let codec = BytesCodec(byteOrder: .little, scalarByteCounts: [4])
    #expect(codec.isIdentity)
    let numbers = packedBytes([1, -2, 0x1234_5678] as [Int32])
    #expect(numbers == bytes(1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x78, 0x56, 0x34, 0x12))
    #expect(try codec.encoded(numbers, shape: [3], layout: .fixed(byteCount: 4)) == numbers)
    #expect(try codec.decoded(numbers, shape: [3], layout: .fixed(byteCount: 4)) == numbers)
    #expect(BytesCodec(byteOrder: .big, scalarByteCounts: [1, 1]).isIdentity)
  }

  // The bytes are those of numpy: numpy.array(…, dtype='>i2').tobytes() and so on.
  @Test(
    "Big-endian numbers are turned round, the parts of an element each by itself",
    arguments: [
      ([2], packedBytes([1, -2] as [Int16]), bytes(0, 1, 0xff, 0xfe)),
      ([4], packedBytes([1.5, -2] as [Float]), bytes(0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0)),
      ([8], packedBytes([0.1]), bytes(0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a)),
      // complex64: 1 + 2j
      ([4, 4], packedBytes([1, 2] as [Float]), bytes(0x3f, 0x80, 0, 0, 0x40, 0, 0, 0)),
      // complex128: 1 - 1j
      (
        [8, 8], packedBytes([1, -1] as [Double]),
        bytes(0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xbf, 0xf0, 0, 0, 0, 0, 0, 0)
      ),
      // A structure of u1, i4 and i2, two times: (1, 2, 3), (4, 5, 6).
      (
        [1, 4, 2], bytes(1, 2, 0, 0, 0, 3, 0, 4, 5, 0, 0, 0, 6, 0),
        bytes(1, 0, 0, 0, 2, 0, 3, 4, 0, 0, 0, 5, 0, 6)
      ),
      ([3], bytes(1, 2, 3, 4, 5, 6), bytes(3, 2, 1, 6, 5, 4)),
    ] as [([UInt8], [UInt8], [UInt8])])
  func big(widths: [UInt8], memory: [UInt8], stored: [UInt8]) throws {
    let codec = BytesCodec(byteOrder: .big, scalarByteCounts: widths)
    let elementByteCount = widths.reduce(0) { $0 + Int($1) }
    let (shape, layout) = (
      [memory.count / elementByteCount], ElementLayout.fixed(byteCount: elementByteCount)
    )
    #expect(try codec.encoded(memory, shape: shape, layout: layout) == stored)
    #expect(try codec.decoded(stored, shape: shape, layout: layout) == memory)
  }

  @Test(
    "Any number of elements of any width comes back",
    arguments: [[1], [2], [4], [8], [8, 8], [2, 1, 8]] as [[UInt8]])
  func roundTrip(widths: [UInt8]) throws {
    var generator = SeededGenerator(seed: 0xB17E)
    let elementByteCount = widths.reduce(0) { $0 + Int($1) }
    let layout = ElementLayout.fixed(byteCount: elementByteCount)
    for count in [0, 1, 2, 7, 64, 1001] {
      let memory = generator.bytes(count: count * elementByteCount)
      for order in ByteOrder.allCases {
        let codec = BytesCodec(byteOrder: order, scalarByteCounts: widths)
        let stored = try codec.encoded(memory, shape: [count], layout: layout)
        #expect(stored.count == memory.count)
        #expect(try codec.decoded(stored, shape: [count], layout: layout) == memory)
      }
    }
  }

  @Test("Another number of bytes than the elements have is refused", arguments: ByteOrder.allCases)
  func wrongByteCount(order: ByteOrder) {
    let codec = BytesCodec(byteOrder: order, scalarByteCounts: [4])
    for count in [0, 1, 4, 7, 9, 12] {
      let error = ChunkError.byteCountMismatch(codec: "bytes", found: count, expected: 8)
      #expect(throws: error) {
        try codec.decoded([UInt8](repeating: 1, count: count), shape: [2], layout: .fixed(byteCount: 4))
      }
    }
    #expect(throws: ChunkError.decodedByteCountExceedsLimit(codec: "bytes", byteCount: 8, limit: 7)) {
      try codec.decoded([UInt8](repeating: 1, count: 8), shape: [2], layout: .fixed(byteCount: 4), limit: 7)
    }
  }

  @Test("Elements of another size than the codec was made for are refused")
  func wrongLayout() {
    let codec = BytesCodec(byteOrder: .big, scalarByteCounts: [4])
    for layout in [ElementLayout.variable, .fixed(byteCount: 8)] {
      #expect(throws: ChunkError.self) { try codec.encoded([0, 0, 0, 0], shape: [1], layout: layout) }
    }
  }
}
