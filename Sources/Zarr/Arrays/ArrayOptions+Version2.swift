import ChunkEngine

extension ArrayOptions {
  /// The metadata of an array of Zarr v2.
  ///
  /// - Throws: An error if Zarr v2 has no such data type, codec or chunks.
  func version2Metadata(
    shape: [Int], chunkGrid: ChunkGrid, stages: [MetadataExtension]
  ) throws(MetadataError) -> ArrayMetadata {
    let type = dataType ?? .bytes
    guard let chunkShape = chunkGrid.regularChunkShape, !chunkGrid.isRectilinear else {
      throw Self.unavailable("chunk_grid", "chunks that differ in shape")
    }
    guard shardSize == nil else { throw Self.unavailable("codecs", "shards") }
    guard dataTypeName == nil else { throw Self.unavailable("data_type", "other names for a data type") }
    guard dimensionNames == nil else { throw Self.unavailable("dimension_names", "names of dimensions") }
    let dtype = try version2DataType(type)
    var filters = try version2Filters
    if let codec = try version2Serializer(type) { filters.append(codec) }
    filters += try Self.stages(ofVersion2: stages).map(Self.version2)
    // What comes last is the compressor, unless it makes the bytes.
    let compressor = stages.isEmpty ? JSONValue.null : filters.removeLast()
    let separator = chunkKeyEncoding.kind == .v2 ? chunkKeyEncoding.separator : .dot
    let fill = try Version2FillValue(type, stored: Version2DataType(dtype))
    return try ArrayMetadata(
      version2: [
        "shape": .array(shape.map(JSONValue.integer)), "chunks": .array(chunkShape.map(JSONValue.integer)),
        "dtype": dtype, "fill_value": try fill.json(of: fillValue ?? type.defaultFillValue),
        "order": isColumnMajor ? "F" : "C", "filters": filters.isEmpty ? .null : .array(filters),
        "dimension_separator": .string(separator.rawValue), "compressor": compressor, "zarr_format": 2,
      ], attributes: attributes)
  }

  /// The data type in Zarr v2 metadata, which has the byte order that is a setting of the codec in v3.
  private func version2DataType(_ type: DataType) throws(MetadataError) -> JSONValue {
    if serializer?.name == BytesCodec.structureName, let dtype = serializer?.configuration["dtype"] {
      guard try Version2DataType(dtype).type == type else {
        throw .expected("the layout of \(type.name)", found: dtype, in: "dtype")
      }
      return dtype
    }
    let byteOrder = serializer?.configuration["endian"] == "big" ? ByteOrder.big : .little
    guard let dtype = type.version2JSON(byteOrder: byteOrder) else {
      throw Self.unavailable("data_type", "the data type \(type.name)")
    }
    return dtype
  }

  private static func unavailable(_ field: String, _ what: String) -> MetadataError {
    MetadataError(code: .unsupported, field: field, message: "Zarr v2 does not have \(what)")
  }

  /// Whether the first filter is a transposition, which is a field of its own in Zarr v2.
  private var isColumnMajor: Bool { filters.first?.name == TransposeCodec.name }

  private var version2Filters: [JSONValue] {
    get throws(MetadataError) {
      var values: [JSONValue] = []
      for (index, filter) in filters.enumerated() {
        if index == 0, isColumnMajor {
          let order = filter.configuration["order"]?.arrayValue?.compactMap(\.integerValue) ?? []
          guard order == Array((0..<order.count).reversed()) else {
            throw Self.unavailable("codecs", "an order of dimensions but those of C and Fortran")
          }
        } else {
          values.append(try Self.version2(filter))
        }
      }
      return values
    }
  }

  /// The filter that turns elements into bytes, or nil for elements of fixed size.
  private func version2Serializer(_ type: DataType) throws(MetadataError) -> JSONValue? {
    guard let serializer else {
      switch type {
      case .json: return try Self.version2(JSON2Codec().metadata)
      case _ where type.layout == .variable: return try Self.version2(type.defaultCodec)
      default: return nil
      }
    }
    if [BytesCodec.name, BytesCodec.structureName].contains(serializer.name) { return nil }
    // There is nothing else in the document that says that elements are JSON.
    guard type != .json || serializer.name != VlenUTF8Codec.name else {
      throw Self.unavailable("codecs", "JSON in \(serializer.name), but numcodecs.json2")
    }
    return try Self.version2(serializer)
  }

  /// The codecs after the serializer, without a CRC-32C after Zstandard, whose frames have a checksum themselves.
  ///
  /// Every reader of Zarr v2 knows that one. numcodecs has CRC-32C only if another package is installed.
  private static func stages(ofVersion2 stages: [MetadataExtension]) -> [MetadataExtension] {
    stages.map(\.name).suffix(2) == [ZstdCodec.name, CRC32CCodec.name] ? stages.dropLast() : stages
  }

  /// A codec as Zarr v2 has it.
  private static func version2(_ codec: MetadataExtension) throws(MetadataError) -> JSONValue {
    let prefix = "numcodecs."
    var settings = codec.configuration
    let name = codec.name.hasPrefix(prefix) ? String(codec.name.dropFirst(prefix.count)) : codec.name
    switch codec.name {
    case ZstdCodec.name:
      // zarrs and numcodecs before 0.13 do not know the setting, and read either kind of frame.
      settings["checksum"] = nil
    case BloscCodec.name:
      let shuffles: [JSONValue] = ["noshuffle", "shuffle", "bitshuffle"]
      settings["shuffle"] = (settings["shuffle"].flatMap { shuffles.firstIndex(of: $0) }).map(
        JSONValue.integer)
      // zarr-python 2 tells the library the type of the elements; its settings do not have it.
      settings["typesize"] = nil
    case GzipCodec.name, CRC32CCodec.name, VlenBytesCodec.name, VlenUTF8Codec.name: break
    case _ where name != codec.name: break
    default: throw unavailable("codecs", "the codec \(codec.name)")
    }
    var object: JSONObject = ["id": .string(name)]
    for (name, value) in settings { object[name] = value }
    return .object(object)
  }
}
