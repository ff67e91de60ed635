import ChunkEngine

/// What the document of an array says: `zarr.json`, or `.zarray` and `.zattrs` in Zarr v2.
///
/// Values of this type are valid: what an initializer has let through can be written, and multiplied out
/// without overflow. Whether the codecs are known, and fit together, is for those who build the chain to say.
public struct ArrayMetadata: Hashable, Sendable {
  /// The number of elements along each axis; an array without axes has one element.
  public let shape: [Int]

  /// The number of elements.
  public let elementCount: Int

  /// What the elements are.
  public let dataType: DataType

  /// The data type as the document has it, which may be in other words than those of new arrays.
  public let statedDataType: MetadataExtension

  /// The name of the data type that the document has, one of ``DataType/names``; in Zarr v2 that of NumPy.
  public var dataTypeName: String { statedDataType.name }

  /// The division into chunks.
  public let chunkGrid: ChunkGrid

  /// How chunks are named in the store.
  public let chunkKeyEncoding: ChunkKeyEncoding

  /// The bytes of the element that stands for all that was never written.
  public let fillValue: [UInt8]

  /// What turns chunks into bytes, in the order of writing; at least one.
  public let codecs: [MetadataExtension]

  /// What users say about the array.
  public var attributes: JSONObject

  /// The names of the axes, as many as ``shape`` has, if the document names them; nil for an axis without a
  /// name.
  public let dimensionNames: [String?]?

  /// Layers between the array and the store; all of them say that they may be ignored.
  public let storageTransformers: [MetadataExtension]

  /// Fields that are not known; all of them say that they may be ignored.
  public let additionalFields: JSONObject

  /// The document of an array of Zarr v2, `.zarray`, or nil if the array is of v3.
  ///
  /// All else that is said here is made of it; its shape is always ``shape``.
  let version2Document: JSONObject?

  /// Creates the metadata of an array.
  ///
  /// - Parameters:
  ///   - shape: The number of elements along each axis.
  ///   - dataType: What the elements are.
  ///   - statedDataType: The data type as it is to be written, or nil for the best way.
  ///   - chunkGrid: The division into chunks, with as many axes as the shape.
  ///   - chunkKeyEncoding: How chunks are named in the store.
  ///   - fillValue: The bytes of the element that stands for all that was never written.
  ///   - codecs: What turns chunks into bytes; at least one.
  ///   - attributes: What to say about the array.
  ///   - dimensionNames: The names of the axes, or nil for none.
  ///   - storageTransformers: Layers between the array and the store that readers may ignore.
  ///   - additionalFields: Other fields that readers may ignore.
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

  /// The same array with another shape, as after growth.
  ///
  /// - Parameters:
  ///   - shape: The number of elements along each axis.
  ///   - chunkGrid: The division into chunks, or nil for the one that it has.
  /// - Returns: The metadata of the array.
  /// - Throws: An error if the shape has another number of axes, too many elements, or more than the grid has
  ///   chunks for.
  public func resized(to shape: [Int], chunkGrid: ChunkGrid? = nil) throws(MetadataError) -> ArrayMetadata {
    try ArrayMetadata(
      shape: shape, dataType: dataType, statedDataType: statedDataType,
      chunkGrid: chunkGrid ?? self.chunkGrid,
      chunkKeyEncoding: chunkKeyEncoding, fillValue: fillValue, codecs: codecs, attributes: attributes,
      dimensionNames: dimensionNames, storageTransformers: storageTransformers,
      additionalFields: additionalFields, version2Document: version2Document)
  }

  /// Whether another document is about the same array, after it was resized or has got other attributes.
  func isStoredLike(_ other: ArrayMetadata) -> Bool {
    var expected = self
    expected.attributes = other.attributes
    // Chunks that differ in length are added to the grid when there are more.
    let isGrown = zip(chunkGrid.axes, other.chunkGrid.axes).allSatisfy { own, other in
      own == other || !own.isRepeated && !other.isRepeated
    }
    return (try? expected.resized(to: other.shape, chunkGrid: isGrown ? other.chunkGrid : nil)) == other
  }

  /// The number of elements of a shape without negative lengths, or nil if an `Int` cannot hold it.
  static func elementCount(of shape: [Int]) -> Int? {
    // Without elements the other lengths do not matter, and their product may be out of range.
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
    for (axis, length) in shape.enumerated() where length < 0 {
      throw .expected("an integer of at least 0", found: .integer(length), in: "shape[\(axis)]")
    }
    guard let count = elementCount(of: shape) else {
      throw MetadataError(
        code: .tooLarge, field: "shape", message: "the array has more than \(Int.max) elements")
    }
    return count
  }

  /// What the first of the codecs gets.
  var codecContext: CodecContext {
    CodecContext(dataType: dataType, fillValue: fillValue, chunkShape: chunkGrid.regularChunkShape)
  }

  private func check() throws(MetadataError) {
    if version2Document == nil, try DataType(statedDataType) != dataType {
      throw .expected("the data type \(dataType.name)", found: statedDataType.dataTypeJSON, in: "data_type")
    }
    try chunkGrid.checkCovers(shape)
    // Of shards only the inner chunks count their elements.
    guard
      dataType.layout != .variable || chunkGrid.elementCount <= ChunkGrid.maximumElementCount
        || codecs.contains(where: { $0.name == ShardingCodec.name })
    else {
      throw MetadataError(
        code: .tooLarge, field: chunkGrid.isRectilinear ? ChunkGrid.shapesField : ChunkGrid.shapeField,
        message: "a chunk has more than \(ChunkGrid.maximumElementCount) elements of variable length")
    }
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
      throw .expected("no field that has a place of its own", found: value, in: name)
    }
    try MetadataFields(additionalFields).checkIgnorable()
  }
}
