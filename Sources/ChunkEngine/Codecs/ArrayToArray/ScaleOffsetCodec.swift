/// Stores numbers with an offset taken away and a factor put in, as numbers of the same type.
///
///     encoded = (x − offset) · scale        decoded = encoded / scale + offset
///
/// See [scale_offset](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/scale_offset).
/// Integers that would become too large are an error, and so are stored ones that the factor does not divide,
/// as in zarr-python.
package struct ScaleOffsetCodec: ArrayToArrayCodec, Hashable {
  package static var name: String { "scale_offset" }

  /// What the numbers are.
  package let type: NumberType

  /// The bits of the constants as numbers of the type.
  private let offset: UInt64
  private let scale: UInt64

  /// Whether the codec computes with such numbers.
  package static func supports(_ type: NumberType) -> Bool { !type.isComplex && type != .bool }

  /// Creates a codec.
  ///
  /// The constants are bytes as they lie in memory.
  ///
  /// - Precondition: The codec ``supports(_:)`` the type, and the constants have as many bytes as it.
  package init(type: NumberType, offset: [UInt8], scale: [UInt8]) {
    precondition(Self.supports(type), "such numbers are not computed with")
    precondition(
      offset.count == type.byteCount && scale.count == type.byteCount,
      "a constant has other bytes than \(type)")
    self.type = type
    self.offset = UInt64(littleEndian: offset)
    self.scale = UInt64(littleEndian: scale)
  }

  package func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation
  {
    _ = try chunk.byteCount(ofElements: type.byteCount, codec: Self.name)
    return chunk
  }

  package func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    guard let index = try run(source, of: chunk, decodes: false, into: &output) else { return }
    throw .unencodable(codec: Self.name, reason: "element \(index) becomes too large for \(type)")
  }

  package func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try checkDecodedByteCount(source.byteCount, limit: limit, codec: Self.name)
    guard let index = try run(source, of: chunk, decodes: true, into: &output) else { return }
    throw .malformed(codec: Self.name, reason: "element \(index) is nothing that becomes of \(type)")
  }

  /// Computes with all numbers, and returns the index of the first for which there is no result.
  private func run(
    _ source: RawSpan, of chunk: ChunkRepresentation, decodes: Bool, into output: inout ByteArena
  ) throws(ChunkError) -> Int? {
    let byteCount = try chunk.byteCount(ofElements: type.byteCount, codec: Self.name)
    try source.checkByteCount(byteCount, codec: Self.name)
    var failure: Int?
    try unsafe output.append(byteCount: byteCount, from: source) { source, target throws(ChunkError) in
      // SAFETY: Both sides have the bytes of all elements.
      failure = try unsafe type.accept(
        Loop(
          offset: offset, scale: scale, decodes: decodes, count: chunk.elementCount, source: source,
          target: target))
    }
    return failure
  }

  @safe
  private struct Loop: RealNumberVisitor {
    let offset: UInt64
    let scale: UInt64
    let decodes: Bool
    let count: Int
    let source: UnsafeRawPointer
    let target: UnsafeMutableRawPointer

    func visit<Number: RealNumber>(_: Number.Type) -> Int? {
      let offset = Number(bits: Number.Bits(truncatingIfNeeded: offset))
      let scale = Number(bits: Number.Bits(truncatingIfNeeded: scale))
      for index in 0..<count {
        // SAFETY: Both sides have room for `count` numbers.
        let number = unsafe Number.load(source, at: index)
        guard let result = decodes ? number.unscaled(scale, offset) : number.scaled(scale, offset) else {
          return index
        }
        unsafe result.store(target, at: index)
      }
      return nil
    }
  }
}

extension RealNumber {
  /// The number with an offset taken away and a factor put in, or nil if it becomes too large.
  @inline(__always)
  fileprivate func scaled(_ scale: Self, _ offset: Self) -> Self? {
    guard Self.kind.isInteger else { return .product(.difference(self, offset), scale) }
    // Twice as many bits as the numbers have take any product.
    let (product, overflow) = (wideInteger - offset.wideInteger).multipliedReportingOverflow(
      by: scale.wideInteger)
    return overflow ? nil : Self(exactly: product)
  }

  /// The number divided by a factor, with an offset, or nil if there is none.
  @inline(__always)
  fileprivate func unscaled(_ scale: Self, _ offset: Self) -> Self? {
    guard Self.kind.isInteger else { return .sum(.quotient(self, scale), offset) }
    let scale = scale.wideInteger
    guard scale != 0, wideInteger % scale == 0 else { return nil }
    return Self(exactly: wideInteger / scale + offset.wideInteger)
  }
}
