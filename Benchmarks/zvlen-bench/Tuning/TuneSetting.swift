import ChunkEngine
import CommandLineOptions
import Zarr

/// One combination of settings that `tune` tries.
struct TuneSetting: Sendable, Hashable {
  let chunkBytes: ByteCount
  /// The size of a shard, or nil for chunks in files of their own.
  let shardBytes: ByteCount?
  let codec: CodecChoice
  let workers: Int

  /// The part of the setting that shapes the array.
  var candidate: TuningCandidate {
    TuningCandidate(
      chunkByteCount: chunkBytes.value, shardByteCount: shardBytes?.value, codecs: codec.stages)
  }

  /// Whether arrays of two settings are the same, however many workers write them.
  func makesSameArray(as other: TuneSetting) -> Bool {
    chunkBytes == other.chunkBytes && shardBytes == other.shardBytes && codec == other.codec
  }

  /// The combinations to try, each once.
  ///
  /// Chunks up to 1 MiB and half of a shard are tried in shards. Chunks from 64 KiB on, and those too large
  /// for shards, are tried in files of their own. Chunks larger than the sample all give the same array: of
  /// these, only the smallest is tried, and only if there is no other.
  static func combinations(
    chunkBytes: [ByteCount], shardBytes: ByteCount, codecs: [CodecChoice], workers: [Int],
    sampleByteCount: Int
  ) -> [TuneSetting] {
    let sizes = chunkBytes.filter { $0.value <= sampleByteCount }
    let smallest = chunkBytes.min { $0.value < $1.value }.map { [$0] } ?? []
    var settings: [TuneSetting] = []
    for size in sizes.isEmpty ? smallest : sizes {
      let fitsShards = size.value <= min(1 << 20, shardBytes.value / 2)
      let layouts = (fitsShards ? [shardBytes] : []) + (size.value >= 64 << 10 || !fitsShards ? [nil] : [])
      for shard in layouts {
        for codec in codecs {
          for count in workers {
            settings.append(
              TuneSetting(chunkBytes: size, shardBytes: shard, codec: codec, workers: count))
          }
        }
      }
    }
    var seen: Set<TuneSetting> = []
    return settings.filter { seen.insert($0).inserted }
  }
}

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
      import Zarr

      let options = ArrayOptions(
        chunkSize: .bytes(\(Self.swift(chunkBytes)))\(shards),
        compressors: [\(codec.swift)])
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
