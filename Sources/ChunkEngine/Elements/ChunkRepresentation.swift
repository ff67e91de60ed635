/// What the bytes of a chunk mean before a codec: the number of elements along each dimension, and their
/// layout in memory.
public struct ChunkRepresentation: Hashable, Sendable {
  /// The number of elements along each dimension.
  public let shape: [Int]

  /// How the elements lie in memory.
  public let layout: ElementLayout

  /// The number of elements.
  public let elementCount: Int

  /// Describes a chunk.
  ///
  /// - Throws: ``ChunkError/chunkTooLarge(byteCount:limit:)`` if an `Int` cannot hold the number of elements
  ///   or, for a fixed layout, of their bytes.
  public init(shape: [Int], layout: ElementLayout) throws(ChunkError) {
    var count = RowMajor.count(of: shape)
    if case .fixed(let byteCount) = layout, let elementCount = count,
      byteCount < 0 || elementCount.multipliedReportingOverflow(by: byteCount).overflow
    {
      count = nil
    }
    guard let count else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
    self.shape = shape
    self.layout = layout
    elementCount = count
  }

  /// The byte count of the chunk, or nil if its elements have variable size.
  public var byteCount: Int? {
    switch layout {
    case .variable: nil
    case .fixed(let byteCount): elementCount * byteCount
    }
  }
}

/// How the elements of a chunk lie in memory, before all codecs.
///
///     variable    ┌ u32 count ┬ u32 byteCount₀ ┬ bytes₀ ┬ u32 byteCount₁ ┬ bytes₁ ┬ …      see ``WireForm``
///     fixed       ┌ bytes₀ ┬ bytes₁ ┬ bytes₂ ┬ …                                  no header, no padding
///
/// Numbers are little-endian, whatever order they are stored in. An optional element has a byte in front: 1
/// if it is present, 0 if it is absent. After a 0, an element of fixed size has zeros, and one of variable
/// size has nothing.
public enum ElementLayout: Hashable, Sendable {
  /// Elements of any size, in ``WireForm``.
  case variable
  /// Elements of one size, back to back.
  case fixed(byteCount: Int)

  /// The byte count of every element if the size is fixed, otherwise nil.
  public var fixedByteCount: Int? {
    if case .fixed(let byteCount) = self { byteCount } else { nil }
  }
}

/// A number in memory, named as in Zarr v3 metadata.
public enum NumberType: String, Hashable, Sendable, CaseIterable {
  case bool
  case int8
  case int16
  case int32
  case int64
  case uint8
  case uint16
  case uint32
  case uint64
  case float16
  case bfloat16
  case float32
  case float64
  case complex64
  case complex128

  /// The bytes of a number.
  public var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64, .complex64: 8
    case .complex128: 16
    }
  }
}

/// The order in which the bytes of a number are stored, named as in Zarr v3 metadata.
public enum ByteOrder: String, Hashable, Sendable, CaseIterable {
  /// The least significant byte first, as in memory.
  case little
  /// The most significant byte first.
  case big
}

extension ChunkRepresentation {
  /// The byte count of the chunk, whose elements must have `elementByteCount` bytes each.
  ///
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` if they have another size.
  func byteCount(ofElements elementByteCount: Int, codec: String) throws(ChunkError) -> Int {
    guard layout == .fixed(byteCount: elementByteCount), let byteCount else {
      throw .unencodable(codec: codec, reason: "its elements do not have \(elementByteCount) bytes each")
    }
    return byteCount
  }
}

extension RawSpan {
  /// Checks that there are exactly `expected` bytes.
  ///
  /// - Throws: ``ChunkError/byteCountMismatch(codec:found:expected:)`` if there are not.
  func checkByteCount(_ expected: Int, codec: String) throws(ChunkError) {
    guard byteCount == expected else {
      throw .byteCountMismatch(codec: codec, found: byteCount, expected: expected)
    }
  }
}

/// Checks that `byteCount` bytes may be decoded.
///
/// - Throws: ``ChunkError/decodedByteCountExceedsLimit(codec:byteCount:limit:)`` if they exceed `limit`.
func checkDecodedByteCount(_ byteCount: Int, limit: Int, codec: String) throws(ChunkError) {
  guard byteCount <= limit else {
    throw .decodedByteCountExceedsLimit(codec: codec, byteCount: byteCount, limit: limit)
  }
}
