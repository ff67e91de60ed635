import ChunkEngine
import TestSupport
import Testing

@Suite("packbits")
struct PackBitsCodecTests {
  private static let truthValue = PackBitsCodec.Component(byteCount: 1, bitCount: 1, isSigned: false)

  /// A chunk that zarrs packed.
  struct Sample: CustomTestStringConvertible, Sendable {
    let codec: PackBitsCodec
    let memory: [UInt8]
    let packed: [UInt8]
    /// What comes back, if that is not what was packed.
    var unpacked: [UInt8]?
    var testDescription: String { "\(codec.component) \(codec.bits) \(codec.paddingEncoding)" }

    init(
      _ memory: [UInt8], _ packed: [UInt8], unpacked: [UInt8]? = nil, signed: Bool = false, width: Int = 1,
      bitCount: Int? = nil, count: Int = 1, _ bits: ClosedRange<Int>? = nil,
      _ padding: PackBitsCodec.PaddingEncoding = .none
    ) {
      let component = PackBitsCodec.Component(
        byteCount: width, bitCount: bitCount ?? 8 * width, isSigned: signed)
      codec = PackBitsCodec(component, componentCount: count, bits: bits, paddingEncoding: padding)
      self.memory = memory
      self.packed = packed
      self.unpacked = unpacked
    }
  }

  // The bytes that zarrs 0.23 stores.
  static let samples = [
    Sample(bytes(1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1), bytes(0xe7, 7), bitCount: 1),
    Sample(bytes(1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1), bytes(5, 0xe7, 7), bitCount: 1, nil, .firstByte),
    Sample(bytes(1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1), bytes(0xe7, 7, 5), bitCount: 1, nil, .lastByte),
    Sample((0..<12).map(UInt8.init), bytes(0x20, 0x88, 0x41, 0x8a, 0x39, 0x28, 0xa9, 0x05), 0...4),
    // int8: -1, -2, 7, -8, 0, 3
    Sample(
      bytes(0xff, 0xfe, 0x07, 0xf8, 0, 3), bytes(0xef, 0x87, 0x30), signed: true, 0...3),
    // int16: -1, -2, 255, -200, 0, 3
    Sample(
      packedBytes([-1, -2, 255, -200, 0, 3] as [Int16]), bytes(0xff, 0xfb, 0xff, 0x0f, 0xce, 0, 0x0c, 0),
      signed: true, width: 2, 0...9),
    // int16: 0 to 11, of which the lowest bit is lost
    Sample(
      packedBytes(Array(0..<12) as [Int16]),
      bytes(0, 0, 4, 8, 0x20, 0x40, 0xc0, 0x80, 1, 4, 8, 0x14, 0x28, 0, 4),
      unpacked: packedBytes([0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10] as [Int16]), signed: true, width: 2, 1...9,
      .lastByte),
    // complex64: 1.5 - 2j, 0.1 + 7j
    Sample(
      packedBytes([1.5, -2, 0.1, 7] as [Float]), bytes(0xc0, 0x3f, 0, 0xc0, 0xcc, 0x3d, 0xe0, 0x40),
      unpacked: bytes(0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0xcc, 0x3d, 0, 0, 0xe0, 0x40), width: 4,
      count: 2,
      16...31),
    // float64: 1.5, 2.25, -3
    Sample(
      packedBytes([1.5, 2.25, -3]), bytes(0, 0xf8, 0x3f, 0, 2, 0x40, 0, 8, 0xc0), width: 8, 40...63),
    // float16: 1.5, 2.25, -3
    Sample(
      packedBytes([1.5, 2.25, -3] as [Float16]), bytes(0xe0, 0x83, 0x40, 0x20, 0x0c), width: 2, 4...15),
  ]

  @Test("Numbers are packed as zarrs packs them", arguments: samples)
  func zarrs(sample: Sample) throws {
    let byteCount = sample.codec.component.byteCount * sample.codec.componentCount
    let (shape, layout) = ([sample.memory.count / byteCount], ElementLayout.fixed(byteCount: byteCount))
    #expect(try sample.codec.encoded(sample.memory, shape: shape, layout: layout) == sample.packed)
    let unpacked = try sample.codec.decoded(sample.packed, shape: shape, layout: layout)
    #expect(unpacked == sample.unpacked ?? sample.memory)
  }

  /// Packs bit by bit.
  private func packed(_ numbers: [UInt64], _ bits: ClosedRange<Int>) -> [UInt8] {
    var packed: [UInt8] = []
    var count = 0
    for number in numbers {
      for bit in bits {
        if count.isMultiple(of: 8) { packed.append(0) }
        packed[packed.count - 1] |= UInt8(truncatingIfNeeded: number >> bit & 1) << (count % 8)
        count += 1
      }
    }
    return packed
  }

