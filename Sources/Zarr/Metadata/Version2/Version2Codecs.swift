import ChunkEngine

/// The filters and the compressor of an array of Zarr v2, as codecs of v3.
///
///     v2    order F     filters: delta, shuffle     compressor: zlib
///     v3    transpose   numcodecs.delta   bytes   numcodecs.shuffle   numcodecs.zlib
///
/// What v2 keeps in the data type, the byte order, is a codec in v3; and where v2 has `|O` and a filter that
/// makes bytes of objects, v3 has a data type.
struct Version2Codecs {
  /// The filters and the compressor in the order of encoding, with the name that each has in v2.
  private let stages: [MetadataExtension]

  /// The codecs that make other numbers of numbers.
  private static let arrayToArrayNames: Set<String> = [
    "astype", "bitround", "delta", "fixedscaleoffset", "packbits", "quantize",
  ]

  /// The codecs that make bytes of elements of fixed size by themselves.
  private static let arrayToBytesNames: Set<String> = ["pcodec", "zfpy"]

  /// The codecs that make bytes of objects, which are what says the type of the elements.
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
    // GDAL writes its own option there, as text.
    if name == "zstd", let option = configuration["checksum"]?.stringValue?.uppercased(),
      let hasChecksum = ["YES": true, "TRUE": true, "ON": true, "NO": false, "FALSE": false, "OFF": false][
        option]
    {
      configuration["checksum"] = .bool(hasChecksum)
    }
    return MetadataExtension(name: name, configuration: configuration)
  }

  /// Whether one of the codecs executes what it reads.
  private var hasPickle: Bool { stages.contains { $0.name == "pickle" } }

  /// What the elements are of an array with a data type.
  ///
  /// - Throws: An error if they are objects, and no codec says which.
  func elementType(of stated: Version2DataType) throws(MetadataError) -> DataType {
    if let type = stated.type {
      // Text of fixed size in categories is text of any size when it comes back.
      if case .fixedLengthUTF32 = type, stages.first?.name == "categorize" { return .string }
      return type
    }
    guard let codec = stages.first(where: { Self.objectNames.contains($0.name) }), !hasPickle else {
      // There is no way to tell what is in a pickle; this type takes any fill value.
      if hasPickle { return .json }
      throw MetadataError(
        code: .unsupported, field: "filters",
        message:
          "the elements are objects, and none of the codecs that tell which is there: "
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
  ///
  /// - Parameters:
  ///   - stated: The data type of the document.
  ///   - dtype: The same as the document has it.
  ///   - rank: The number of axes.
  ///   - isColumnMajor: Whether the elements of a chunk are in the order of Fortran, the first axis first.
  /// - Returns: The codecs in the order of encoding.
  func version3(
    _ stated: Version2DataType, _ dtype: JSONValue, rank: Int, isColumnMajor: Bool
  ) -> [MetadataExtension] {
    var codecs: [MetadataExtension] = []
    // These two write a list of lists by the shape of the chunk, in whatever order it is in memory.
    let isInShape = stages.first.map { ["json2", "msgpack2"].contains($0.name) } ?? false
    if isColumnMajor && rank > 1 && !isInShape {
      let order = (0..<rank).reversed().map(JSONValue.integer)
      codecs.append(MetadataExtension(name: "transpose", configuration: ["order": .array(order)]))
    }
    let makesBytes = Self.arrayToBytesNames.union(Self.objectNames)
    var byteOrder = stated.byteOrder
    func bytes(_ byteOrder: ByteOrder?) -> MetadataExtension {
      // No codec in front of it changes a structure.
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
      if !isBytes { byteOrder = Self.byteOrder(behind: stage) ?? byteOrder }
      codecs.append(Self.version3(stage, stated, isOnly: stages.count == 1))
    }
    if !isBytes { codecs.append(bytes(byteOrder)) }
    return codecs
  }

  /// The byte order of what a codec makes, or nil if it is that of what it gets.
  private static func byteOrder(behind codec: MetadataExtension) -> ByteOrder? {
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
      // The library is told the type of the elements, which its settings do not have.
      configuration["typesize"] = configuration["typesize"] ?? .integer(byteCount)
    }
    if codec.name == "shuffle", configuration["elementsize"]?.integerValue == 0 {
      // netCDF-C shuffles the bytes of the data type then, where numcodecs would do nothing; text is a pointer to
      // it, whatever its length.
      var byteCount = stated.type?.layout.fixedByteCount
      if case .nullTerminatedBytes(2...)? = stated.type { byteCount = 8 }
      configuration["elementsize"] = byteCount.map(JSONValue.integer)
    }
    let name = "numcodecs.\(codec.name)"
    // A codec that another package has added may have the bare name.
    let isKnown = CodecRegistry.factory(name) != nil || CodecRegistry.factory(codec.name) == nil
    return MetadataExtension(name: isKnown ? name : codec.name, configuration: configuration)
  }
}
