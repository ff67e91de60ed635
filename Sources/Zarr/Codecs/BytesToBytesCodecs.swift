public import ChunkEngine

extension CodecRegistry {
  /// The codecs that turn bytes into other bytes.
  ///
  /// A codec may have several names. A document keeps the one that it has when you write it again.
  static let bytesToBytes: [String: Factory] = registered.merging(ofNumcodecs) { _, new in new }

  /// The codecs whose names are registered for Zarr v3.
  private static let registered: [String: Factory] = [
    ZstdCodec.name: transform(ZstdCodec.self),
    GzipCodec.name: transform(GzipCodec.self),
    BloscCodec.name: transform(BloscCodec.self),
    CRC32CCodec.name: checksum(CRC32CCodec.self),
  ]

  /// The codecs of numcodecs.
  ///
  /// zarr-python's names have a prefix, those of zarrita do not.
  private static let ofNumcodecs: [String: Factory] = [
    "numcodecs.zstd": transform(ZstdCodec.self),
    "numcodecs.gzip": { settings, _ throws(MetadataError) in
      .bytesToBytes(.transform(try GzipCodec(settings, defaultLevel: 1)))
    },
    "numcodecs.blosc": { settings, _ throws(MetadataError) in
      .bytesToBytes(.transform(try BloscCodec(numcodecs: settings)))
    },
    LZ4Codec.name: transform(LZ4Codec.self),
    "lz4": transform(LZ4Codec.self),
    ZlibCodec.name: transform(ZlibCodec.self),
    "zlib": transform(ZlibCodec.self),
    BZ2Codec.name: transform(BZ2Codec.self),
    "bz2": transform(BZ2Codec.self),
    LZMACodec.name: transform(LZMACodec.self),
    "lzma": transform(LZMACodec.self),
    Base64Codec.name: transform(Base64Codec.self),
    ShuffleCodec.name: { settings, context throws(MetadataError) in
      var itemByteCount = 4
      if case .fixed(let byteCount) = context.dataType.layout { itemByteCount = max(1, byteCount) }
      return .bytesToBytes(.transform(try ShuffleCodec(settings, defaultItemByteCount: itemByteCount)))
    },
    CRC32Codec.name: checksum(CRC32Codec.self),
    NumcodecsCRC32CCodec.name: checksum(NumcodecsCRC32CCodec.self),
    Adler32Codec.name: checksum(Adler32Codec.self),
    Fletcher32Codec.name: checksum(Fletcher32Codec.self),
    JenkinsLookup3Codec.name: checksum(JenkinsLookup3Codec.self),
  ]

  private static func transform<Codec: BytesToBytesCodec & MetadataCodec>(_: Codec.Type) -> Factory {
    { settings, _ throws(MetadataError) in .bytesToBytes(.transform(try Codec(settings))) }
  }

  private static func checksum<Codec: ChecksumCodec & MetadataCodec>(_: Codec.Type) -> Factory {
    { settings, _ throws(MetadataError) in .bytesToBytes(.checksum(try Codec(settings))) }
  }
}

extension ZstdCodec: MetadataCodec {
  public var configuration: JSONObject { ["level": .integer(level), "checksum": .bool(hasChecksum)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("level", "checksum")
    self.init(
      level: try settings.integer("level", in: Self.levels, default: 0),
      hasChecksum: try settings.boolean("checksum", default: false))
  }
}

extension GzipCodec: MetadataCodec {
  public var configuration: JSONObject { ["level": .integer(level)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try self.init(settings, defaultLevel: 5)
  }

  /// Reads settings.
  ///
  /// Without a level, numcodecs and zarr-python take different ones.
  fileprivate init(_ settings: CodecSettings, defaultLevel: Int) throws(MetadataError) {
    try settings.checkOnly("level")
    self.init(level: try settings.integer("level", in: Self.levels, default: defaultLevel))
  }
}

/// A codec of numcodecs whose only setting is a level, by default 1.
private protocol LeveledCodec: MetadataCodec {
  static var levels: ClosedRange<Int> { get }
  var level: Int { get }

  init(level: Int)
}

extension LeveledCodec {
  package var configuration: JSONObject { ["level": .integer(level)] }

