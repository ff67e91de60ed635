public import ChunkEngine

/// What the elements of an array are.
@nonexhaustive
public indirect enum DataType: Hashable, Sendable {
  /// Truth values, integers, floating-point and complex numbers.
  case number(NumberType)
  /// Byte strings of any length.
  case bytes
  /// Text of any length, in UTF-8.
  case string
}

extension DataType {
  /// How elements lie in memory.
  public var layout: ElementLayout {
    switch self {
    case .number(let type): .fixed(byteCount: type.byteCount)
    case .bytes, .string: .variable
    }
  }

  /// Whether every element has to be well-formed UTF-8.
  public var elementsAreText: Bool { self == .string }

  /// The element that stands for what was never written, unless another is asked for: zero, or empty.
  public var defaultFillValue: [UInt8] {
    switch layout {
    case .fixed(let byteCount): [UInt8](repeating: 0, count: byteCount)
    case .variable: []
    }
  }

  /// The widths in bytes of the numbers that an element consists of, in order.
  ///
  /// This is what byte order is about: `complex128` has two of 8, a structure has those of its fields. Bytes
  /// that are never swapped have the width 1. Empty for elements of any size.
  public var scalarByteCounts: [Int] {
    switch self {
    case .number(.complex64): [4, 4]
    case .number(.complex128): [8, 8]
    case .number(let type): [type.byteCount]
    case .bytes, .string: []
    }
  }
}

extension DataType {
  /// The data types that have no settings.
  static let withoutSettings: [DataType] = [.bytes, .string] + NumberType.allCases.map(DataType.number)

  /// Creates a data type from any of its names.
  ///
  /// - Throws: An error with the name if it is not supported.
  public init(name: String) throws(MetadataError) {
    guard let type = Self.withoutSettings.first(where: { $0.names.contains(name) }) else {
      throw MetadataError(
        code: .unsupported, field: "data_type",
        message: "expected a supported data type, found \(JSONValue.string(name).summary)")
    }
    self = type
  }

  /// The name that new arrays get.
  public var name: String { names[0] }

  /// All names that stand for the data type, the best first.
  ///
  /// `bytes` is the registered name, and the one that both zarr-python and zarrs read; zarr-python writes
  /// `variable_length_bytes`, and zarrs wrote `binary` before 2025.
  public var names: [String] {
    switch self {
    case .number(let type): [type.rawValue]
    case .bytes: ["bytes", "variable_length_bytes", "binary"]
    case .string: ["string"]
    }
  }

  /// The codec that turns elements into bytes unless another is asked for.
  public var defaultCodec: MetadataExtension {
    switch self {
    case .number(let type):
      MetadataExtension(name: "bytes", configuration: type.byteCount > 1 ? ["endian": "little"] : [:])
    case .bytes: MetadataExtension(name: "vlen-bytes")
    case .string: MetadataExtension(name: "vlen-utf8")
    }
  }
}
