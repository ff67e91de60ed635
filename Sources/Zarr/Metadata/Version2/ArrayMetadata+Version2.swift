import ChunkEngine

extension ArrayMetadata {
  /// Reads the parsed documents of an array of Zarr v2.
  ///
  /// It keeps unknown fields, which the specification of Zarr v2 lets readers ignore.
  ///
  /// - Parameters:
  ///   - document: The members of `.zarray`.
  ///   - attributes: The members of `.zattrs`, or nil if it is missing.
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the documents.
  public init(version2 document: JSONObject, attributes: JSONObject? = nil) throws(MetadataError) {
    let fields = MetadataFields(document)
    try fields.checkFormat(.version2)
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
      chunkGrid: ChunkGrid(chunkShape: ChunkGrid.chunkShape(fields, "chunks", shape: shape)),
      chunkKeyEncoding: ChunkKeyEncoding(.v2, separator: Self.version2Separator(fields)),
      fillValue: fill.bytes(from: document["fill_value"] ?? .null),
      codecs: codecs.version3(stated, dtype, rank: shape.count, isColumnMajor: order == "F"),
      attributes: attributes ?? [:], dimensionNames: nil, storageTransformers: [], additionalFields: [:],
      version2Document: document)
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

  /// The version of the format.
  public var zarrFormat: ZarrFormat { version2Document == nil ? .version3 : .version2 }
}

/// The filters and the compressor of an array of Zarr v2, as codecs of v3.
///
///     v2    order F     filters: delta, shuffle     compressor: zlib
///     v3    transpose   numcodecs.delta   bytes   numcodecs.shuffle   numcodecs.zlib
///
/// The byte order is part of the data type in v2, and of a codec in v3. Where v2 has `|O` and a filter that
/// turns objects into bytes, v3 has a data type.
struct Version2Codecs {
  /// The filters and the compressor under their names in v2, in the order of encoding.
  private let stages: [MetadataExtension]

  /// The codecs that turn numbers into other numbers.
  private static let arrayToArrayNames: Set<String> = [
    "astype", "bitround", "delta", "fixedscaleoffset", "packbits", "quantize",
  ]

  /// The codecs that turn elements of fixed size into bytes.
  private static let arrayToBytesNames: Set<String> = ["pcodec", "zfpy"]

  /// The codecs that turn objects into bytes.
  ///
  /// They determine the type of the elements.
  private static let objectNames: Set<String> = [
    "vlen-utf8", "vlen-bytes", "vlen-array", "json2", "msgpack2", "categorize", "pickle",
  ]

  /// Reads the members `filters` and `compressor` of a document; both may be null.
  init(_ fields: MetadataFields) throws(MetadataError) {
    var stages: [MetadataExtension] = []
    switch fields.object["filters"] {
    case nil, .null?: break
    case .array(let filters)?:
      for (index, filter) in filters.enumerated() {
        stages.append(try Self.codec(filter, field: "filters[\(index)]"))
      }
    case let value?: throw .expected("an array of codecs, or null", found: value, in: "filters")
    }
    let compressor = fields.object["compressor"] ?? .null
    if compressor != .null {
      stages.append(try Self.codec(compressor, field: "compressor"))
    }
    self.stages = stages
  }

  private static func codec(_ value: JSONValue, field: String) throws(MetadataError) -> MetadataExtension {
    let fields = try MetadataFields(value, path: field)
    let id = try fields.required("id", "the name of a codec")
    guard let name = id.stringValue, !name.isEmpty else {
      throw .expected("a string that is not empty", found: id, in: fields.path(of: "id"))
    }
    var configuration = fields.object
    configuration["id"] = nil
    // GDAL writes its own option here, as text.
    if name == "zstd", let option = configuration["checksum"]?.stringValue?.uppercased(),
      let hasChecksum = ["YES": true, "TRUE": true, "ON": true, "NO": false, "FALSE": false, "OFF": false][
        option]
    {
      configuration["checksum"] = .bool(hasChecksum)
    }
    // Without the setting a writer is free to choose: every reader takes frames with a checksum.
    if name == "zstd", configuration["checksum"] == nil { configuration["checksum"] = true }
    return MetadataExtension(name: name, configuration: configuration)
  }

