/// Rounds numbers to fewer bits, and leaves them rounded when it decodes.
///
///     float32     ┌ sign ┬ exponent ┬ kept bits of the fraction ┬ 0 … 0 ┐
///     integer     ┌ 0 … 0 ┬ kept bits, the first of them 1 ┬ 0 … 0 ┐
///
/// See [bitround](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/bitround). A number
/// halfway between two others becomes the one whose last kept bit is 0. The rounding of a fraction may carry
/// over into the exponent, up to infinity. Where it would carry out of the number, as with the largest
/// integers and some NaNs, the low bits are cut off instead, as zarrs does. numcodecs, which only rounds
/// floating-point numbers, drops the carry, so that such a NaN becomes 0.
package struct BitRoundCodec: ArrayToArrayCodec, Hashable {
  package static var name: String { "bitround" }

  /// The bits that are kept; numbers that have no more stay as they are.
  package let keptBitCount: Int

  /// What the numbers are, or the parts of complex ones.
  package let type: NumberType

  /// The parts of a number.
  package let partCount: Int

  /// Whether a floating-point number loses a carry, as with numcodecs.
  package let losesCarry: Bool

  /// Creates a codec.
  ///
  /// - Precondition: `keptBitCount` is not negative, a number has a part, and `type` is neither `bool` nor
  ///   complex.
  package init(keptBitCount: Int, type: NumberType, partCount: Int = 1, losesCarry: Bool = false) {
    precondition(keptBitCount >= 0, "a number cannot keep \(keptBitCount) bits")
    precondition(type != .bool && !type.isComplex, "\(type) is not rounded")
    precondition(partCount > 0, "a number has at least one part")
    self.keptBitCount = keptBitCount
    self.type = type
    self.partCount = partCount
    self.losesCarry = losesCarry
  }

  /// The bits of the fraction of a floating-point number.
  private var fractionBitCount: Int? {
    switch type {
    case .float16: 10
    case .bfloat16: 7
    case .float32: 23
    case .float64: 52
    default: nil
    }
  }

  package var isIdentity: Bool { keptBitCount >= fractionBitCount ?? 8 * type.byteCount }

  package func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation
  {
    _ = try chunk.byteCount(ofElements: partCount * type.byteCount, codec: Self.name)
    return chunk
  }

  package func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let byteCount = try chunk.byteCount(ofElements: partCount * type.byteCount, codec: Self.name)
    try source.checkByteCount(byteCount, codec: Self.name)
    guard !isIdentity else { return try output.append(copying: source) }
    try unsafe output.append(byteCount: byteCount, from: source) { source, target throws(ChunkError) in
      // SAFETY: Both sides have `byteCount` bytes, which is a multiple of the width of the parts.
      switch type.byteCount {
      case 1: unsafe round(UInt8.self, from: source, to: target, byteCount: byteCount)
      case 2: unsafe round(UInt16.self, from: source, to: target, byteCount: byteCount)
      case 4: unsafe round(UInt32.self, from: source, to: target, byteCount: byteCount)
      default: unsafe round(UInt64.self, from: source, to: target, byteCount: byteCount)
      }
    }
  }

  package func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let byteCount = try chunk.byteCount(ofElements: partCount * type.byteCount, codec: Self.name)
    try checkDecodedByteCount(byteCount, limit: limit, codec: Self.name)
    try source.checkByteCount(byteCount, codec: Self.name)
    try output.append(copying: source)
  }

  private func round<Word: FixedWidthInteger & UnsignedInteger & RealNumber>(
    _: Word.Type, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) {
    let count = byteCount / MemoryLayout<Word>.size
    if let fractionBitCount {
      let droppedBitCount = Word(truncatingIfNeeded: fractionBitCount - keptBitCount)
      for index in 0..<count {
        let word = unsafe Word.load(source, at: index)
        unsafe rounded(word, droppedBitCount, losesCarry: losesCarry).store(target, at: index)
      }
    } else {
      let keptBitCount = keptBitCount
      for index in 0..<count {
        var word = unsafe Word.load(source, at: index)
        let droppedBitCount = Word.bitWidth &- word.leadingZeroBitCount &- keptBitCount
        if droppedBitCount == Word.bitWidth {
          word = 0
        } else if droppedBitCount > 0 {
          word = rounded(word, Word(truncatingIfNeeded: droppedBitCount), losesCarry: false)
        }
        unsafe word.store(target, at: index)
      }
    }
  }

  /// The bits of a number with the lowest `count` ones rounded away.
  ///
  /// - Precondition: `count` is at least 1 and less than the width.
  @inline(__always)
  private func rounded<Word: FixedWidthInteger & UnsignedInteger>(
    _ word: Word, _ count: Word, losesCarry: Bool
  ) -> Word {
    // Just below half of the last bit that is kept, and half if that bit is 1.
    let half = (1 &<< (count &- 1)) &- 1 &+ ((word &>> count) & 1)
    let (sum, hasCarry) = word.addingReportingOverflow(half)
    return ((hasCarry && !losesCarry ? ~0 : sum) &>> count) &<< count
  }
}
