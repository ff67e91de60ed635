import CommandLineOptions
import Zarr

/// One combination of settings that `tune` tries.
struct TuneSetting: Sendable, Hashable {
  let chunkBytes: ByteCount
  /// The size of a shard, or nil for chunks in files of their own.
  let shardBytes: ByteCount?
  let codec: CodecChoice
  let workers: Int

  /// What the array has of the setting.
  var candidate: TuningCandidate {
    TuningCandidate(
      chunkByteCount: chunkBytes.value, shardByteCount: shardBytes?.value, codecs: codec.stages)
  }

  /// Whether arrays of two settings are the same, whoever writes them.
  func makesSameArray(as other: TuneSetting) -> Bool {
    chunkBytes == other.chunkBytes && shardBytes == other.shardBytes && codec == other.codec
  }

  /// The combinations to try, each once: in shards, chunks up to 1 MiB and half of a shard; and in files of
  /// their own, those from 64 KiB on and whatever no shard holds.
  ///
  /// Chunks that are larger than the sample are all the same to it, so that only the smallest size is taken of
  /// these, if there is no other.
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