  /// Whether a codec runs what it reads.
  private var hasPickle: Bool { stages.contains { $0.name == "pickle" } }

  /// The type of the elements.
  ///
  /// - Throws: An error if they are objects, and no codec determines their type.
  func elementType(of stated: Version2DataType) throws(MetadataError) -> DataType {
    if let type = stated.type {
      // The labels of categories have any size, also where the array's text has a fixed one.
      if case .fixedLengthUTF32 = type, stages.first?.name == "categorize" { return .string }
      return type
    }
    guard let codec = stages.first(where: { Self.objectNames.contains($0.name) }), !hasPickle else {
      // The content of a pickle is unknown. JSON takes any fill value.
      if hasPickle { return .json }
      throw MetadataError(
        code: .unsupported, field: "filters",
        message:
          "the elements are objects; expected one of the codecs that store them: "
          + Self.objectNames.sorted().joined(separator: ", "))
    }
    switch codec.name {
    case "vlen-bytes": return .bytes
    case "json2", "msgpack2": return .json
    case "vlen-array":
      let name = codec.configuration["dtype"] ?? .null
      let item = try Version2DataType(name, field: "filters.dtype")
      guard let type = item.type else {
        throw .expected("a data type of fixed size", found: name, in: "filters.dtype")
      }
      return .array(of: type)
    default: return .string
    }
  }

  /// The codecs as Zarr v3 has them.
  func version3(
    _ stated: Version2DataType, _ dtype: JSONValue, rank: Int, isColumnMajor: Bool
  ) -> [MetadataExtension] {
    var codecs: [MetadataExtension] = []
    // These two write nested lists in C order, whatever the order of the array.
    let isInShape = stages.first.map { ["json2", "msgpack2"].contains($0.name) } ?? false
    if isColumnMajor && rank > 1 && !isInShape {
      let order = (0..<rank).reversed().map(JSONValue.integer)
      codecs.append(MetadataExtension(name: "transpose", configuration: ["order": .array(order)]))
    }
    let makesBytes = Self.arrayToBytesNames.union(Self.objectNames)
    var byteOrder = stated.byteOrder
    func bytes(_ byteOrder: ByteOrder?) -> MetadataExtension {
      // No codec before it changes a structure.
      guard !stated.hasMixedByteOrder else { return BytesCodec.metadata(dtype: dtype) }
      let configuration: JSONObject = ["endian": .string((byteOrder ?? .little).rawValue)]
      return MetadataExtension(name: BytesCodec.name, configuration: configuration)
    }
    var isBytes = stated.type == nil || stages.first?.name == "categorize"
    for stage in stages {
      if !isBytes && !Self.arrayToArrayNames.contains(stage.name) {
        if !makesBytes.contains(stage.name) { codecs.append(bytes(byteOrder)) }
        isBytes = true
      }
      if !isBytes { byteOrder = Self.byteOrder(after: stage) ?? byteOrder }
      codecs.append(Self.version3(stage, stated, isOnly: stages.count == 1))
    }
    if !isBytes { codecs.append(bytes(byteOrder)) }
    return codecs
  }

  /// The byte order after a codec, or nil if the codec does not change it.
  private static func byteOrder(after codec: MetadataExtension) -> ByteOrder? {
    for name in ["astype", "encode_dtype", "dtype"] {
      if let type = codec.configuration[name], let order = (try? Version2DataType(type))?.byteOrder {
        return order
      }
    }
    return nil
  }

