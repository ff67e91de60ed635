/// The division of an array into chunks of one shape.
///
/// Chunks at the upper edges have the full shape too; what is beyond the array is padding.
public struct RegularChunkGrid: Hashable, Sendable {
  /// How many elements a chunk may have, because chunks of elements of variable length count them in 32 bits.
  public static let maximumElementCount = Int(UInt32.max)

  private static let field = "chunk_grid"
  private static let shapeField = "chunk_grid.configuration.chunk_shape"

  /// The number of elements of a chunk along each axis, at least 1.
  public let chunkShape: [Int]

  /// The number of elements of a chunk.
  public let elementCount: Int

  /// Creates a grid.
  ///
  /// - Throws: An error if a side is less than 1, or a chunk has more than ``maximumElementCount`` elements.
  public init(chunkShape: [Int]) throws(MetadataError) {
    for (axis, side) in chunkShape.enumerated() where side < 1 {
      throw .expected("an integer of at least 1", found: .integer(side), in: "\(Self.shapeField)[\(axis)]")
    }
    guard let count = ArrayMetadata.elementCount(of: chunkShape), count <= Self.maximumElementCount else {
      throw MetadataError(
        code: .tooLarge, field: Self.shapeField,
        message: "a chunk has more than \(Self.maximumElementCount) elements")
    }
    self.chunkShape = chunkShape
    elementCount = count
  }

  /// How many chunks there are along each axis of an array.
  ///
  /// - Precondition: The shape has as many axes as the grid, and no negative length.
  public func chunkCounts(of shape: [Int]) -> [Int] {
    precondition(shape.count == chunkShape.count, "\(shape.count) axes in a grid of \(chunkShape.count)")
    return zip(shape, chunkShape).map { length, side in
      precondition(length >= 0, "an axis has the negative length \(length)")
      // Not the sum of length and side, which could overflow.
      return length == 0 ? 0 : (length - 1) / side + 1
    }
  }

  /// How many chunks an array has, or nil if an `Int` cannot hold the number.
  ///
  /// It always can for the shape of an ``ArrayMetadata``, which has no more chunks than elements.
  ///
  /// - Precondition: The shape has as many axes as the grid, and no negative length.
  public func chunkCount(of shape: [Int]) -> Int? {
    ArrayMetadata.elementCount(of: chunkCounts(of: shape))
  }
}

extension RegularChunkGrid {
  /// Reads the grid of an array with a given shape.
  init(_ value: JSONValue, shape: [Int]) throws(MetadataError) {
    let metadata = try MetadataExtension(value, field: Self.field)
    try metadata.checkMustUnderstand(field: Self.field)
    guard metadata.name == "regular" else {
      throw MetadataError(
        code: .unsupported, field: Self.field,
        message: "expected \"regular\", found \(JSONValue.string(metadata.name).summary)")
    }
    try metadata.checkOnly(settings: "chunk_shape", field: Self.field)
    let fields = MetadataFields(metadata.configuration, path: "\(Self.field).configuration")
    let sides = try fields.array("chunk_shape", "an array of integers")
    guard sides.count == shape.count else {
      throw .expected("\(shape.count) integers, as in shape", found: .array(sides), in: Self.shapeField)
    }
    var chunkShape: [Int] = []
    for (axis, value) in sides.enumerated() {
      // Early writers gave axes without elements chunks without elements.
      if shape[axis] == 0 && (value.integerValue == 0 || value == false) {
        chunkShape.append(1)
        continue
      }
      guard let side = value.integerValue, side >= 1 else {
        throw .expected("an integer of at least 1", found: value, in: "\(Self.shapeField)[\(axis)]")
      }
      chunkShape.append(side)
    }
    try self.init(chunkShape: chunkShape)
  }

  /// The grid as documents hold it.
  public var json: JSONValue {
    MetadataExtension(
      name: "regular", configuration: ["chunk_shape": .array(chunkShape.map(JSONValue.integer))]
    ).json
  }
}
