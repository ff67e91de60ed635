import ChunkEngine

/// The metadata of an array: `zarr.json`, or `.zarray` and `.zattrs` in Zarr v2.
///
/// The initializers check the metadata: you can write it, and its products do not overflow. Opening the array
/// checks whether the codecs are known and fit together.
public struct ArrayMetadata: Hashable, Sendable {
  /// The number of elements along each dimension.
  ///
  /// An array without dimensions has one element.
  public private(set) var shape: [Int]

  /// The number of elements.
  public private(set) var elementCount: Int

  /// What the elements are.
  public let dataType: DataType

  /// The data type as the document has it, perhaps under another name than in new arrays.
  public private(set) var statedDataType: MetadataExtension

  /// The name of the data type in the document: one of ``DataType/names``, or in Zarr v2 that of NumPy.
  public var dataTypeName: String { statedDataType.name }

  /// The division into chunks.
  public private(set) var chunkGrid: ChunkGrid

  /// The scheme of the chunks' keys in the store.
  public let chunkKeyEncoding: ChunkKeyEncoding

  /// The bytes of the element that readers find where nothing was written.
  public let fillValue: [UInt8]

  /// The codecs that turn chunks into bytes, in the order of writing; at least one.
  public let codecs: [MetadataExtension]

  /// Your own data about the array.
  public var attributes: JSONObject

  /// One name for each dimension, or nil for a dimension without a name; nil if the document names no
  /// dimensions.
  public let dimensionNames: [String?]?

  /// Layers between the array and the store.
  ///
  /// They all say that readers may ignore them.
  public private(set) var storageTransformers: [MetadataExtension]

  /// Unknown fields.
  ///
  /// They all say that readers may ignore them.
  public private(set) var additionalFields: JSONObject

  /// The document `.zarray` of an array of Zarr v2, or nil in v3.
  ///
  /// The other properties derive from it. Its shape is always ``shape``.
  private(set) var version2Document: JSONObject?

  /// Creates the metadata of an array of Zarr v3.
  ///
  /// - Throws: An error that names the first field that does not fit.
  public init(
    shape: [Int], dataType: DataType, statedDataType: MetadataExtension? = nil, chunkGrid: ChunkGrid,
    chunkKeyEncoding: ChunkKeyEncoding = ChunkKeyEncoding(), fillValue: [UInt8] = [],
    codecs: [MetadataExtension], attributes: JSONObject = [:], dimensionNames: [String?]? = nil,
    storageTransformers: [MetadataExtension] = [], additionalFields: JSONObject = [:]
  ) throws(MetadataError) {
    try self.init(
      shape: shape, dataType: dataType, statedDataType: statedDataType, chunkGrid: chunkGrid,
      chunkKeyEncoding: chunkKeyEncoding, fillValue: fillValue, codecs: codecs, attributes: attributes,
      dimensionNames: dimensionNames, storageTransformers: storageTransformers,
      additionalFields: additionalFields, version2Document: nil)
  }

  init(
    shape: [Int], dataType: DataType, statedDataType: MetadataExtension?, chunkGrid: ChunkGrid,
    chunkKeyEncoding: ChunkKeyEncoding, fillValue: [UInt8], codecs: [MetadataExtension],
    attributes: JSONObject, dimensionNames: [String?]?, storageTransformers: [MetadataExtension],
    additionalFields: JSONObject, version2Document: JSONObject?
  ) throws(MetadataError) {
    self.shape = shape
    elementCount = try Self.checkedElementCount(of: shape)
    self.dataType = dataType
    self.statedDataType = statedDataType ?? dataType.metadata
    self.chunkGrid = chunkGrid
    self.chunkKeyEncoding = chunkKeyEncoding
    self.fillValue = fillValue
    self.codecs = codecs
    self.attributes = attributes
    self.dimensionNames = dimensionNames
    self.storageTransformers = storageTransformers
    self.additionalFields = additionalFields
    var document = version2Document
    document?["shape"] = .array(shape.map(JSONValue.integer))
    self.version2Document = document
    try check()
  }

  /// The same array with another shape, and another chunk grid if you pass one.
  ///
  /// - Throws: An error if the shape has another number of dimensions, too many elements, or more than the
  ///   grid has chunks for.
  public func resized(to shape: [Int], chunkGrid: ChunkGrid? = nil) throws(MetadataError) -> ArrayMetadata {
    var metadata = self
    metadata.shape = shape
    metadata.elementCount = try Self.checkedElementCount(of: shape)
    metadata.chunkGrid = chunkGrid ?? self.chunkGrid
    metadata.version2Document?["shape"] = .array(shape.map(JSONValue.integer))
    try metadata.check()
    return metadata
  }