  private static func version3(
    _ codec: MetadataExtension, _ stated: Version2DataType, isOnly: Bool
  ) -> MetadataExtension {
    if ["vlen-utf8", "vlen-bytes"].contains(codec.name) { return codec }
    var configuration = codec.configuration
    if codec.name == "blosc", isOnly, let byteCount = stated.type?.layout.fixedByteCount, byteCount < 256 {
      // Blosc gets the size of an element from the data type, because the settings of v2 do not have it.
      configuration["typesize"] = configuration["typesize"] ?? .integer(byteCount)
    }
    if codec.name == "shuffle", configuration["elementsize"]?.integerValue == 0 {
      // Then numcodecs would do nothing, and netCDF-C shuffles the bytes of the data type. Its type for text
      // is a pointer.
      var byteCount = stated.type?.layout.fixedByteCount
      if case .nullTerminatedBytes(2...)? = stated.type { byteCount = 8 }
      configuration["elementsize"] = byteCount.map(JSONValue.integer)
    }
    let name = "numcodecs.\(codec.name)"
    // A codec of another package may have the bare name.
    let isKnown = CodecRegistry.factory(name) != nil || CodecRegistry.factory(codec.name) == nil
    return MetadataExtension(name: isKnown ? name : codec.name, configuration: configuration)
  }
}

/// The fill value of an array of Zarr v2.
///
/// It has the form of v3 with three exceptions. `null` says that it is undefined. Structures and bytes of
/// fixed size are always base64 text, of the bytes as they are stored. The fill value of objects is often 0.
struct Version2FillValue {
  private let type: DataType
  private let stored: Version2DataType

  init(_ type: DataType, stored: Version2DataType) {
    self.type = type
    self.stored = stored
  }

  func bytes(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    if case .json = type { return try type.fillValue(from: value) }
    let zeros = [UInt8](repeating: 0, count: type.layout.fixedByteCount ?? 0)
    switch (type, value) {
    case (_, .null): return zeros
    case (.bytes, .string(let text)):
      return (try? type.fillValue(from: value)) ?? Array(text.utf8)
    case (.string, .number(let number)):
      return number.double == 0 ? [] : Array(number.text.utf8)
    case (.structure, .string(let text)) where !text.isEmpty:
      return swapped(try type.fillValue(from: value))
    case (.complex, .number), (.number(.complex64), .number), (.number(.complex128), .number):
      return try type.fillValue(from: [value, 0])
    case (.number, _), (.smallNumber, _): return try type.fillValue(from: value)
    case (.datetime64, .number), (.timedelta64, .number): return try type.fillValue(from: value)
    // For zarr-python 2 and others, 0 is the empty value of every type.
    case (_, .number(let number)) where number.double == 0: return zeros
    case (_, ""), (_, false): return zeros
    default: return try type.fillValue(from: value)
    }
  }

  /// The fill value in a document.
  ///
  /// - Throws: An error if Zarr v2 has no form for it.
  func json(of bytes: [UInt8]) throws(MetadataError) -> JSONValue {
    switch type {
    case .rawBytes: return .string(Base64Codec.text(of: bytes))
    case .structure: return .string(Base64Codec.text(of: swapped(bytes)))
    case .datetime64, .timedelta64:
      return .integer(Int(truncatingIfNeeded: UInt64(littleEndianBytes: bytes[...])))
    case .array:
      guard bytes.isEmpty else {
        throw MetadataError(
          code: .unsupported, field: "fill_value", message: "Zarr v2 has no fill value that is an array")
      }
      return .null
    case .number: return Self.withoutBits(try type.json(ofFillValue: bytes))
    default: return try type.json(ofFillValue: bytes)
    }
  }

  /// The value with `"NaN"` instead of the bits of an unusual NaN, for which Zarr v2 has no form.
  private static func withoutBits(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text) where text.hasPrefix("0x"): "NaN"
    case .array(let parts): .array(parts.map(withoutBits))
    default: value
    }
  }

  /// Swaps the bytes of the numbers that are stored big-endian.
  private func swapped(_ bytes: [UInt8]) -> [UInt8] {
    guard stored.byteOrder == .big || stored.hasMixedByteOrder else { return bytes }
    var result: [UInt8] = []
    var rest = bytes[...]
    for byteCount in stored.swappedByteCounts.lazy.map(Int.init) {
      result += rest.prefix(byteCount).reversed()
      rest = rest.dropFirst(byteCount)
    }
    return result
  }
}
