import ChunkEngine
import CommandLineOptions

extension TuneSetting {
  /// The setting in words: `64 KiB inner chunks in 64 MiB shards, zstd 1, 2 workers`.
  var words: String {
    let size = Self.spaced(chunkBytes)
    let layout =
      shardBytes.map { "\(size) inner chunks in \(Self.spaced($0)) shards" }
      ?? "\(size) chunks in files of their own"
    let compression = codec == .none ? "no compression" : codec.description.replacing(":", with: " ")
    return "\(layout), \(compression), \(workers) \(workers == 1 ? "worker" : "workers")"
  }

  /// The flags of `zvlen import` that choose the setting.
  var importFlags: String {
    let shards = shardBytes.map { " --shard-bytes \($0)" } ?? ""
    return "--chunk-bytes \(chunkBytes)\(shards) --codec \(codec) --workers \(workers)"
  }

  /// The setting in Swift.
  var snippet: String {
    let shards = shardBytes.map { ", shardSize: .bytes(\(Self.swift($0)))" } ?? ""
    return """
      import ChunkEngine
      import Zarr

      let options = ArrayOptions(
        chunkSize: .bytes(\(Self.swift(chunkBytes)))\(shards),
        codecs: [\(codec.swift)])
      let access = ArrayAccess(workerCount: \(workers))
      """
  }

  private static func spaced(_ count: ByteCount) -> String {
    let text = count.description
    return text.hasSuffix("iB") ? "\(text.dropLast(3)) \(text.suffix(3))" : "\(text) byte"
  }

  private static func swift(_ count: ByteCount) -> String {
    for shift in [30, 20, 10] where count.value % (1 << shift) == 0 {
      return "\(count.value >> shift) << \(shift)"
    }
    return "\(count.value)"
  }
}

extension CodecChoice {
  /// The codec as an element of an array of stages, in Swift.
  fileprivate var swift: String {
    switch self {
    case .none: ""
    case .zstd(let level): ".zstd(level: \(level))"
    case .lz4(let acceleration): ".lz4(acceleration: \(acceleration))"
    case .gzip(let level): ".gzip(level: \(level))"
    case .zlib(let level): ".zlib(level: \(level))"
    case .bz2(let level): ".bz2(level: \(level))"
    case .lzma(let preset): ".lzma(preset: \(preset))"
    case .blosc(let compressor, let level): ".blosc(.\(compressor.rawValue), level: \(level))"
    }
  }
}