  /// What many writers of the array tell each other.
  var sharedWork: SharedWork {
    get { SharedWork(additionalFields[SharedWork.field]?.objectValue ?? [:]) }
    set { additionalFields[SharedWork.field] = newValue.json }
  }

  /// Whether the arrays differ at most in their shape and attributes.
  func isStoredLike(_ other: ArrayMetadata) -> Bool {
    var expected = self
    expected.attributes = other.attributes
    expected.additionalFields[SharedWork.field] = other.additionalFields[SharedWork.field]
    // Growth adds chunks to a grid whose chunks differ in length.
    let isGrown = zip(chunkGrid.dimensions, other.chunkGrid.dimensions).allSatisfy { own, other in
      own == other || !own.isRepeated && !other.isRepeated
    }
    return (try? expected.resized(to: other.shape, chunkGrid: isGrown ? other.chunkGrid : nil)) == other
  }

  /// The number of elements of a shape without negative lengths, or nil if an `Int` cannot hold it.
  static func elementCount(of shape: [Int]) -> Int? {
    // Without elements the product of the other lengths does not matter. It may be out of range.
    if shape.contains(0) {
      return 0
    }
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }

  private static func checkedElementCount(of shape: [Int]) throws(MetadataError) -> Int {
    for (dimension, length) in shape.enumerated() where length < 0 {
      throw .expected("an integer of at least 0", found: .integer(length), in: "shape[\(dimension)]")
    }
    guard let count = elementCount(of: shape) else {
      throw MetadataError(
        code: .tooLarge, field: "shape", message: "the array has more than \(Int.max) elements")
    }
    return count
  }

  /// The element that every library finds in missing chunks, or nil if libraries differ.
  ///
  /// In Zarr v2 a fill value can be `null`. It can also be 0 in an array of objects, where zarr-python 2 then
  /// finds the number 0.
  var definedFillValue: [UInt8]? {
    guard let version2Document else { return fillValue }
    let stated = version2Document["fill_value"] ?? .null
    switch (dataType, stated) {
    // zarr-python 2 finds `None` there, which JSON has.
    case (.json, .null): return fillValue
    case (_, .null): return nil
    case (.bytes, .string), (.string, .string), (.array, .array): return fillValue
    case (.bytes, _), (.string, _), (.array, _): return nil
    default: return fillValue
    }
  }

  /// What the first codec gets.
  var codecContext: CodecContext {
    CodecContext(dataType: dataType, fillValue: fillValue, chunkShape: chunkGrid.regularChunkShape)
  }

  private func check() throws(MetadataError) {
    if version2Document == nil, try DataType(statedDataType) != dataType {
      throw .expected("the data type \(dataType.name)", found: statedDataType.dataTypeJSON, in: "data_type")
    }
    try chunkGrid.checkCovers(shape)
    // In a shard only the inner chunks count their elements.
    guard
      dataType.layout != .variable || chunkGrid.elementCount <= ChunkGrid.maximumElementCount
        || codecs.contains(where: { $0.name == ShardingCodec.name })
    else { throw ChunkGrid.tooManyElements(field: chunkGrid.shapeField) }
    _ = try dataType.json(ofFillValue: fillValue)
    guard !codecs.isEmpty else {
      throw .expected("at least one codec", found: [], in: "codecs")
    }
    if let dimensionNames, dimensionNames.count != shape.count {
      throw MetadataError(
        code: .unexpectedValue, field: "dimension_names",
        message: "expected \(shape.count) names, as in shape, found \(dimensionNames.count)")
    }
    for (index, transformer) in storageTransformers.enumerated() where transformer.mustUnderstand {
      throw MetadataError(
        code: .unsupported, field: "storage_transformers[\(index)]",
        message: "the storage transformer \(transformer.name.quoted) is not supported")
    }
    for (name, value) in additionalFields where Self.fieldNames.contains(name) {
      throw .expected("no field that the array has a property for", found: value, in: name)
    }
    try MetadataFields(additionalFields).checkIgnorable()
  }
}

extension ArrayMetadata {
  /// The known fields in the document of an array.
  private static let fieldNames: Set<String> = [
    "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs", "attributes",
    "dimension_names", "zarr_format", "node_type", "storage_transformers",
  ]

  /// Reads the parsed document of an array of Zarr v3.
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

  /// Reads the fill value.
  ///
  /// GDAL writes `null` for arrays without one, which is zero for elements of fixed size.
  private static func fillValue(
    _ fields: MetadataFields, _ dataType: DataType
  ) throws(MetadataError) -> [UInt8] {
    let value = try fields.required("fill_value", "a value of the data type")
    if value == .null, dataType.layout != .variable { return dataType.defaultFillValue }
    return try dataType.fillValue(from: value)
  }

