public import ChunkEngine

/// What the elements of an array are.
///
/// Types that are made of others are nested at most ``maximumDepth`` deep in documents.
@nonexhaustive
public indirect enum DataType: Hashable, Sendable {
  /// Truth values, integers, floating-point and complex numbers.
  case number(NumberType)
  /// Numbers of at most eight bits, each in a byte of its own.
  case smallNumber(SmallNumberType)
  /// Pairs of a real and an imaginary part, as ``number(_:)`` does not have them: of 16 bits or fewer each.
  case complex(of: DataType)
  /// Byte strings of any length.
  case bytes
  /// Text of any length, in UTF-8.
  case string
  /// JSON values, each as its UTF-8 text.
  case json
  /// Arrays of any length with items of one size, back to back.
  case array(of: DataType)
  /// Byte strings of one length, which the specification calls `r8`, `r16` and so on.
  case rawBytes(byteCount: Int)
  /// Byte strings of one length under the name that zarr-python gives them, `raw_bytes`.
  case opaqueBytes(byteCount: Int)
  /// Byte strings of at most so many bytes; what is left is zeros, which are no part of them.
  case nullTerminatedBytes(byteCount: Int)
  /// Text of at most so many code points, four bytes each; what is left is zeros, which are no part of it.
  case fixedLengthUTF32(length: Int)
  /// Points in time, in units since 1970.
  case datetime64(TimeUnit, scaleFactor: Int)
  /// Spans of time.
  case timedelta64(TimeUnit, scaleFactor: Int)
  /// Records with named members, back to back.
  case structure([StructureField])
  /// Arrays of one shape, in C order, as members of structures in Zarr v2 can be; v3 has no such type.
  case subarray(of: DataType, shape: [Int])
  /// Elements that may be absent.
  case optional(DataType)
  /// A type that another package has added.
  case `extension`(AnyExtensionDataType)
}

extension DataType {
  /// How deeply types may be nested.
  public static let maximumDepth = 32

  /// How many bytes an element of fixed size may have.
  ///
  /// A document of a few bytes can name a type of any size, so that there has to be a limit.
  public static let maximumByteCount = 16 << 20
}

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

extension DataType {
  /// How elements lie in memory.
  public var layout: ElementLayout {
    switch self {
    case .bytes, .string, .json, .array: .variable
    case .extension(let type): type.base.layout
    case .optional(let type): type.layout.fixedByteCount.map { .fixed(byteCount: $0 + 1) } ?? .variable
    case .number(let type): .fixed(byteCount: type.byteCount)
    case .smallNumber: .fixed(byteCount: 1)
    case .complex(let part): .fixed(byteCount: 2 * (part.layout.fixedByteCount ?? 0))
    case .rawBytes(let byteCount), .opaqueBytes(let byteCount), .nullTerminatedBytes(let byteCount):
      .fixed(byteCount: byteCount)
    case .fixedLengthUTF32(let length): .fixed(byteCount: 4 * length)
    case .datetime64, .timedelta64: .fixed(byteCount: 8)
    case .structure(let fields):
      .fixed(byteCount: fields.reduce(0) { $0 + ($1.dataType.layout.fixedByteCount ?? 0) })
    case .subarray(let item, let shape):
      .fixed(byteCount: shape.reduce(item.layout.fixedByteCount ?? 0, *))
    }
  }

  /// Whether elements of another type are the same bytes, and mean the same.
  func isStored(as other: DataType) -> Bool {
    switch (self, other) {
    case (.rawBytes(let own), .opaqueBytes(let others)), (.opaqueBytes(let own), .rawBytes(let others)):
      own == others
    default: self == other
    }
  }

  /// Whether every element has to be well-formed UTF-8.
  public var elementsAreText: Bool {
    switch self {
    case .string, .json: true
    case .extension(let type): type.base.elementsAreText
    default: false
    }
  }

  /// The element that stands for what was never written, unless another is asked for: zero, empty, or absent.
  ///
  /// Times have `NaT`, as in zarr-python, and JSON has `null`.
  public var defaultFillValue: [UInt8] {
    switch self {
    case .json: Array("null".utf8)
    case .datetime64, .timedelta64: TimeUnit.notATime.littleEndianBytes(count: 8)
    case .structure(let fields): fields.flatMap(\.dataType.defaultFillValue)
    case .subarray(let item, let shape): Self.repeated(item.defaultFillValue, shape)
    case .optional(let type): [UInt8](repeating: 0, count: 1 + (type.layout.fixedByteCount ?? 0))
    default: [UInt8](repeating: 0, count: layout.fixedByteCount ?? 0)
    }
  }

