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

extension CodecChoice: ExplainedArgument {
  /// A codec that takes a number.
  private struct Form {
    let name: String
    var number = "LEVEL"
    let range: ClosedRange<Int>
    let usual: Int
    let make: @Sendable (Int, BloscCodec.Compressor) -> CodecChoice
  }

  private static let forms: [Form] = [
    Form(name: "zstd", range: ZstdCodec.levels, usual: 3) { level, _ in .zstd(level: level) },
    Form(name: "lz4", number: "ACCELERATION", range: 1...65_537, usual: 1) { number, _ in
      .lz4(acceleration: number)
    },
    Form(name: "gzip", range: GzipCodec.levels, usual: 5) { level, _ in .gzip(level: level) },
    Form(name: "zlib", range: ZlibCodec.levels, usual: 1) { level, _ in .zlib(level: level) },
    Form(name: "bz2", range: BZ2Codec.levels, usual: 1) { level, _ in .bz2(level: level) },
    Form(name: "lzma", number: "PRESET", range: LZMACodec.presets, usual: 6) { preset, _ in
      .lzma(preset: preset)
    },
    Form(name: "blosc", range: BloscCodec.levels, usual: 5) { .blosc($1, level: $0) },
  ]

  package init?(argument: String) {
    guard argument != "none" else {
      self = .none
      return
    }
    var parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)[...]
    guard let name = parts.popFirst(), let form = Self.forms.first(where: { $0.name == name }) else {
      return nil
    }
    var compressor = BloscCodec.Compressor.lz4
    if name == "blosc", let part = parts.popFirst() {
      guard let choice = BloscCodec.Compressor(rawValue: part) else { return nil }
      compressor = choice
    }
    let number = parts.popFirst().map { Int($0) } ?? form.usual
    guard let number, form.range.contains(number), parts.isEmpty else { return nil }
    self = form.make(number, compressor)
  }

  package static var allValueStrings: [String] {
    ["zstd:3", "lz4", "gzip:5", "zlib:1", "bz2:1", "lzma:6", "blosc:lz4:5", "none"]
  }

  package static func advice(_ argument: String) -> String {
    guard let form = forms.first(where: { $0.name == argument.prefix { $0 != ":" } }) else {
      return "Provide one of \(allValueStrings.joined(separator: ", "))."
    }
    let name = form.name == "blosc" ? "blosc:COMPRESSOR" : form.name
    let numbers =
      "\(name):\(form.number) takes a number from \(form.range.lowerBound) to \(form.range.upperBound)"
    switch form.name {
    case "zstd": return "\(numbers); 1 to 19 are usual."
    case "blosc":
      let names = BloscCodec.Compressor.allCases.map(\.rawValue).joined(separator: ", ")
      return "\(numbers). COMPRESSOR is one of \(names)."
    default: return "\(numbers)."
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
