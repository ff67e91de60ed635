public import ChunkEngine

/// The type of the elements of an array.
///
/// Documents nest types at most ``maximumDepth`` deep.
@nonexhaustive
public indirect enum DataType: Hashable, Sendable {
  /// Truth values, integers, floating-point and complex numbers.
  case number(NumberType)
  /// Numbers of at most eight bits, one in a byte.
  case smallNumber(SmallNumberType)
  /// Pairs of a real and an imaginary part of at most 16 bits each. ``number(_:)`` has the larger ones.
  case complex(of: DataType)
  /// Byte strings of any length.
  case bytes
  /// Text of any length, in UTF-8.
  case string
  /// JSON values, each as its UTF-8 text.
  case json
  /// Arrays of any length with items of fixed size, back to back.
  case array(of: DataType)
  /// Byte strings of fixed length, with the names `r8`, `r16` and so on of the specification.
  case rawBytes(byteCount: Int)
  /// Byte strings of fixed length, with zarr-python's name `raw_bytes`.
  case opaqueBytes(byteCount: Int)
  /// Byte strings of at most `byteCount` bytes. Zeros fill up shorter ones.
  case nullTerminatedBytes(byteCount: Int)
  /// Text of at most `length` code points of four bytes. Zeros fill up shorter ones.
  case fixedLengthUTF32(length: Int)
  /// Points in time, in units since 1970.
  case datetime64(TimeUnit, scaleFactor: Int)
  /// Spans of time.
  case timedelta64(TimeUnit, scaleFactor: Int)
  /// Records with named members, back to back.
  case structure([StructureField])
  /// Arrays of fixed shape in C order, inside structures of Zarr v2. Zarr v3 does not have this type.
  case subarray(of: DataType, shape: [Int])
  /// Elements that may be absent.
  case optional(DataType)
  /// A type of another package.
  case `extension`(AnyExtensionDataType)
}

extension DataType {
  /// The maximum depth of types.
  public static let maximumDepth = 32

  /// The maximum size of an element of fixed size.
  ///
  /// Without a limit, a document of a few bytes could make elements take any amount of memory.
  public static let maximumByteCount = 16 << 20
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

  /// Whether elements of another type have the same bytes and meaning.
  func isStored(as other: DataType) -> Bool {
    switch (self, other) {
    case (.rawBytes(let own), .opaqueBytes(let others)), (.opaqueBytes(let own), .rawBytes(let others)):
      own == others
    default: self == other
    }
  }

  /// Whether every element must be well-formed UTF-8.
  public var elementsAreText: Bool {
    switch self {
    case .string, .json: true
    case .extension(let type): type.base.elementsAreText
    default: false
    }
  }

  /// The default fill value: zero, empty, or absent.
  ///
  /// It is `NaT` for times, as in zarr-python, and `null` for JSON.
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

  /// The widths in bytes of the numbers in an element, in order.
  ///
  /// The byte order applies to them: `complex128` has two of 8, and a structure has those of its fields. Bytes
  /// without an order have the width 1. The list is empty for elements of any size.
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

  /// The type of the elements as numbers in memory, or nil if they are no numbers.
  ///
  /// Times are integers.
  var numberType: NumberType? {
    switch self {
    case .number(let type): type
    case .datetime64, .timedelta64: .int64
    default: nil
    }
  }

  /// The numbers in an element if they all have the same type, and their count: two for a complex number.
  var numberParts: (type: NumberType, count: Int)? {
    if case .complex(.number(let type)) = self { return (type, 2) }
    return numberType.map { ($0.partType, $0.byteCount / $0.partType.byteCount) }
  }

  /// The parts of all items of an array whose items have `parts`.
  private static func repeated<Part>(_ parts: [Part], _ shape: [Int]) -> [Part] {
    Array(repeatElement(parts, count: shape.reduce(1, *)).joined())
  }

  /// The default codec that turns elements into bytes.
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

/// The numbers of at most eight bits, in the low bits of a byte, by their names in Zarr v3 metadata.
///
/// The registry
/// [zarr-extensions](https://github.com/zarr-developers/zarr-extensions/tree/main/data-types) has these types.
/// In the names of floating-point types, the bits of the exponent follow `e`, and those of the significand
/// follow `m`. `fn` means no infinities, `uz` no negative zero, `u` no sign.
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

  /// The integers of the type, or nil for a floating-point type.
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
  /// The name.
  ///
  /// All members of a structure have different names.
  public let name: String

  /// The type of the member, which has a fixed size.
  public let dataType: DataType

  /// Creates a member.
  public init(_ name: String, _ dataType: DataType) {
    self.name = name
    self.dataType = dataType
  }
}

/// The units of points and spans of time in NumPy.
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

  /// The possible numbers of units in a step.
  public static let scaleFactors = 1...Int(Int32.max)

  /// The bits of `NaT`, no time.
  static let notATime = UInt64(1) << 63

  /// Creates a unit from any of its spellings.
  init?(spelled name: String) {
    // The Greek letter and the micro sign.
    self.init(rawValue: name == "\u{3BC}s" || name == "\u{B5}s" ? "us" : name)
  }
}