  /// The widths in bytes of the numbers that an element consists of, in order.
  ///
  /// This is what byte order is about: `complex128` has two of 8, a structure has those of its fields. Bytes
  /// that are never swapped have the width 1. Empty for elements of any size.
  ///
  /// - Complexity: O(*n*) in the bytes of an element, of time and of memory.
  public var scalarByteCounts: [UInt8] {
    switch self {
    case .number(.complex64): [4, 4]
    case .number(.complex128): [8, 8]
    case .number(let type): [UInt8(type.byteCount)]
    case .smallNumber: [1]
    case .complex(let part): part.scalarByteCounts + part.scalarByteCounts
    case .bytes, .string, .json, .array: []
    case .rawBytes(let byteCount), .opaqueBytes(let byteCount), .nullTerminatedBytes(let byteCount):
      [UInt8](repeating: 1, count: byteCount)
    case .fixedLengthUTF32(let length): [UInt8](repeating: 4, count: length)
    case .datetime64, .timedelta64: [8]
    case .structure(let fields): fields.flatMap(\.dataType.scalarByteCounts)
    case .subarray(let item, let shape): Self.repeated(item.scalarByteCounts, shape)
    case .optional(let type): type.layout == .variable ? [] : [1] + type.scalarByteCounts
    case .extension(let type): type.base.scalarByteCounts
    }
  }

  /// What an item of an array has, for all items of the array.
  private static func repeated<Part>(_ parts: [Part], _ shape: [Int]) -> [Part] {
    Array(repeatElement(parts, count: shape.reduce(1, *)).joined())
  }

  /// The codec that turns elements into bytes unless another is asked for.
  public var defaultCodec: MetadataExtension {
    switch self {
    case .bytes: MetadataExtension(name: "vlen-bytes")
    case .string, .json: MetadataExtension(name: "vlen-utf8")
    case .array(let item):
      MetadataExtension(
        name: "numcodecs.vlen-array",
        configuration: item.version2JSON().map { ["dtype": $0] } ?? [:])
    case .optional(let type):
      MetadataExtension(
        name: "zarrs.optional",
        configuration: [
          "mask_codecs": [MetadataExtension(name: "packbits").json], "data_codecs": [type.defaultCodec.json],
        ])
    case .extension(let type): type.base.defaultCodec
    default: Self.bytesCodec(of: scalarByteCounts)
    }
  }

  /// The codec `bytes` for numbers of these widths.
  static func bytesCodec(of scalarByteCounts: [UInt8]) -> MetadataExtension {
    MetadataExtension(
      name: "bytes", configuration: scalarByteCounts.contains { $0 > 1 } ? ["endian": "little"] : [:])
  }
}

/// A number of at most eight bits, in the low bits of a byte, named as in Zarr v3 metadata.
///
/// The types are those of the registry
/// [zarr-extensions](https://github.com/zarr-developers/zarr-extensions/tree/main/data-types). In the names
/// of floating-point types `e` is followed by the bits of the exponent and `m` by those of the significand.
/// `fn` stands for no infinities, `uz` for no negative zero, `u` for no sign.
public enum SmallNumberType: String, Hashable, Sendable, CaseIterable {
  case int2
  case int4
  case uint2
  case uint4
  case float4E2M1FN = "float4_e2m1fn"
  case float6E2M3FN = "float6_e2m3fn"
  case float6E3M2FN = "float6_e3m2fn"
  case float8E3M4 = "float8_e3m4"
  case float8E4M3 = "float8_e4m3"
  case float8E4M3FN = "float8_e4m3fn"
  case float8E4M3B11FNUZ = "float8_e4m3b11fnuz"
  case float8E4M3FNUZ = "float8_e4m3fnuz"
  case float8E5M2 = "float8_e5m2"
  case float8E5M2FNUZ = "float8_e5m2fnuz"
  case float8E8M0FNU = "float8_e8m0fnu"

  /// The integers of the type, or nil if it is of floating-point numbers.
  public var integers: ClosedRange<Int>? {
    switch self {
    case .int2: -2...1
    case .int4: -8...7
    case .uint2: 0...3
    case .uint4: 0...15
    default: nil
    }
  }
}

/// A member of a structure.
public struct StructureField: Hashable, Sendable {
  /// The name, which no other member has.
  public let name: String

  /// What the member is; its size is fixed.
  public let dataType: DataType

  /// Creates a member.
  public init(_ name: String, _ dataType: DataType) {
    self.name = name
    self.dataType = dataType
  }
}

/// The unit of points and spans of time, as NumPy has them.
public enum TimeUnit: String, Hashable, Sendable, CaseIterable {
  case years = "Y"
  case months = "M"
  case weeks = "W"
  case days = "D"
  case hours = "h"
  case minutes = "m"
  case seconds = "s"
  case milliseconds = "ms"
  case microseconds = "us"
  case nanoseconds = "ns"
  case picoseconds = "ps"
  case femtoseconds = "fs"
  case attoseconds = "as"
  /// No unit.
  case generic

  /// How many units one step may have.
  public static let scaleFactors = 1...Int(Int32.max)

  /// The bits of the number that stands for no time, `NaT`.
  static let notATime = UInt64(1) << 63

  /// Creates a unit from any of its spellings.
  init?(spelled name: String) {
    // The Greek letter and the sign that looks like it.
    self.init(rawValue: name == "\u{3BC}s" || name == "\u{B5}s" ? "us" : name)
  }
}
