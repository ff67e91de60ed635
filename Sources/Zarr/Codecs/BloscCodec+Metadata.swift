public import ChunkEngine

extension BloscCodec: MetadataCodec {
  public var configuration: JSONObject {
    [
      "cname": .string(compressor.rawValue), "clevel": .integer(level), "shuffle": .string(shuffle.rawValue),
      "typesize": .integer(itemByteCount), "blocksize": .integer(blockByteCount),
    ]
  }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("cname", "clevel", "shuffle", "typesize", "blocksize")
    self.init(
      compressor: try settings.choice("cname", default: .lz4),
      level: try settings.integer("clevel", in: Self.levels, default: 5),
      shuffle: try settings.choice("shuffle", default: .none),
      itemByteCount: try settings.integer("typesize", in: Self.itemByteCounts, default: 1),
      blockByteCount: try settings.integer("blocksize", in: 0...Int(Int32.max), default: 0))
  }

  /// Reads the settings of numcodecs, where a number stands for the shuffle.
  ///
  /// numcodecs shuffles items of one byte: what it gets from zarr-python is bytes.
  init(numcodecs settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("cname", "clevel", "shuffle", "typesize", "blocksize")
    let itemByteCount = try settings.optionalInteger("typesize", in: Self.itemByteCounts) ?? 1
    let shuffle: NumcodecsShuffle
    if let name = settings["shuffle"]?.stringValue, let named = NumcodecsShuffle(gdal: name) {
      shuffle = named
    } else {
      shuffle = try settings.choice("shuffle") ?? .byte
    }
    self.init(
      compressor: try settings.choice("cname", default: .lz4),
      level: try settings.integer("clevel", in: Self.levels, default: 5),
      shuffle: shuffle.shuffle(itemByteCount: itemByteCount), itemByteCount: itemByteCount,
      blockByteCount: try settings.integer("blocksize", in: 0...Int(Int32.max), default: 0))
  }

  /// The numbers that numcodecs has for the shuffle.
  private enum NumcodecsShuffle: Int, CaseIterable {
    /// Bits for items of one byte, and bytes for larger ones.
    case automatic = -1
    case none = 0
    case byte = 1
    case bit = 2

    /// Takes the names that GDAL writes in place of the numbers.
    init?(gdal name: String) {
      switch name {
      case "NONE": self = .none
      case "BYTE": self = .byte
      case "BIT": self = .bit
      default: return nil
      }
    }

    func shuffle(itemByteCount: Int) -> Shuffle {
      switch self {
      case .automatic: itemByteCount == 1 ? .bit : .byte
      case .none: .none
      case .byte: .byte
      case .bit: .bit
      }
    }
  }
}
