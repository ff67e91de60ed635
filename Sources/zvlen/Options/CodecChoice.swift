import ArgumentParser
import ChunkEngine
import Zarr

/// How chunks are compressed, as `--codec` says it: `zstd:3`, `blosc:lz4:5`, `none`.
struct CodecChoice: Sendable {
  /// The codecs behind the one that lays out the elements; none or one.
  let stages: [CodecChain.Stage]

  /// What is used unless it is said.
  static let standard = CodecChoice(stages: [.zstd(level: 3)])
}

extension CodecChoice: ExpressibleByArgument {
  init?(argument: String) {
    var parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)[...]
    guard let name = parts.popFirst() else { return nil }
    var compressor = BloscCodec.Compressor.lz4
    if name == "blosc", let part = parts.popFirst() {
      guard let choice = BloscCodec.Compressor(rawValue: part) else { return nil }
      compressor = choice
    }
    // A number behind the name, within its range, or the usual one.
    func number(in range: ClosedRange<Int>, else usual: Int) -> Int? {
      guard let part = parts.popFirst() else { return usual }
      return Int(part).flatMap { range.contains($0) ? $0 : nil }
    }
    let stage: CodecChain.Stage? =
      switch name {
      case "zstd": number(in: ZstdCodec.levels, else: 3).map { .zstd(level: $0) }
      case "lz4": number(in: 1...65_537, else: 1).map { .lz4(acceleration: $0) }
      case "gzip": number(in: GzipCodec.levels, else: 5).map { .gzip(level: $0) }
      case "zlib": number(in: ZlibCodec.levels, else: 1).map { .zlib(level: $0) }
      case "blosc": number(in: BloscCodec.levels, else: 5).map { .blosc(compressor, level: $0) }
      default: nil
      }
    guard parts.isEmpty, stage != nil || name == "none" else { return nil }
    stages = stage.map { [$0] } ?? []
  }

  static var allValueStrings: [String] {
    ["zstd:3", "lz4", "gzip:5", "zlib:1", "blosc:lz4:5", "none"]
  }
}
