public import ChunkEngine

extension LZMACodec: MetadataCodec {
  public var configuration: JSONObject {
    [
      "format": .integer(format.rawValue), "check": .integer(check?.rawValue ?? Self.usualCheck),
      "preset": preset.map(JSONValue.integer) ?? .null,
      "filters": filters.map { .array($0.map { .object($0.configuration) }) } ?? .null,
    ]
  }

  /// What stands for the check that the format has unless it is told.
  private static var usualCheck: Int { -1 }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    // GDAL writes `delta` for a filter that the stored bytes name themselves.
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
      throw settings.error("preset", "there must not be a preset where there are filters")
    }
    guard format == .xz || check == nil || check == Check.none else {
      throw settings.error("check", "only the format 1 (xz) has checks")
    }
    guard Self.isValid(format: format, check: check, preset: preset, filters: filters) else {
      throw settings.error(
        "filters",
        "expected filters that the format \(format.rawValue) (\(format)) can have, of which the "
          + "last compresses")
    }
    self.init(format: format, check: check, preset: preset, filters: filters)
  }
}

extension CodecSettings {
  /// A preset of liblzma, which may be an extreme one.
  fileprivate func lzmaPreset(_ name: String) throws(MetadataError) -> Int? {
    guard let preset = try optionalInteger(name, in: 0...Int(UInt32.max)) else { return nil }
    guard LZMACodec.presets.contains(preset & ~LZMACodec.extremePreset) else {
      throw error(name, "expected a preset from 0 to 9, found \(preset)")
    }
    return preset
  }
}

extension LZMAFilter {
  /// The numbers that stand for the two compressors.
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
    // What fits together, liblzma knows.
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
