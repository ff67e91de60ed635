import ChunkEngine
import Foundation

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

/// The fill value of an array of Zarr v2.
///
/// It is as in v3, with a few differences: what is not written may be undefined, `null`; structures and bytes
/// of fixed size are always base64 text, of the bytes as they are stored; and objects, of which Python can
/// have any for a fill value, often have 0.
struct Version2FillValue {
  let type: DataType

  /// How elements are stored.
  private let stored: Version2DataType

  init(_ type: DataType, stored: Version2DataType) {
    self.type = type
    self.stored = stored
  }

  /// Reads a fill value.
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
    // zarr-python 2 takes 0 for the empty value of every type, and so do others.
    case (_, .number(let number)) where number.double == 0: return zeros
    case (_, ""), (_, false): return zeros
    default: return try type.fillValue(from: value)
    }
  }

  /// The value that a document holds for a fill value.
  ///
  /// - Throws: An error if Zarr v2 has none for it.
  func json(of bytes: [UInt8]) throws(MetadataError) -> JSONValue {
    switch type {
    case .rawBytes: return .string(Data(bytes).base64EncodedString())
    case .structure: return .string(Data(swapped(bytes)).base64EncodedString())
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

  /// The value with `"NaN"` in place of the bits of an unusual one, which Zarr v2 has no way to write.
  private static func withoutBits(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text) where text.hasPrefix("0x"): "NaN"
    case .array(let parts): .array(parts.map(withoutBits))
    default: value
    }
  }

  /// Turns round the bytes of each number if they are stored so.
  private func swapped(_ bytes: [UInt8]) -> [UInt8] {
    guard stored.byteOrder == .big || stored.hasMixedByteOrder else { return bytes }
    var result: [UInt8] = []
    var rest = bytes[...]
    for byteCount in stored.turnedByteCounts.lazy.map(Int.init) {
      result += rest.prefix(byteCount).reversed()
      rest = rest.dropFirst(byteCount)
    }
    return result
  }
}

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