  @Test("Any bits of any number of numbers are packed, and come back", arguments: [1, 2, 4, 8])
  func anyBits(width: Int) throws {
    var generator = SeededGenerator(seed: UInt64(width))
    let layout = ElementLayout.fixed(byteCount: width)
    for _ in 0..<60 {
      let first = Int.random(in: 0..<8 * width, using: &generator)
      let last = Int.random(in: first..<8 * width, using: &generator)
      let count = Int.random(in: 0...40, using: &generator)
      let isSigned = Bool.random(using: &generator)
      let memory = generator.bytes(count: width * count)
      let numbers = (0..<count).map { index in
        memory[width * index..<width * (index + 1)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      }
      let codec = PackBitsCodec(
        .init(byteCount: width, bitCount: 8 * width, isSigned: isSigned), bits: first...last)
      let encoded = try codec.encoded(memory, shape: [count], layout: layout)
      #expect(encoded == packed(numbers, first...last), "\(first)...\(last) of \(count)")
      let expected = numbers.flatMap { number in
        let unused = 63 - last
        let top = number << unused
        let kept = isSigned ? UInt64(bitPattern: Int64(bitPattern: top) >> unused) : top >> unused
        return littleEndianBytes((kept >> first) << first).prefix(width)
      }
      #expect(
        try codec.decoded(encoded, shape: [count], layout: layout) == expected,
        "\(first)...\(last) of \(count)")
    }
  }

  @Test("Everything but 0 is true")
  func truth() throws {
    let codec = PackBitsCodec(Self.truthValue)
    let packed = try codec.encoded([0, 1, 2, 0x80, 0xff, 0], shape: [6], layout: .fixed(byteCount: 1))
    #expect(packed == [0b0001_1110])
    #expect(try codec.decoded(packed, shape: [6], layout: .fixed(byteCount: 1)) == [0, 1, 1, 1, 1, 0])
  }

  @Test(
    "Bytes that are not those of the chunk are refused", arguments: PackBitsCodec.PaddingEncoding.allCases)
  func wrongByteCount(padding: PackBitsCodec.PaddingEncoding) throws {
    let codec = PackBitsCodec(Self.truthValue, paddingEncoding: padding)
    let layout = ElementLayout.fixed(byteCount: 1)
    let packed = try codec.encoded([1, 0, 1, 1, 1, 1, 1, 1, 1, 1], shape: [10], layout: layout)
    for count in 0..<packed.count {
      #expect(throws: ChunkError.self) {
        try codec.decoded(Array(packed[..<count]), shape: [10], layout: layout)
      }
    }
    #expect(throws: ChunkError.self) { try codec.decoded(packed + [0], shape: [10], layout: layout) }
    #expect(throws: ChunkError.self) { try codec.decoded(packed, shape: [17], layout: layout) }
    #expect(throws: ChunkError.decodedByteCountExceedsLimit(codec: "packbits", byteCount: 10, limit: 9)) {
      try codec.decoded(packed, shape: [10], layout: layout, limit: 9)
    }
    #expect(throws: ChunkError.self) { try codec.encoded([1], shape: [2], layout: layout) }
    #expect(throws: ChunkError.self) { try codec.encoded([1], shape: [1], layout: .variable) }
    #expect(throws: ChunkError.self) { try codec.decoded([], shape: [.max], layout: layout) }
    #expect(
      try codec.decoded(codec.encoded([], shape: [0], layout: layout), shape: [0], layout: layout) == [])
  }

  @Test("A wrong count of padding bits is refused")
  func wrongPadding() throws {
    for (codec, packed) in [
      (PackBitsCodec(Self.truthValue, paddingEncoding: .firstByte), bytes(5, 7)),
      (PackBitsCodec(Self.truthValue, paddingEncoding: .lastByte), bytes(7, 5)),
    ] {
      #expect(try codec.decoded(packed, shape: [3], layout: .fixed(byteCount: 1)) == [1, 1, 1])
      for shape in [[1], [2], [4], [8]] {
        #expect(throws: ChunkError.self) {
          try codec.decoded(packed, shape: shape, layout: .fixed(byteCount: 1))
        }
      }
    }
  }

  @Test("Whole numbers are read with and without the count of padding bits")
  func wholeNumbers() throws {
    let numbers = packedBytes([1, 2, 3] as [UInt16])
    let component = PackBitsCodec.Component(byteCount: 2, bitCount: 16, isSigned: false)
    let layout = ElementLayout.fixed(byteCount: 2)
    for (padding, packed) in [(.firstByte, [0] + numbers), (.lastByte, numbers + [0]), (.none, numbers)]
      as [(PackBitsCodec.PaddingEncoding, [UInt8])]
    {
      let codec = PackBitsCodec(component, paddingEncoding: padding)
      #expect(try codec.encoded(numbers, shape: [3], layout: layout) == packed)
      #expect(try codec.decoded(packed, shape: [3], layout: layout) == numbers)
      // zarrs leaves it out.
      #expect(try codec.decoded(numbers, shape: [3], layout: layout) == numbers)
    }
  }
}
