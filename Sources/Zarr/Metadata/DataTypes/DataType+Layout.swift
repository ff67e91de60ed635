public import ChunkEngine

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
