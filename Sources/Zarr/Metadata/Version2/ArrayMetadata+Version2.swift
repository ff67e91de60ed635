import ChunkEngine

extension ArrayMetadata {
  /// Reads the documents of an array of Zarr v2 that have been parsed.
  ///
  /// Unknown fields are ignored, as the specification of Zarr v2 has it, and kept.
  ///
  /// - Parameters:
  ///   - document: The members of `.zarray`.
  ///   - attributes: The members of `.zattrs`, or nil if there is no such document.
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the documents.
  public init(version2 document: JSONObject, attributes: JSONObject? = nil) throws(MetadataError) {
    let fields = MetadataFields(document)
    let format = try fields.required("zarr_format", "2")
    guard format.integerValue == 2 else {
      throw .expected("the integer 2", found: format, in: "zarr_format")
    }
    let shape = try Self.shape(fields)
    let dtype = try fields.required("dtype", "a data type")
    let stated = try Version2DataType(dtype)
    let codecs = try Version2Codecs(fields)
    let type = try codecs.elementType(of: stated)
    let fill = Version2FillValue(type, stored: stated)
    let order = try fields.required("order", "\"C\" or \"F\"")
    guard order == "C" || order == "F" else { throw .expected("\"C\" or \"F\"", found: order, in: "order") }
    try self.init(
      shape: shape, dataType: type,
      statedDataType: MetadataExtension(name: dtype.stringValue ?? dtype.description),
      chunkGrid: Self.version2ChunkGrid(fields, shape: shape),
      chunkKeyEncoding: ChunkKeyEncoding(.v2, separator: Self.version2Separator(fields)),
      fillValue: fill.bytes(from: document["fill_value"] ?? .null),
      codecs: codecs.version3(stated, dtype, rank: shape.count, isColumnMajor: order == "F"),
      attributes: attributes ?? [:], dimensionNames: nil, storageTransformers: [], additionalFields: [:],
      version2Document: document)
  }

  /// Reads the chunk shape; axes without elements may have chunks without elements, which count as 1.
  private static func version2ChunkGrid(
    _ fields: MetadataFields, shape: [Int]
  ) throws(MetadataError) -> ChunkGrid {
    let sides = try fields.array("chunks", "an array of integers")
    guard sides.count == shape.count else {
      throw .expected("\(shape.count) integers, as in shape", found: .array(sides), in: "chunks")
    }
    var chunkShape: [Int] = []
    for (axis, value) in sides.enumerated() {
      guard let side = value.integerValue, side >= 1 || side == 0 && shape[axis] == 0 else {
        throw .expected("an integer of at least 1", found: value, in: "chunks[\(axis)]")
      }
      chunkShape.append(max(side, 1))
    }
    return try ChunkGrid(chunkShape: chunkShape)
  }

  private static func version2Separator(
    _ fields: MetadataFields
  ) throws(MetadataError) -> ChunkKeyEncoding.Separator {
    guard let value = fields.object["dimension_separator"], value != .null else { return .dot }
    guard let separator = value.stringValue.flatMap(ChunkKeyEncoding.Separator.init(rawValue:)) else {
      throw .expected("\".\" or \"/\"", found: value, in: "dimension_separator")
    }
    return separator
  }

  /// The version of the format that the array is stored in.
  public var zarrFormat: ZarrFormat { version2Document == nil ? .version3 : .version2 }

  /// The element that every library finds in chunks that are not stored, or nil if it is not defined.
  ///
  /// In Zarr v2 a fill value can be `null`; and 0, which zarr-python 2 gives arrays of objects, is what it
  /// then finds in them.
  var definedFillValue: [UInt8]? {
    guard let version2Document else { return fillValue }
    let stated = version2Document["fill_value"] ?? .null
    switch (dataType, stated) {
    // It is what zarr-python 2 finds in places of objects that nothing was put into, and JSON has it.
    case (.json, .null): return fillValue
    case (_, .null): return nil
    case (.bytes, .string), (.string, .string), (.array, .array): return fillValue
    case (.bytes, _), (.string, _), (.array, _): return nil
    default: return fillValue
    }
  }
}
