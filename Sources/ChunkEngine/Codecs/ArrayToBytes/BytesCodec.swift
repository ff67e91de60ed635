/// Stores elements of one size back to back, each number in the byte order that the metadata states.
///
///     in memory    ┌ 01 00 ┬ 02 00 ┬ …        little-endian, always
///     big          ┌ 00 01 ┬ 00 02 ┬ …        each number of an element is reversed by itself
///
/// See [bytes](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/bytes/index.html). The parts of a complex number,
/// and the fields of a structure, are separate numbers.
public struct BytesCodec: ArrayToBytesCodec, ArrayEncoder, ArrayDecoder, Hashable {
  public static var name: String { "bytes" }

  /// The byte order of stored numbers.
  public let byteOrder: ByteOrder

  /// The widths in bytes of the numbers that an element consists of, in order; 1 for bytes that are never
  /// reversed.
  public let scalarByteCounts: [UInt8]

  /// The bytes of an element.
  let elementByteCount: Int

  /// Creates a codec for elements of one size.
  ///
  /// - Precondition: Widths are at least 1.
  public init(byteOrder: ByteOrder, scalarByteCounts: [UInt8]) {
    precondition(scalarByteCounts.allSatisfy { $0 > 0 }, "a number has at least one byte")
    self.byteOrder = byteOrder
    self.scalarByteCounts = scalarByteCounts
    elementByteCount = scalarByteCounts.reduce(0) { $0 + Int($1) }
  }

  public var isIdentity: Bool { byteOrder == .little || scalarByteCounts.allSatisfy { $0 == 1 } }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try convert(source, of: chunk, into: &output)
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try checkDecodedByteCount(source.byteCount, limit: limit, codec: Self.name)
    try convert(source, of: chunk, into: &output)
  }

  /// Encodes and decodes: reversing twice restores the bytes.
  private func convert(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let byteCount = try chunk.byteCount(ofElements: elementByteCount, codec: Self.name)
    try source.checkByteCount(byteCount, codec: Self.name)
    guard !isIdentity else { return try output.append(copying: source) }
    let width = scalarByteCounts.first.flatMap { first in
      scalarByteCounts.allSatisfy { $0 == first } ? first : nil
    }
    try unsafe output.append(byteCount: byteCount, from: source) { source, target throws(ChunkError) in
      // SAFETY: Both sides have `byteCount` bytes, which is a multiple of the width or of the element.
      switch width {
      case 2: unsafe swapEach(UInt16.self, from: source, to: target, byteCount: byteCount)
      case 4: unsafe swapEach(UInt32.self, from: source, to: target, byteCount: byteCount)
      case 8: unsafe swapEach(UInt64.self, from: source, to: target, byteCount: byteCount)
      default: unsafe swapPattern(from: source, to: target, elementCount: chunk.elementCount)
      }
    }
  }

  /// Reverses the bytes of each number, all of one width.
  private func swapEach<Word: FixedWidthInteger & BitwiseCopyable>(
    _: Word.Type, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) {
    for index in 0..<byteCount / MemoryLayout<Word>.size {
      let offset = index &* MemoryLayout<Word>.size
      let word = unsafe source.loadUnaligned(fromByteOffset: offset, as: Word.self)
      unsafe target.storeBytes(of: word.byteSwapped, toByteOffset: offset, as: Word.self)
    }
  }

  /// Reverses the bytes of each number of elements that consist of numbers of different widths.
  private func swapPattern(
    from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, elementCount: Int
  ) {
    var start = 0
    for _ in 0..<elementCount {
      for width in scalarByteCounts.lazy.map(Int.init) {
        for position in 0..<width {
          unsafe target.storeBytes(
            of: source.load(fromByteOffset: start &+ width &- 1 &- position, as: UInt8.self),
            toByteOffset: start &+ position, as: UInt8.self)
        }
        start &+= width
      }
    }
  }
}
