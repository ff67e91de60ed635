import ChunkEngine

extension DataType {
  /// The data types without settings, except those with a size in their name.
  private static let withoutSettings: [DataType] =
    [.bytes, .string, .json] + NumberType.allCases.map(DataType.number)
    + SmallNumberType.allCases.map(DataType.smallNumber) + complexTypes

  private static let complexTypes: [DataType] =
    [.complex(of: .number(.float16)), .complex(of: .number(.bfloat16))]
    + SmallNumberType.allCases.filter { $0.integers == nil }.map { .complex(of: .smallNumber($0)) }

  /// The name in new arrays.
  public var name: String { names[0] }

  /// All names of the data type, the best first.
  ///
  /// `bytes` is the registered name, and the one that both zarr-python and zarrs read; zarr-python writes
  /// `variable_length_bytes`, and zarrs wrote `binary` before 2025.
  public var names: [String] {
    switch self {
    case .number(.complex64): ["complex64", "complex_float32"]
    case .number(.complex128): ["complex128", "complex_float64"]
    case .number(let type): [type.rawValue]
    case .smallNumber(let type): [type.rawValue]
    case .complex(let part): ["complex_\(part.name)"]
    case .bytes: ["bytes", "variable_length_bytes", "binary"]
    case .string: ["string"]
    case .json: ["json"]
    case .array: ["vlen-array"]
    case .rawBytes(let byteCount): ["r\(byteCount.multipliedReportingOverflow(by: 8).partialValue)"]
    case .opaqueBytes: ["raw_bytes"]
    case .nullTerminatedBytes: ["null_terminated_bytes"]
    case .fixedLengthUTF32: ["fixed_length_utf32"]
    case .datetime64: ["numpy.datetime64"]
    case .timedelta64: ["numpy.timedelta64"]
    case .structure: ["struct", Self.earlierStructureName]
    case .subarray: ["subarray"]
    case .optional: ["zarrs.optional", "optional"]
    case .extension(let type): [type.base.name]
    }
  }

  /// The settings in new arrays.
  public var configuration: JSONObject {
    switch self {
    case .number, .smallNumber, .complex, .bytes, .string, .json, .rawBytes: [:]
    case .array(let item): ["data_type": item.metadata.dataTypeJSON]
    case .opaqueBytes(let byteCount), .nullTerminatedBytes(let byteCount):
      ["length_bytes": .integer(byteCount)]
    case .fixedLengthUTF32(let length): ["length_bytes": .integer(4 * length)]
    case .datetime64(let unit, let scaleFactor), .timedelta64(let unit, let scaleFactor):
      ["unit": .string(unit.rawValue), "scale_factor": .integer(scaleFactor)]
    case .structure(let fields):
      [
        "fields": .array(
          fields.map { ["name": .string($0.name), "data_type": $0.dataType.metadata.dataTypeJSON] })
      ]
    case .subarray(let item, let shape):
      ["data_type": item.metadata.dataTypeJSON, "shape": .array(shape.map(JSONValue.integer))]
    case .optional(let type):
      // zarrs requires both, even without settings.
      ["name": .string(type.name), "configuration": .object(type.configuration)]
    case .extension(let type): type.base.configuration
    }
  }

  /// The data type of Zarr v3 with the same elements.
  ///
  /// An array in a structure becomes a structure with a member for each item, named by its number.
  public var version3: DataType {
    switch self {
    case .structure(let fields):
      return .structure(fields.map { StructureField($0.name, $0.dataType.version3) })
    case .subarray(let item, let shape):
      var type = item.version3
      for count in shape.reversed() {
        type = .structure((0..<count).map { StructureField(String($0), type) })
      }
      return type
    default: return self
    }
  }

  /// The data type in the metadata of new arrays.
  public var metadata: MetadataExtension { MetadataExtension(name: name, configuration: configuration) }

  /// The data type in metadata under one of its names.
  ///
  /// Under its earlier name a structure has pairs for fields, the only form that zarr-python read then.
  func metadata(named name: String) -> MetadataExtension {
    guard case .structure(let fields) = self, name == Self.earlierStructureName else {
      return MetadataExtension(name: name, configuration: configuration)
    }
    let pairs = fields.map { field in
      let names = field.dataType.names
      let type = field.dataType.metadata(named: names.contains(name) ? name : names[0])
      return JSONValue.array([.string(field.name), type.dataTypeJSON])
    }
    return MetadataExtension(name: name, configuration: ["fields": .array(pairs)])
  }

