import ArgumentParser
package import ChunkEngine
import Zarr

/// The compression that `--codec` chooses: `zstd:3`, `blosc:lz4:5`, `none`.
package enum CodecChoice: Hashable, Sendable {
  /// No compression.
  case none
  /// Zstandard at a level.
  case zstd(level: Int)
  /// LZ4 blocks after their length, with an acceleration.
  case lz4(acceleration: Int)
  /// gzip at a level.
  case gzip(level: Int)
  /// zlib at a level.
  case zlib(level: Int)
  /// bzip2 at a level.
  case bz2(level: Int)
  /// LZMA in the form of a `.xz` file, with a preset.
  case lzma(preset: Int)
  /// Blosc with an inner compressor at a level.
  case blosc(BloscCodec.Compressor, level: Int)

  /// The codecs after the serializer: none or one.
  package var stages: [CodecChain.Stage] {
    switch self {
    case .none: []
    case .zstd(let level): [.zstd(level: level)]
    case .lz4(let acceleration): [.lz4(acceleration: acceleration)]
    case .gzip(let level): [.gzip(level: level)]
    case .zlib(let level): [.zlib(level: level)]
    case .bz2(let level): [.bz2(level: level)]
    case .lzma(let preset): [.lzma(preset: preset)]
    case .blosc(let compressor, let level): [.blosc(compressor, level: level)]
    }
  }
}

extension CodecChoice: ExpressibleByArgument {
  private static let accelerations = 1...65_537

  package init?(argument: String) {
    var parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)[...]
    guard let name = parts.popFirst() else { return nil }
    var compressor = BloscCodec.Compressor.lz4
    if name == "blosc", let part = parts.popFirst() {
      guard let choice = BloscCodec.Compressor(rawValue: part) else { return nil }
      compressor = choice
    }
    // The number after the name, if it is within its range, or the usual one.
    func number(in range: ClosedRange<Int>, else usual: Int) -> Int? {
      guard let part = parts.popFirst() else { return usual }
      return Int(part).flatMap { range.contains($0) ? $0 : nil }
    }
    let choice: CodecChoice? =
      switch name {
      case "none": CodecChoice.none
      case "zstd": number(in: ZstdCodec.levels, else: 3).map { .zstd(level: $0) }
      case "lz4": number(in: Self.accelerations, else: 1).map { .lz4(acceleration: $0) }
      case "gzip": number(in: GzipCodec.levels, else: 5).map { .gzip(level: $0) }
      case "zlib": number(in: ZlibCodec.levels, else: 1).map { .zlib(level: $0) }
      case "bz2": number(in: BZ2Codec.levels, else: 1).map { .bz2(level: $0) }
      case "lzma": number(in: LZMACodec.presets, else: 6).map { .lzma(preset: $0) }
      case "blosc": number(in: BloscCodec.levels, else: 5).map { .blosc(compressor, level: $0) }
      default: nil
      }
    guard let choice, parts.isEmpty else { return nil }
    self = choice
  }

  package static var allValueStrings: [String] {
    ["zstd:3", "lz4", "gzip:5", "zlib:1", "bz2:1", "lzma:6", "blosc:lz4:5", "none"]
  }
}

extension CodecChoice {
  /// Reads a value of an option.
  ///
  /// - Throws: An error that names the allowed values.
  package static func parse(_ argument: String) throws -> CodecChoice {
    guard let value = CodecChoice(argument: argument) else { throw ValidationError(advice(argument)) }
    return value
  }

  /// The allowed values: the range of the codec, or all codecs.
  private static func advice(_ argument: String) -> String {
    func range(_ name: String, _ range: ClosedRange<Int>, _ number: String = "LEVEL") -> String {
      "\(name):\(number) takes a number from \(range.lowerBound) to \(range.upperBound)."
    }
    switch argument.prefix(while: { $0 != ":" }) {
    case "zstd": return range("zstd", ZstdCodec.levels).dropLast() + "; 1 to 19 are usual."
    case "lz4": return range("lz4", accelerations, "ACCELERATION")
    case "gzip": return range("gzip", GzipCodec.levels)
    case "zlib": return range("zlib", ZlibCodec.levels)
    case "bz2": return range("bz2", BZ2Codec.levels)
    case "lzma": return range("lzma", LZMACodec.presets, "PRESET")
    case "blosc":
      let names = BloscCodec.Compressor.allCases.map(\.rawValue).joined(separator: ", ")
      return range("blosc:COMPRESSOR", BloscCodec.levels) + " COMPRESSOR is one of \(names)."
    default: return "Provide one of \(allValueStrings.joined(separator: ", "))."
    }
  }
}

extension CodecChoice: CustomStringConvertible {
  /// The value of the flag.
  package var description: String {
    switch self {
    case .none: "none"
    case .zstd(let level): "zstd:\(level)"
    case .lz4(1): "lz4"
    case .lz4(let acceleration): "lz4:\(acceleration)"
    case .gzip(let level): "gzip:\(level)"
    case .zlib(let level): "zlib:\(level)"
    case .bz2(let level): "bz2:\(level)"
    case .lzma(let preset): "lzma:\(preset)"
    case .blosc(let compressor, let level): "blosc:\(compressor.rawValue):\(level)"
    }
  }
}
