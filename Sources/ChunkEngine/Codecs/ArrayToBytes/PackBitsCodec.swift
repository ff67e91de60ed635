/// Packs some of the bits of each number, one number after the other, the least significant bit first.
///
///     bits 1 to 3 of four bytes     ┌ b₅₄b₃₂₁a₃₂₁ … ┐      the first byte: c₂ c₁ b₃ b₂ b₁ a₃ a₂ a₁
///
/// See [packbits](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/packbits). The parts of
/// a complex number are packed separately. Where whole numbers are packed, zarrs leaves out the byte that
/// counts the padding. The codec reads chunks without it too.
package struct PackBitsCodec: ArrayToBytesCodec, ArrayEncoder, ArrayDecoder, Hashable {
  package static var name: String { "packbits" }

  /// Where the number of the bits of padding is stored.
  package enum PaddingEncoding: String, Hashable, Sendable, CaseIterable {
    /// Nowhere.
    case none
    /// Before the packed bits.
    case firstByte = "first_byte"
    /// After the packed bits.
    case lastByte = "last_byte"
  }

  /// The numbers that are packed, one or several in an element.
  package struct Component: Hashable, Sendable {
    /// The bytes of a number in memory: 1, 2, 4 or 8.
    package let byteCount: Int
    /// The bits of a number, the others being those of its sign, or 0.
    package let bitCount: Int
    /// Whether the highest bit is that of the sign.
    package let isSigned: Bool

    /// Describes a number.
    ///
    /// - Precondition: There are 1, 2, 4 or 8 bytes, and they have as many bits.
    package init(byteCount: Int, bitCount: Int, isSigned: Bool) {
      precondition([1, 2, 4, 8].contains(byteCount), "no number has \(byteCount) bytes")
      precondition((1...8 * byteCount).contains(bitCount), "\(byteCount) bytes do not have \(bitCount) bits")
      self.byteCount = byteCount
      self.bitCount = bitCount
      self.isSigned = isSigned
    }
  }

  /// The numbers that are packed.
  package let component: Component

  /// How many of them an element has.
  package let componentCount: Int

  /// Where the number of the bits of padding is stored.
  package let paddingEncoding: PaddingEncoding

  /// The bits of each number that are packed.
  package let bits: ClosedRange<Int>

  /// Creates a codec.
  ///
  /// - Precondition: An element has a number at least, and a number has the bits.
  package init(
    _ component: Component, componentCount: Int = 1, bits: ClosedRange<Int>? = nil,
    paddingEncoding: PaddingEncoding = .none
  ) {
    let all = 0...component.bitCount - 1
    let bits = bits ?? all
    precondition(componentCount > 0, "an element has at least one number")
    precondition(bits.lowerBound >= 0 && all.contains(bits.upperBound), "a number has only the bits \(all)")
    self.component = component
    self.componentCount = componentCount
    self.bits = bits
    self.paddingEncoding = paddingEncoding
  }

  /// How a chunk is packed.
  private struct Layout {
    let numberCount: Int
    let byteCount: Int
    let packedByteCount: Int
    let paddingBitCount: UInt8
  }

  private func layout(of chunk: ChunkRepresentation) throws(ChunkError) -> Layout {
    let byteCount = try chunk.byteCount(ofElements: component.byteCount * componentCount, codec: Self.name)
    let numberCount = byteCount / component.byteCount
    let (bitCount, overflow) = numberCount.multipliedReportingOverflow(by: bits.count)
    guard !overflow, bitCount <= Int.max - 7 else {
      throw .chunkTooLarge(byteCount: byteCount, limit: Int.max / 8)
    }
    return Layout(
      numberCount: numberCount, byteCount: byteCount, packedByteCount: (bitCount + 7) / 8,
      paddingBitCount: UInt8(truncatingIfNeeded: -bitCount & 7))
  }

  package func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let layout = try layout(of: chunk)
    try source.checkByteCount(layout.byteCount, codec: Self.name)
    let padding = [layout.paddingBitCount]
    try output.reserve(layout.packedByteCount + 1)
    if paddingEncoding == .firstByte { try unsafe output.append(copying: padding.span.bytes) }
    try unsafe output.append(byteCount: layout.packedByteCount, from: source) {
      source, target throws(ChunkError) in
      // SAFETY: There are all numbers at `source`, and room for all their bits at `target`.
      switch component.byteCount {
      case 1 where component.bitCount == 1:
        unsafe TruthValueBits.leastSignificantFirst.pack(layout.numberCount, from: source, to: target)
      case 1: unsafe pack(UInt8.self, layout.numberCount, layout.packedByteCount, from: source, to: target)
      case 2: unsafe pack(UInt16.self, layout.numberCount, layout.packedByteCount, from: source, to: target)
      case 4: unsafe pack(UInt32.self, layout.numberCount, layout.packedByteCount, from: source, to: target)
      default: unsafe pack(UInt64.self, layout.numberCount, layout.packedByteCount, from: source, to: target)
      }
    }
    if paddingEncoding == .lastByte { try unsafe output.append(copying: padding.span.bytes) }
  }

  package func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let layout = try layout(of: chunk)
    try checkDecodedByteCount(layout.byteCount, limit: limit, codec: Self.name)
    let packed = try packedBits(of: source, layout)
    try unsafe output.append(byteCount: layout.byteCount, from: packed) { source, target throws(ChunkError) in
      // SAFETY: There are the bits of all numbers at `source`, and room for all numbers at `target`.
      switch component.byteCount {
      case 1 where component.bitCount == 1:
        unsafe TruthValueBits.leastSignificantFirst.unpack(layout.numberCount, from: source, to: target)
      case 1: unsafe unpack(UInt8.self, layout.numberCount, layout.packedByteCount, from: source, to: target)
      case 2: unsafe unpack(UInt16.self, layout.numberCount, layout.packedByteCount, from: source, to: target)
      case 4: unsafe unpack(UInt32.self, layout.numberCount, layout.packedByteCount, from: source, to: target)
      default:
        unsafe unpack(UInt64.self, layout.numberCount, layout.packedByteCount, from: source, to: target)
      }
    }
  }

  /// The packed bits without the byte that counts the padding, which is checked.
  @_lifetime(copy source)
  private func packedBits(of source: RawSpan, _ layout: Layout) throws(ChunkError) -> RawSpan {
    let packsAll = bits.count == component.bitCount && component.bitCount.isMultiple(of: 8)
    if paddingEncoding == .none || packsAll && source.byteCount == layout.packedByteCount {
      try source.checkByteCount(layout.packedByteCount, codec: Self.name)
      return source
    }
    try source.checkByteCount(layout.packedByteCount + 1, codec: Self.name)
    let isFirst = paddingEncoding == .firstByte
    let padding = source.byte(at: isFirst ? 0 : layout.packedByteCount)
    guard padding == layout.paddingBitCount else {
      throw .malformed(
        codec: Self.name, reason: "there are \(layout.paddingBitCount) bits of padding, not \(padding)")
    }
    return source.extracting(isFirst ? 1..<source.byteCount : 0..<layout.packedByteCount)
  }
}

