import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr

/// How arrays are read.
struct ReadingOptions: ParsableArguments {
  @OptionGroup var workers: WorkerOptions

  @Option(
    help: ArgumentHelp(
      "The most bytes that a chunk may have when it is decompressed.",
      discussion: """
        Protects against damaged or hostile data that would fill the memory. Raise it for arrays of very \
        large elements.
        """, valueName: "bytes"))
  var chunkLimit = ByteCount(clamping: 1 << 30)

  /// The settings for the library.
  var access: ArrayAccess {
    ArrayAccess(
      workerCount: workers.count, limits: DecodingLimits(decodedByteCountPerChunk: chunkLimit.value))
  }
}
