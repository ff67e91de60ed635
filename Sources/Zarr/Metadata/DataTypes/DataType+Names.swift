import ChunkEngine

extension DataType {
  /// The data types that have no settings, but for those whose size is part of their name.
  static let withoutSettings: [DataType] =
    [.bytes, .string, .json] + NumberType.allCases.map(DataType.number)
    + SmallNumberType.allCases.map(DataType.smallNumber) + complexTypes

  private static let complexTypes: [DataType] =
    [.complex(of: .number(.float16)), .complex(of: .number(.bfloat16))]
    + SmallNumberType.allCases.filter { $0.integers == nil }.map { .complex(of: .smallNumber($0)) }

  /// The name that new arrays get.
  public var name: String { names[0] }

  /// All names that stand for the data type, the best first.
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

  /// The settings that new arrays get.
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
      // zarrs wants both, even if there are no settings.
      ["name": .string(type.name), "configuration": .object(type.configuration)]
    case .extension(let type): type.base.configuration
    }
  }

  /// The data type of Zarr v3 with the same elements: arrays are structures there, of which each item is a
  /// member that is named by its number.
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

  /// The data type as the metadata of new arrays has it.
  public var metadata: MetadataExtension { MetadataExtension(name: name, configuration: configuration) }

  /// The data type as metadata has it under one of its names.
  ///
  /// Under its earlier name a structure has pairs for fields, which is all that zarr-python read then.
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

  /// What a structure was called before it was `struct`.
  static let earlierStructureName = "structured"
}

extension MetadataExtension {
  /// A data type as documents hold it: a bare name where there are no settings.
  ///
  /// zarr-python reads types without settings in that form only.
  var dataTypeJSON: JSONValue {
    configuration.isEmpty && additionalFields.isEmpty ? .string(name) : json
  }
}
