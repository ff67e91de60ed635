import ChunkEngine

extension ArrayMetadata {
  /// The fields that have a meaning in the document of an array.
  static let fieldNames: Set<String> = [
    "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs", "attributes",
    "dimension_names", "zarr_format", "node_type", "storage_transformers",
  ]

  /// Reads the document of an array, the bytes of its `zarr.json`.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the number of bytes.
  public init(decoding bytes: [UInt8], with parser: JSONParser = JSONParser()) throws(MetadataError) {
    try self.init(MetadataFields(decoding: bytes, with: parser))
  }

  /// Reads the document of an array that has been parsed, as from consolidated metadata.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the document.
  public init(_ document: JSONObject) throws(MetadataError) {
    try self.init(MetadataFields(document))
  }

  init(_ fields: MetadataFields) throws(MetadataError) {
    try fields.checkKind("array")
    let shape = try Self.shape(fields)
    let statedDataType = try MetadataExtension(
      fields.required("data_type", "a data type"), field: "data_type")
    let dataType = try DataType(statedDataType)
    try self.init(
      shape: shape,
      dataType: dataType,
      statedDataType: statedDataType,
      chunkGrid: ChunkGrid(fields.required("chunk_grid", "an object"), shape: shape),
      chunkKeyEncoding: ChunkKeyEncoding(fields.required("chunk_key_encoding", "an object")),
      fillValue: Self.fillValue(fields, dataType),
      codecs: Self.codecs(fields, dataType),
      attributes: fields.optionalObject("attributes"),
      dimensionNames: Self.dimensionNames(fields),
      storageTransformers: Self.storageTransformers(fields),
      additionalFields: fields.additional(besides: Self.fieldNames))
  }

  /// Reads the fill value; `null`, which GDAL writes for arrays without one, is zero for elements of one size.
  private static func fillValue(
    _ fields: MetadataFields, _ dataType: DataType
  ) throws(MetadataError) -> [UInt8] {
    let value = try fields.required("fill_value", "a value of the data type")
    if value == .null, dataType.layout != .variable { return dataType.defaultFillValue }
    return try dataType.fillValue(from: value)
  }

  /// Reads the codecs; early drafts of Zarr v3, which GDAL follows, have none where elements of one size are
  /// stored as they are, little-endian.
  private static func codecs(
    _ fields: MetadataFields, _ dataType: DataType
  ) throws(MetadataError) -> [MetadataExtension] {
    if fields.object["codecs"] == nil, dataType.layout != .variable { return [dataType.defaultCodec] }
    return try extensions(fields.array("codecs", "an array of codecs"), field: "codecs")
  }

  static func shape(_ fields: MetadataFields) throws(MetadataError) -> [Int] {
    var shape: [Int] = []
    for (axis, value) in try fields.array("shape", "an array of integers").enumerated() {
      guard let length = value.integerValue, length >= 0 else {
        throw .expected("an integer from 0 to \(Int.max)", found: value, in: "shape[\(axis)]")
      }
      shape.append(length)
    }
    return shape
  }

  private static func extensions(
    _ values: [JSONValue], field: String
  ) throws(MetadataError) -> [MetadataExtension] {
    var extensions: [MetadataExtension] = []
    for (index, value) in values.enumerated() {
      extensions.append(try MetadataExtension(value, field: "\(field)[\(index)]"))
    }
    return extensions
  }

  private static func dimensionNames(_ fields: MetadataFields) throws(MetadataError) -> [String?]? {
    let field = "dimension_names"
    switch fields.object[field] {
    case nil, .null?: return nil
    case .array(let values)?:
      var names: [String?] = []
      for (axis, value) in values.enumerated() {
        guard value == .null || value.stringValue != nil else {
          throw .expected("a string or null", found: value, in: "\(field)[\(axis)]")
        }
        names.append(value.stringValue)
      }
      return names
    case let value?: throw .expected("an array of names", found: value, in: field)
    }
  }

  private static func storageTransformers(
    _ fields: MetadataFields
  ) throws(MetadataError) -> [MetadataExtension] {
    let field = "storage_transformers"
    switch fields.object[field] {
    case nil, .null?: return []
    case .array(let values)?: return try extensions(values, field: field)
    case let value?: throw .expected("an array", found: value, in: field)
    }
  }
}