  package init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("level")
    self.init(level: try settings.integer("level", in: Self.levels, default: 1))
  }
}

extension ZlibCodec: LeveledCodec {}
extension BZ2Codec: LeveledCodec {}

extension LZ4Codec: MetadataCodec {
  public var configuration: JSONObject { ["acceleration": .integer(acceleration)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("acceleration")
    self.init(
      acceleration: try settings.integer(
        "acceleration", in: Int(Int32.min)...Int(Int32.max), default: 1))
  }
}

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
  /// numcodecs shuffles items of one byte, because zarr-python hands it bytes.
  fileprivate init(numcodecs settings: CodecSettings) throws(MetadataError) {
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

    /// Takes the names that GDAL writes instead of the numbers.
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

extension LZMACodec: MetadataCodec {
  public var configuration: JSONObject {
    [
      "format": .integer(format.rawValue), "check": .integer(check?.rawValue ?? Self.usualCheck),
      "preset": preset.map(JSONValue.integer) ?? .null,
      "filters": filters.map { .array($0.map { .object($0.configuration) }) } ?? .null,
    ]
  }

  /// The number for the default check of the format.
  private static var usualCheck: Int { -1 }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    // GDAL writes `delta` for a filter that the stored bytes name anyway.
    try settings.checkOnly("format", "check", "preset", "filters", "delta")
    let format: Format = try settings.choice("format") ?? .xz
    let check: Check? =
      try settings.optionalInteger("check", in: Self.usualCheck...10) == Self.usualCheck
      ? nil : try settings.choice("check")
    let preset = try settings.lzmaPreset("preset")
    var filters: [LZMAFilter]?
    if let list = try settings.list("filters") {
      var read: [LZMAFilter] = []
      for filter in list { read.append(try LZMAFilter(filter)) }
      filters = read
    }
    guard preset == nil || filters == nil else {
      throw settings.error("preset", "expected either a preset or filters, found both")
    }
    guard format == .xz || check == nil || check == Check.none else {
      throw settings.error("check", "only the format 1 (xz) has checks")
    }
    guard Self.isValid(format: format, check: check, preset: preset, filters: filters) else {
      throw settings.error(
        "filters",
        "expected filters of the format \(format.rawValue) (\(format)), with a compressor as the last one")
    }
    self.init(format: format, check: check, preset: preset, filters: filters)
  }
}

extension CodecSettings {
  /// A preset of liblzma, perhaps an extreme one.
  fileprivate func lzmaPreset(_ name: String) throws(MetadataError) -> Int? {
    guard let preset = try optionalInteger(name, in: 0...Int(UInt32.max)) else { return nil }
    guard LZMACodec.presets.contains(preset & ~LZMACodec.extremePreset) else {
      throw error(name, "expected a preset from 0 to 9, found \(preset)")
    }
    return preset
  }
}

extension LZMAFilter {
  /// The numbers of the two compressors and of one filter.
  private static var identifiers: (lzma1: Int, lzma2: Int, delta: Int) { (0x4000_0000_0000_0001, 0x21, 0x03) }

  fileprivate var configuration: JSONObject {
    switch self {
    case .lzma1(let options): options.configuration(identifier: Self.identifiers.lzma1)
    case .lzma2(let options): options.configuration(identifier: Self.identifiers.lzma2)
    case .delta(let distance): ["id": .integer(Self.identifiers.delta), "dist": .integer(distance)]
    case .processor(let processor, let startOffset):
      ["id": .integer(processor.rawValue), "start_offset": .integer(startOffset)]
    }
  }

