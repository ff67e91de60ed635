/// Gives a chunk another shape with as many elements, in the same order.
///
///     [100, 50, 64, 3]  ── [[0, 1], [2], 3] ──▶  [5000, 64, 3]
///
/// See [reshape](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/reshape).
public struct ReshapeCodec: BytesKeepingCodec, Hashable {
  public static var name: String { "reshape" }

  /// How long an axis of the encoded chunk is.
  public enum Length: Hashable, Sendable {
    /// As many elements.
    case count(Int)
    /// As long as these axes of the chunk together.
    case axes([Int])
    /// As long as the other axes leave it to be.
    case rest
  }

  /// The length of each axis of the encoded chunk.
  public let lengths: [Length]

  /// Creates a codec.
  public init(lengths: [Length]) {
    self.lengths = lengths
  }

  public func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation {
    try checkAxes(of: chunk)
    var shape: [Int] = []
    var restAxis: Int?
    for length in lengths {
      switch length {
      case .count(let count):
        guard count > 0 else { throw error("an axis has the length \(count)") }
        shape.append(count)
      case .axes(let axes):
        // The product of some lengths of a chunk that has an element is at most the number of its elements.
        shape.append(try Self.product(axes.map { chunk.shape[$0] }))
      case .rest:
        guard restAxis == nil else { throw error("more than one axis takes the rest") }
        restAxis = shape.count
        shape.append(1)
      }
    }
    let known = try Self.product(shape)
    if let restAxis {
      guard known > 0, chunk.elementCount.isMultiple(of: known) else {
        throw error("\(chunk.elementCount) elements cannot be shared out among \(known)")
      }
      shape[restAxis] = chunk.elementCount / known
    } else if known != chunk.elementCount {
      throw error("a chunk of \(chunk.elementCount) elements cannot have the shape \(shape)")
    }
    try checkPlaces(in: shape, of: chunk)
    return try ChunkRepresentation(shape: shape, layout: chunk.layout)
  }

  /// Checks that the axes which are named are there, and in the order of the chunk.
  private func checkAxes(of chunk: ChunkRepresentation) throws(ChunkError) {
    var last = -1
    for case .axes(let axes) in lengths {
      for axis in axes {
        guard chunk.shape.indices.contains(axis) else {
          throw error("there is no axis \(axis) among \(chunk.shape.count)")
        }
        guard axis > last else { throw error("axis \(axis) stands behind axis \(last)") }
        last = axis
      }
    }
  }

  /// Checks that an axis which is made of others has as many elements in front of it and behind it as these
  /// have, so that its indices are theirs.
  private func checkPlaces(in shape: [Int], of chunk: ChunkRepresentation) throws(ChunkError) {
    for (position, length) in lengths.enumerated() {
      guard case .axes(let axes) = length, let first = axes.first, let last = axes.last else { continue }
      guard try Self.product(shape[..<position]) == Self.product(chunk.shape[..<first]),
        try Self.product(shape[(position + 1)...]) == Self.product(chunk.shape[(last + 1)...])
      else { throw error("axis \(position) of \(shape) is not made of the axes \(axes) of \(chunk.shape)") }
    }
  }

  private static func product(_ lengths: some Sequence<Int>) throws(ChunkError) -> Int {
    var product = 1
    for length in lengths {
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      guard !overflow else { throw .unencodable(codec: name, reason: "a shape has too many elements") }
      product = next
    }
    return product
  }

  private func error(_ reason: String) -> ChunkError { .unencodable(codec: Self.name, reason: reason) }
}