  /// The earlier name of `struct`.
  static let earlierStructureName = "structured"
}

extension MetadataExtension {
  /// A data type in a document: a bare name if it has no settings.
  ///
  /// zarr-python reads types without settings only in that form.
  var dataTypeJSON: JSONValue {
    configuration.isEmpty && additionalFields.isEmpty ? .string(name) : json
  }
}

extension DataType {
  /// Creates a data type without settings from any of its names.
  ///
  /// - Throws: An error with the name if it is not supported.
  public init(name: String) throws(MetadataError) {
    try self.init(MetadataExtension(name: name))
  }

  /// Reads a data type from a document.
  ///
  /// - Parameters:
  ///   - metadata: The data type in the document.
  ///   - field: Its place in the document, for errors.
  /// - Throws: An error if it is not supported, has unknown settings, is nested too deeply, or has elements of
  ///   more than ``maximumByteCount`` bytes.
  /// - Complexity: O(*n*) in the size of the metadata.
  public init(_ metadata: MetadataExtension, field: String = "data_type") throws(MetadataError) {
    try self.init(metadata, field: field, depth: 0)
  }

  /// Reads a data type, perhaps inside others.
  private init(_ metadata: MetadataExtension, field: String, depth: Int) throws(MetadataError) {
    guard depth < Self.maximumDepth else {
      throw MetadataError(
        code: .tooLarge, field: field, message: "data types are nested more than \(Self.maximumDepth) deep")
    }
    try metadata.checkMustUnderstand(field: field)
    try MetadataFields(metadata.additionalFields, path: field).checkOnly()
    let settings = MetadataFields(metadata.configuration, path: "\(field).configuration")
    self = try Self.type(metadata, settings, field: field, depth: depth)
    try checkByteCount(field: field)
  }

  /// Checks that elements are not too large.
  func checkByteCount(field: String) throws(MetadataError) {
    if let byteCount = layout.fixedByteCount, byteCount > Self.maximumByteCount {
      throw MetadataError(
        code: .tooLarge, field: field,
        message: "an element has \(byteCount) bytes, and the limit is \(Self.maximumByteCount)")
    }
  }

  private static func type(
    _ metadata: MetadataExtension, _ settings: MetadataFields, field: String, depth: Int
  ) throws(MetadataError) -> DataType {
    if let type = namedTypes[metadata.name] {
      try settings.checkOnly()
      return type
    }
    switch metadata.name {
    case "raw_bytes": return .opaqueBytes(byteCount: try settings.byteCount())
    case "null_terminated_bytes": return .nullTerminatedBytes(byteCount: try settings.byteCount())
    case "fixed_length_utf32": return .fixedLengthUTF32(length: try settings.byteCount(multipleOf: 4) / 4)
    case "numpy.datetime64":
      let (unit, scaleFactor) = try settings.timeUnit()
      return .datetime64(unit, scaleFactor: scaleFactor)
    case "numpy.timedelta64":
      let (unit, scaleFactor) = try settings.timeUnit()
      return .timedelta64(unit, scaleFactor: scaleFactor)
    case "struct", "structured": return .structure(try structureFields(settings, depth: depth + 1))
    case "optional", "zarrs.optional":
      // The settings have the form of an extension.
      let inner = try MetadataExtension(.object(settings.object), field: settings.path)
      return .optional(try DataType(inner, field: settings.path, depth: depth + 1))
    case "vlen-array":
      try settings.checkOnly(["data_type"])
      return .array(of: try fixedType(settings, "data_type", depth: depth + 1))
    default: break
    }
    if let byteCount = try rawByteCount(metadata.name, field: field) {
      try settings.checkOnly()
      return .rawBytes(byteCount: byteCount)
    }
    guard let factory = DataTypeRegistry.factory(metadata.name) else {
      throw MetadataError(
        code: .unsupported, field: field,
        message:
          "expected a supported data type, found \(JSONValue.string(metadata.name).summary); if it is your own, "
          + "register it with DataTypeRegistry")
    }
    return .extension(AnyExtensionDataType(try factory(CodecSettings(metadata, field: field))))
  }

  /// The data types without settings by each of their names.
  private static let namedTypes = Dictionary(
    withoutSettings.flatMap { type in type.names.map { ($0, type) } }, uniquingKeysWith: { first, _ in first }
  )