  /// Reads the codecs.
  ///
  /// Early drafts of Zarr v3, which GDAL follows, have none for little-endian elements of fixed size.
  private static func codecs(
    _ fields: MetadataFields, _ dataType: DataType
  ) throws(MetadataError) -> [MetadataExtension] {
    if fields.object["codecs"] == nil, dataType.layout != .variable { return [dataType.defaultCodec] }
    return try fields.extensions("codecs", "an array of codecs")
  }

  static func shape(_ fields: MetadataFields) throws(MetadataError) -> [Int] {
    var shape: [Int] = []
    for (dimension, value) in try fields.array("shape", "an array of integers").enumerated() {
      guard let length = value.integerValue, length >= 0 else {
        throw .expected("an integer from 0 to \(Int.max)", found: value, in: "shape[\(dimension)]")
      }
      shape.append(length)
    }
    return shape
  }

  private static func dimensionNames(_ fields: MetadataFields) throws(MetadataError) -> [String?]? {
    let field = "dimension_names"
    switch fields.object[field] {
    case nil, .null?: return nil
    case .array(let values)?:
      var names: [String?] = []
      for (dimension, value) in values.enumerated() {
        guard value == .null || value.stringValue != nil else {
          throw .expected("a string or null", found: value, in: "\(field)[\(dimension)]")
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
    switch fields.object["storage_transformers"] {
    case nil, .null?: []
    default: try fields.extensions("storage_transformers", "an array")
    }
  }
}

extension ArrayMetadata {
  /// The document of the array: in Zarr v3 with its fields in the order of zarr-python, in v2 as it was read,
  /// without the attributes.
  ///
  /// - Complexity: O(*n*) in the size of the document.
  public var json: JSONObject {
    if let version2Document { return version2Document }
    var document: JSONObject = [
      "shape": .array(shape.map(JSONValue.integer)),
      "data_type": statedDataType.dataTypeJSON,
      "chunk_grid": chunkGrid.json,
      "chunk_key_encoding": chunkKeyEncoding.json,
      "fill_value": fillValueJSON,
      "codecs": .array(codecs.map(\.json)),
      "attributes": .object(attributes),
    ]
    if let dimensionNames {
      document["dimension_names"] = .array(dimensionNames.map { $0.map(JSONValue.string) ?? .null })
    }
    document["zarr_format"] = 3
    document["node_type"] = "array"
    document["storage_transformers"] = .array(storageTransformers.map(\.json))
    for (name, value) in additionalFields {
      document[name] = value
    }
    return document
  }

  /// The fill value as the document has it.
  private var fillValueJSON: JSONValue {
    // zarr-python reads only this form under the earlier name.
    if case .structure = dataType, dataTypeName == DataType.earlierStructureName {
      return .string(Base64Codec.text(of: fillValue))
    }
    // The initializer checked that the bytes are a fill value.
    return (try? dataType.json(ofFillValue: fillValue)) ?? ""
  }
}

extension ArrayMetadata {
  /// The same metadata with another name of the data type, or unchanged for nil.
  func renamed(_ dataTypeName: String?) throws(MetadataError) -> ArrayMetadata {
    guard let dataTypeName else { return self }
    return try stating(dataType.metadata(named: dataTypeName), like: self)
  }

  /// The metadata of a copy in the words of its source, as far as they mean the same.
  ///
  /// - Throws: An error if the metadata do not fit together. Those of a copy do.
  func keepingWords(
    of source: ArrayMetadata, unless hasOtherType: Bool
  ) throws(MetadataError) -> ArrayMetadata {
    guard zarrFormat == source.zarrFormat else { return self }
    guard var document = version2Document, let old = source.version2Document else {
      return try stating(hasOtherType ? statedDataType : source.statedDataType, like: source)
    }
    guard !hasOtherType else { return self }
    // Only Zarr v2 has structures of arrays and undefined fill values.
    for name in ["dtype", "fill_value"] { document[name] = old[name] }
    return try ArrayMetadata(version2: document, attributes: attributes)
  }

  /// The same metadata with another spelling of the data type, and with the ignorable fields of `source`.
  private func stating(
    _ stated: MetadataExtension, like source: ArrayMetadata
  ) throws(MetadataError) -> ArrayMetadata {
    var metadata = self
    metadata.statedDataType = stated
    metadata.storageTransformers = source.storageTransformers
    metadata.additionalFields = source.additionalFields
    try metadata.check()
    return metadata
  }
}
