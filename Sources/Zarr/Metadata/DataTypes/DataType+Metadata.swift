import ChunkEngine

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
  ///   - metadata: The data type as the document has it.
  ///   - field: Where the document has it, for errors.
  /// - Throws: An error if it is not supported, has settings that it should not have, is nested too deeply,
  ///   or has elements of more than ``maximumByteCount`` bytes.
  /// - Complexity: O(*n*) in the size of the metadata.
  public init(_ metadata: MetadataExtension, field: String = "data_type") throws(MetadataError) {
    try self.init(metadata, field: field, depth: 0)
  }

  /// Reads a data type, which may be a part of others.
  private init(_ metadata: MetadataExtension, field: String, depth: Int) throws(MetadataError) {
    guard depth < Self.maximumDepth else {
      throw MetadataError(
        code: .tooLarge, field: field, message: "data types are nested more than \(Self.maximumDepth) deep")
    }
    try metadata.checkMustUnderstand(field: field)
    try MetadataFields(metadata.additionalFields, path: field).checkOnly()
    let settings = MetadataFields(metadata.configuration, path: "\(field).configuration")
    let type = try Self.type(metadata, settings, field: field, depth: depth)
    if let byteCount = type.layout.fixedByteCount, byteCount > Self.maximumByteCount {
      throw MetadataError(
        code: .tooLarge, field: field,
        message: "an element has \(byteCount) bytes, and the limit is \(Self.maximumByteCount)")
    }
    self = type
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
      // What is inside is written as if the settings were an extension themselves.
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
        message: "expected a supported data type, found \(JSONValue.string(metadata.name).summary)")
    }
    return .extension(AnyExtensionDataType(try factory(CodecSettings(metadata, field: field))))
  }

  /// The data types without settings by each of their names.
  private static let namedTypes = Dictionary(
    withoutSettings.flatMap { type in type.names.map { ($0, type) } }, uniquingKeysWith: { first, _ in first }
  )

  /// The bytes of an element of the type `r` and a number of bits, or nil if the name is another.
  private static func rawByteCount(_ name: String, field: String) throws(MetadataError) -> Int? {
    let digits = name.utf8.dropFirst()
    guard name.utf8.first == UInt8(ascii: "r"), let first = digits.first,
      digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
    else { return nil }
    let bitCount = Int(name.dropFirst())
    if let bitCount, bitCount.isMultiple(of: 8), bitCount > 0, first != UInt8(ascii: "0") {
      return bitCount / 8
    }
    throw .expected("r8, r16, r24 or another multiple of 8", found: .string(name), in: field)
  }

  /// Reads the members of a structure, in the form of `struct` or in that of `structured`.
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
      // No part is larger than the limit.
      byteCount += type.layout.fixedByteCount ?? 0
      guard byteCount <= maximumByteCount else {
        throw MetadataError(
          code: .tooLarge, field: path, message: "an element has more than \(maximumByteCount) bytes")
      }
      fields.append(StructureField(name, type))
    }
    return fields
  }

  /// Reads a data type of which all elements have as many bytes.
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
  /// Reads the only setting of several types, the bytes of an element.
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
