import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr

/// How arrays are read.
struct ReadingOptions: ParsableArguments {
  @OptionGroup var workers: WorkerOptions

  @OptionGroup var links: LinkOptions

  @OptionGroup var chunks: ChunkLimitOptions

  /// The settings for the library.
  var access: ArrayAccess { ArrayAccess(workerCount: workers.count, limits: chunks.limits) }
}

/// How large a chunk may be.
struct ChunkLimitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The most bytes that a chunk may have when it is decompressed (default: 1 GiB).",
      discussion: """
        Protects against damaged or hostile data that would fill the memory. Raise it for arrays of very \
        large elements. Unless it is said, chunks of more than 256 MiB may also not be more than 1000 times \
        as large as they are stored. More than 128 MiB is also what the index of a shard may have.
        """, valueName: "bytes"), transform: ByteCount.parse)
  var chunkLimit: ByteCount?

  /// The limits for the library.
  var limits: DecodingLimits {
    var limits = DecodingLimits()
    if let chunkLimit {
      // Whoever says how large chunks may be does not care how small they are stored.
      limits.decodedByteCountPerChunk = chunkLimit.value
      limits.expansionRatio = Int.max
      limits.shardIndexByteCount = max(limits.shardIndexByteCount, chunkLimit.value)
    }
    return limits
  }
}