  fileprivate init(_ settings: CodecSettings) throws(MetadataError) {
    let identifier = try settings.requiredInteger("id")
    switch identifier {
    case Self.identifiers.lzma1: self = .lzma1(try LZMAOptions(settings))
    case Self.identifiers.lzma2: self = .lzma2(try LZMAOptions(settings))
    case Self.identifiers.delta:
      try settings.checkOnly("id", "dist")
      self = .delta(distance: try settings.integer("dist", in: 1...256, default: 1))
    default:
      guard let processor = Processor(rawValue: identifier) else {
        throw settings.error("id", "expected a filter of liblzma, found \(identifier)")
      }
      try settings.checkOnly("id", "start_offset")
      self = .processor(
        processor, startOffset: try settings.integer("start_offset", in: 0...Int(UInt32.max), default: 0))
    }
  }
}

extension LZMAOptions {
  fileprivate func configuration(identifier: Int) -> JSONObject {
    var configuration: JSONObject = ["id": .integer(identifier), "preset": .integer(preset)]
    let options: [(String, Int?)] = [
      ("dict_size", dictionaryByteCount), ("lc", literalContextBits), ("lp", literalPositionBits),
      ("pb", positionBits), ("mode", mode?.rawValue), ("nice_len", niceLength), ("mf", matchFinder?.rawValue),
      ("depth", depth),
    ]
    for case (let name, let value?) in options { configuration[name] = .integer(value) }
    return configuration
  }

  fileprivate init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly(
      "id", "preset", "dict_size", "lc", "lp", "pb", "mode", "nice_len", "mf", "depth")
    self.init()
    preset = try settings.lzmaPreset("preset") ?? preset
    // liblzma checks that the options fit together.
    let all = 0...Int(UInt32.max)
    dictionaryByteCount = try settings.optionalInteger("dict_size", in: all)
    literalContextBits = try settings.optionalInteger("lc", in: 0...4)
    literalPositionBits = try settings.optionalInteger("lp", in: 0...4)
    positionBits = try settings.optionalInteger("pb", in: 0...4)
    mode = try settings.choice("mode")
    niceLength = try settings.optionalInteger("nice_len", in: 2...273)
    matchFinder = try settings.choice("mf")
    depth = try settings.optionalInteger("depth", in: all)
  }
}

extension ShuffleCodec: MetadataCodec {
  public var configuration: JSONObject { ["elementsize": .integer(itemByteCount)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try self.init(settings, defaultItemByteCount: 4)
  }

  /// Reads settings.
  ///
  /// Without the size of an item, numcodecs takes 4 bytes, and zarr-python those of an element.
  fileprivate init(_ settings: CodecSettings, defaultItemByteCount: Int) throws(MetadataError) {
    try settings.checkOnly("elementsize")
    self.init(
      itemByteCount: try settings.integer(
        "elementsize", in: Self.itemByteCounts, default: defaultItemByteCount))
  }
}

/// A checksum whose only setting is where it is.
private protocol MovableChecksum: ChecksumCodec, MetadataCodec {
  /// Where the checksum is without the setting.
  static var usualLocation: StoredLocation { get }

  init(location: StoredLocation)
}

extension MovableChecksum {
  fileprivate static var usualLocation: StoredLocation { .start }

  package var configuration: JSONObject { ["location": .string(location.rawValue)] }

  package init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("location")
    self.init(location: try settings.choice("location", default: Self.usualLocation))
  }
}

extension CRC32Codec: MovableChecksum {}
extension Adler32Codec: MovableChecksum {}

extension NumcodecsCRC32CCodec: MovableChecksum {
  fileprivate static var usualLocation: StoredLocation { .end }
}

extension JenkinsLookup3Codec: MetadataCodec {
  /// The settings, with a prefix only if there is one: numcodecs wants bytes, which a document cannot hold.
  public var configuration: JSONObject {
    var configuration: JSONObject = ["initval": .integer(Int(initialValue))]
    if !prefix.isEmpty { configuration["prefix"] = .array(prefix.map { .integer(Int($0)) }) }
    return configuration
  }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("initval", "prefix")
    let prefix = try settings.integers("prefix", in: 0...255) ?? []
    self.init(
      initialValue: UInt32(try settings.integer("initval", in: 0...Int(UInt32.max), default: 0)),
      prefix: prefix.map { UInt8($0) })
  }
}

/// A codec without settings.
package protocol PlainCodec: MetadataCodec {
  init()
}

extension PlainCodec {
  public var configuration: JSONObject { [:] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly()
    self.init()
  }
}

extension CRC32CCodec: PlainCodec {}
extension VlenBytesCodec: PlainCodec {}
extension VlenUTF8Codec: PlainCodec {}
extension Fletcher32Codec: PlainCodec {}
extension Base64Codec: PlainCodec {}
