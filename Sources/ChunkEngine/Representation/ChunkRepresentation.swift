/// What the bytes of a chunk stand for, in front of a codec: how many elements along each axis, and how they
/// lie in memory.
public struct ChunkRepresentation: Hashable, Sendable {
  /// The number of elements along each axis.
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
    var count = 1
    var overflows = false
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      overflows = overflows || overflow || length < 0
      count = product
    }
    if case .fixed(let byteCount) = layout {
      overflows = overflows || byteCount < 0 || count.multipliedReportingOverflow(by: byteCount).overflow
    }
    guard !overflows else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
    self.shape = shape
    self.layout = layout
    elementCount = count
  }

  /// The bytes that a chunk has, or nil if its elements are of any size.
  public var byteCount: Int? {
    switch layout {
    case .variable: nil
    case .fixed(let byteCount): elementCount * byteCount
    }
  }
}
