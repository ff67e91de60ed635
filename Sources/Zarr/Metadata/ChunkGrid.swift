/// The division of an array into chunks.
///
/// Along each axis chunks have one length, or lengths of their own:
///
///     regular, [2, 3]          rectilinear, [2, [3, 1, 4]]
///     ┌─────┬─────┬─────┐      ┌─────┬─┬───────┐
///     │ 0,0 │ 0,1 │ 0,2 │      │ 0,0 │ │  0,2  │
///     ├─────┼─────┼─────┤      ├─────┼─┼───────┤
///     │ 1,0 │ 1,1 │ 1,2 │      │ 1,0 │ │  1,2  │
///     └─────┴─────┴─────┘      └─────┴─┴───────┘
///
/// Chunks at the upper edges have the full shape too; what is beyond the array is padding. See
/// [regular](https://zarr-specs.readthedocs.io/en/latest/v3/chunk-grids/regular-grid/) and
/// [rectilinear](https://github.com/zarr-developers/zarr-extensions/tree/main/chunk-grids/rectilinear).
public struct ChunkGrid: Hashable, Sendable {
  /// How many elements a chunk may have whose elements are of variable length, since it counts them in 32
  /// bits.
  public static let maximumElementCount = Int(UInt32.max)

  static let field = "chunk_grid"
  static let shapeField = "chunk_grid.configuration.chunk_shape"

  /// The division along each axis.
  public let axes: [ChunkAxis]

  /// Whether the document has the kind of grid whose chunks may differ in length.
  public let isRectilinear: Bool

  /// The number of elements of a chunk along each axis, at least 1; of the longest where they differ.
  public let chunkShape: [Int]

  /// The number of elements of the largest chunk.
  public let elementCount: Int

  /// Creates a grid of chunks of one shape.
  ///
  /// - Throws: An error if a side is less than 1, or an `Int` cannot hold the number of elements of a chunk.
  public init(chunkShape: [Int]) throws(MetadataError) {
    for (axis, side) in chunkShape.enumerated() where side < 1 {
      throw .expected("an integer of at least 1", found: .integer(side), in: "\(Self.shapeField)[\(axis)]")
    }
    try self.init(axes: chunkShape.map(ChunkAxis.repeated), isRectilinear: false)
  }

  /// Creates a grid of chunks that differ in length along some axes.
  ///
  /// - Throws: An error if a repeated length is less than 1, or an `Int` cannot hold the number of elements
  ///   of
  ///   a chunk.
  public init(axes: [ChunkAxis]) throws(MetadataError) {
    try self.init(axes: axes, isRectilinear: true)
  }

  private init(axes: [ChunkAxis], isRectilinear: Bool) throws(MetadataError) {
    let chunkShape = axes.map(\.longest)
    let field = isRectilinear ? Self.shapesField : Self.shapeField
    for (axis, side) in chunkShape.enumerated() where side < 1 {
      throw .expected("an integer of at least 1", found: .integer(side), in: "\(field)[\(axis)]")
    }
    guard let count = ArrayMetadata.elementCount(of: chunkShape) else {
      throw MetadataError(
        code: .tooLarge, field: field, message: "a chunk has more than \(Int.max) elements")
    }
    self.axes = axes
    self.isRectilinear = isRectilinear
    self.chunkShape = chunkShape
    elementCount = count
  }

  /// The same grid but for one axis.
  func replacing(_ division: ChunkAxis, at axis: Int) throws(MetadataError) -> ChunkGrid {
    var axes = axes
    axes[axis] = division
    return try ChunkGrid(axes: axes)
  }

  /// The shape of all chunks, or nil if they may differ.
  public var regularChunkShape: [Int]? {
    axes.allSatisfy(\.isRepeated) ? chunkShape : nil
  }

  /// The number of elements of a chunk along each axis.
  ///
  /// - Precondition: There is one index for each axis, and such a chunk.
  public func chunkShape(at indices: [Int]) -> [Int] {
    precondition(indices.count == axes.count, "\(indices.count) axes in a grid of \(axes.count)")
    return regularChunkShape ?? zip(axes, indices).map { $0.range(ofChunk: $1).count }
  }

  /// How many chunks there are along each axis of an array.
  ///
  /// - Precondition: The shape has as many axes as the grid, no negative length, and the grid covers it.
  public func chunkCounts(of shape: [Int]) -> [Int] {
    precondition(shape.count == axes.count, "\(shape.count) axes in a grid of \(axes.count)")
    return zip(shape, axes).map { $1.chunkCount(covering: $0) }
  }

  /// How many chunks an array has, or nil if an `Int` cannot hold the number.
  ///
  /// It always can for the shape of an ``ArrayMetadata``, which has no more chunks than elements.
  ///
  /// - Precondition: The shape has as many axes as the grid, no negative length, and the grid covers it.
  public func chunkCount(of shape: [Int]) -> Int? {
    ArrayMetadata.elementCount(of: chunkCounts(of: shape))
  }

  /// Checks that the grid has chunks for all elements of an array.
  func checkCovers(_ shape: [Int]) throws(MetadataError) {
    guard axes.count == shape.count else {
      throw MetadataError(
        code: .unexpectedValue, field: isRectilinear ? Self.shapesField : Self.shapeField,
        message: "expected \(shape.count) integers, as in shape, found \(axes.count)")
    }
    for (axis, division) in axes.enumerated() {
      if case .lengths(let lengths) = division, lengths.extent < shape[axis] {
        throw MetadataError(
          code: .unexpectedValue, field: "\(Self.shapesField)[\(axis)]",
          message: "the chunks have \(lengths.extent) elements together and the array has \(shape[axis])")
      }
    }
  }
}