  /// The bytes of an element of `r` and a number of bits, or nil for any other name.
  private static func rawByteCount(_ name: String, field: String) throws(MetadataError) -> Int? {
    let digits = name.utf8.dropFirst()
    guard name.utf8.first == UInt8(ascii: "r"), let first = digits.first,
      digits.allSatisfy(\.isDigit)
    else { return nil }
    let bitCount = Int(name.dropFirst())
    if let bitCount, bitCount.isMultiple(of: 8), bitCount > 0, first != UInt8(ascii: "0") {
      return bitCount / 8
    }
    throw .expected("r8, r16, r24 or another multiple of 8", found: .string(name), in: field)
  }

  /// Reads the members of a structure, in the form of `struct` or of `structured`.
  private static func structureFields(
    _ settings: MetadataFields, depth: Int
  ) throws(MetadataError) -> [StructureField] {
    try settings.checkOnly(["fields"])
    let values = try settings.array("fields", "an array of fields")
    guard !values.isEmpty else {
      throw .expected("at least one field", found: [], in: settings.path(of: "fields"))
    }
    var fields: [StructureField] = []
    var names: Set<ExactString> = []
    var byteCount = 0
    for (index, value) in values.enumerated() {
      let path = "\(settings.path(of: "fields"))[\(index)]"
      let members: JSONObject
      if let pair = value.arrayValue, pair.count == 2 {
        members = ["name": pair[0], "data_type": pair[1]]
      } else if let object = value.objectValue {
        members = object
      } else {
        throw .expected("an object, or a name and a data type", found: value, in: path)
      }
      let field = MetadataFields(members, path: path)
      try field.checkOnly(["name", "data_type"])
      let nameValue = try field.required("name", "a string")
      guard let name = nameValue.stringValue, !name.isEmpty, names.insert(ExactString(name)).inserted else {
        throw .expected("a name that no other field has", found: nameValue, in: field.path(of: "name"))
      }
      let type = try fixedType(field, "data_type", depth: depth)
      // No part exceeds the limit, so the sum does not overflow.
      byteCount += type.layout.fixedByteCount ?? 0
      guard byteCount <= maximumByteCount else {
        throw MetadataError(
          code: .tooLarge, field: path, message: "an element has more than \(maximumByteCount) bytes")
      }
      fields.append(StructureField(name, type))
    }
    return fields
  }

  /// Reads a data type whose elements have a fixed size.
  private static func fixedType(
    _ fields: MetadataFields, _ name: String, depth: Int
  ) throws(MetadataError) -> DataType {
    let path = fields.path(of: name)
    let metadata = try MetadataExtension(fields.required(name, "a data type"), field: path)
    let type = try DataType(metadata, field: path, depth: depth)
    guard type.layout.fixedByteCount != nil else {
      throw .expected("a data type of fixed size", found: .string(type.name), in: path)
    }
    return type
  }
}

extension MetadataFields {
  /// Reads the bytes of an element, the only setting of several types.
  fileprivate func byteCount(multipleOf unit: Int = 1) throws(MetadataError) -> Int {
    try checkOnly(["length_bytes"])
    let value = try required("length_bytes", "an integer")
    guard let count = value.integerValue, count >= 1, count.isMultiple(of: unit) else {
      throw .expected(
        unit == 1 ? "an integer of at least 1" : "a multiple of \(unit)", found: value,
        in: path(of: "length_bytes"))
    }
    return count
  }

  fileprivate func timeUnit() throws(MetadataError) -> (TimeUnit, scaleFactor: Int) {
    try checkOnly(["unit", "scale_factor"])
    let name = try required("unit", "the name of a unit")
    guard let unit = name.stringValue.flatMap(TimeUnit.init(spelled:)) else {
      let names = TimeUnit.allCases.map(\.rawValue).joined(separator: ", ")
      throw .expected("one of \(names)", found: name, in: path(of: "unit"))
    }
    let factor = try required("scale_factor", "an integer")
    guard let scaleFactor = factor.integerValue, TimeUnit.scaleFactors.contains(scaleFactor) else {
      throw .expected(
        "an integer from 1 to \(TimeUnit.scaleFactors.upperBound)", found: factor,
        in: path(of: "scale_factor"))
    }
    return (unit, scaleFactor)
  }
}
