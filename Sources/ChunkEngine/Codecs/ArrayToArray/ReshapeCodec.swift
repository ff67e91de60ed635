/// Gives a chunk another shape with as many elements, in the same order.
///
///     [100, 50, 64, 3]  ── [[0, 1], [2], 3] ──▶  [5000, 64, 3]
///
/// See [reshape](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/reshape).
package struct ReshapeCodec: BytesKeepingCodec, Hashable {
  package static var name: String { "reshape" }

  /// How long a dimension of the encoded chunk is.
  package enum Length: Hashable, Sendable {
    /// As many elements.
    case count(Int)
    /// As long as these dimensions of the chunk together.
    case dimensions([Int])
    /// As long as the other dimensions leave it to be.
    case rest
  }

  /// The length of each dimension of the encoded chunk.
  package let lengths: [Length]

  /// Creates a codec.
  package init(lengths: [Length]) {
    self.lengths = lengths
  }

  package func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation
  {
    try checkDimensions(of: chunk)
    var shape: [Int] = []
    var restDimension: Int?
    for length in lengths {
      switch length {
      case .count(let count):
        guard count > 0 else { throw error("a dimension has the length \(count)") }
        shape.append(count)
      case .dimensions(let dimensions):
        // The product of some lengths of a chunk that has an element is at most the number of its elements.
        shape.append(try Self.product(dimensions.map { chunk.shape[$0] }))
      case .rest:
        guard restDimension == nil else { throw error("more than one dimension takes the rest") }
        restDimension = shape.count
        shape.append(1)
      }
    }
    let known = try Self.product(shape)
    if let restDimension {
      guard known > 0, chunk.elementCount.isMultiple(of: known) else {
        throw error("\(chunk.elementCount) elements cannot be shared out among \(known)")
      }
      shape[restDimension] = chunk.elementCount / known
    } else if known != chunk.elementCount {
      throw error("a chunk of \(chunk.elementCount) elements cannot have the shape \(shape)")
    }
    try checkPlaces(in: shape, of: chunk)
    return try ChunkRepresentation(shape: shape, layout: chunk.layout)
  }

  /// Checks that the dimensions which are named are there, and in the order of the chunk.
  private func checkDimensions(of chunk: ChunkRepresentation) throws(ChunkError) {
    var last = -1
    for case .dimensions(let dimensions) in lengths {
      for dimension in dimensions {
        guard chunk.shape.indices.contains(dimension) else {
          throw error("there is no dimension \(dimension) among \(chunk.shape.count)")
        }
        guard dimension > last else { throw error("dimension \(dimension) stands after dimension \(last)") }
        last = dimension
      }
    }
  }

  /// Checks that a dimension which is made of others has as many elements before it and after it as these
  /// have, so that its indices are theirs.
  private func checkPlaces(in shape: [Int], of chunk: ChunkRepresentation) throws(ChunkError) {
    for (position, length) in lengths.enumerated() {
      guard case .dimensions(let dimensions) = length, let first = dimensions.first,
        let last = dimensions.last
      else { continue }
      guard try Self.product(shape[..<position]) == Self.product(chunk.shape[..<first]),
        try Self.product(shape[(position + 1)...]) == Self.product(chunk.shape[(last + 1)...])
      else {
        throw error(
          "dimension \(position) of \(shape) is not made of the dimensions \(dimensions) of \(chunk.shape)")
      }
    }
  }

  private static func product(_ lengths: some Sequence<Int>) throws(ChunkError) -> Int {
    guard let product = RowMajor.count(of: Array(lengths)) else {
      throw .unencodable(codec: name, reason: "a shape has too many elements")
    }
    return product
  }

  private func error(_ reason: String) -> ChunkError { .unencodable(codec: Self.name, reason: reason) }
}

/// Drops the dimensions along which a chunk has one element.
///
/// See [squeeze](https://codec.zarrs.dev/array_to_array/squeeze). A chunk of one element keeps one dimension.
package struct SqueezeCodec: BytesKeepingCodec, Hashable {
  package static var name: String { "zarrs.squeeze" }

  /// Creates the codec, which has no settings.
  package init() {}

  package func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation
  {
    let shape = chunk.shape.filter { $0 != 1 }
    return try ChunkRepresentation(shape: shape.isEmpty ? [1] : shape, layout: chunk.layout)
  }
}