/// The loops over numbers, with up to 64 bits at a time in a register.
extension PackBitsCodec {
  /// Packs the bits of `count` numbers.
  ///
  /// - Precondition: Both sides have room for them.
  func pack<Word: FixedWidthInteger & UnsignedInteger & RealNumber>(
    _: Word.Type, _ count: Int, _ packedByteCount: Int, from source: UnsafeRawPointer,
    to target: UnsafeMutableRawPointer
  ) {
    let (first, width) = (bits.lowerBound, bits.count)
    let mask = UInt64.max >> (64 - width)
    var register: UInt64 = 0
    var filled = 0
    var position = 0
    for index in 0..<count {
      let word = unsafe UInt64(truncatingIfNeeded: Word.load(source, at: index))
      let value = word &>> UInt64(first) & mask
      register |= value << filled
      filled += width
      if filled >= 64 {
        unsafe target.storeBytes(of: register.littleEndian, toByteOffset: position, as: UInt64.self)
        position += 8
        filled -= 64
        // The bits that did not fit, if any.
        register = value >> (width - filled)
      }
    }
    while position < packedByteCount {
      unsafe target.storeBytes(
        of: UInt8(truncatingIfNeeded: register), toByteOffset: position, as: UInt8.self)
      register >>= 8
      position += 1
    }
  }

  /// Unpacks the bits of `count` numbers.
  ///
  /// - Precondition: Both sides have room for them.
  func unpack<Word: FixedWidthInteger & UnsignedInteger & RealNumber>(
    _: Word.Type, _ count: Int, _ packedByteCount: Int, from source: UnsafeRawPointer,
    to target: UnsafeMutableRawPointer
  ) {
    let (first, width) = (bits.lowerBound, bits.count)
    let mask = UInt64.max >> (64 - width)
    let unused = component.isSigned ? 64 - width : 0
    var register: UInt64 = 0
    var filled = 0
    var position = 0
    for index in 0..<count {
      var value = register
      if filled < width {
        let (next, nextCount) = unsafe load(source, at: position, packedByteCount)
        position += 8
        value |= next << filled
        register = next >> (width - filled)
        filled = nextCount - (width - filled)
      } else {
        register >>= width
        filled -= width
      }
      value &= mask
      // The sign goes all the way up.
      let number = (Int64(bitPattern: value << unused) >> unused) << first
      unsafe Word(truncatingIfNeeded: number).store(target, at: index)
    }
  }

  /// The next eight bytes, or those that are left, and how many bits they have.
  private func load(_ source: UnsafeRawPointer, at position: Int, _ byteCount: Int) -> (UInt64, Int) {
    guard position + 8 > byteCount else {
      return (
        UInt64(littleEndian: unsafe source.loadUnaligned(fromByteOffset: position, as: UInt64.self)), 64
      )
    }
    var bits: UInt64 = 0
    for index in position..<max(position, byteCount) {
      bits |= UInt64(unsafe source.load(fromByteOffset: index, as: UInt8.self)) << (8 * (index - position))
    }
    return (bits, 8 * max(0, byteCount - position))
  }
}
