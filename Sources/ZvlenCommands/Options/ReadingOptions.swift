import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr

/// The options for reading arrays.
struct ReadingOptions: ParsableArguments {
  @OptionGroup var workers: WorkerOptions

  @OptionGroup var links: LinkOptions

  @OptionGroup var chunks: ChunkLimitOptions

  /// The settings for the library.
  var access: ArrayAccess { ArrayAccess(workerCount: workers.count, limits: chunks.limits) }
}

/// The maximum size of a chunk.
struct ChunkLimitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The maximum size of a decompressed chunk (default: 1 GiB).",
      discussion: """
        This protects against damaged or hostile data that would fill the memory. Raise it for arrays of very large \
        elements. By default, a chunk of more than 256 MiB must also not be more than 1000 times its stored size. A \
        limit above 128 MiB also applies to the index of a shard.
        """, valueName: "bytes"), transform: ByteCount.parse)
  var chunkLimit: ByteCount?

  /// The limits for the library.
  var limits: DecodingLimits {
    var limits = DecodingLimits()
    if let chunkLimit {
      // An explicit limit also allows chunks that are stored in very few bytes.
      limits.decodedByteCountPerChunk = chunkLimit.value
      limits.expansionRatio = Int.max
      limits.shardIndexByteCount = max(limits.shardIndexByteCount, chunkLimit.value)
    }
    return limits
  }
}

extension ReadingOptions {
  /// The option that helps with an error of the library, or nothing.
  static func advice(for error: any Error) -> String {
    var reason = error
    switch error {
    case ZarrError.chunk(_, let inner), ZarrError.store(_, let inner): reason = inner
    default: break
    }
    while case ChunkError.innerChunk(_, let inner) = reason { reason = inner }
    switch reason {
    case ChunkError.decodedByteCountExceedsLimit, ChunkError.storedByteCountExceedsLimit,
      ChunkError.expansionExceedsLimit, StoreError.tooLarge:
      return "; if you trust the array, --chunk-limit allows more"
    case StoreError.outside: return "; if you trust the array, --follow-links follows it"
    default: return ""
    }
  }
}

/// A command that has ``ReadingOptions``.
protocol ReadingCommand {
  var reading: ReadingOptions { get }
}

/// The number of threads.
struct WorkerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The number of threads that compress or decompress (default: the active cores).",
      discussion: "Each needs memory for one or two chunks.", valueName: "count"))
  var workers: Int?

  /// The number of threads.
  var count: Int { workers ?? ArrayAccess.defaultWorkerCount }

  func validate() throws {
    if let workers, !(1...4096).contains(workers) {
      throw ValidationError("--workers takes a number from 1 to 4096")
    }
  }
}

/// The treatment of symbolic links in the directory of an array or group.
struct LinkOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Follows symbolic links that lead out of the directory of the array or group.",
      discussion: "Without this option, such a link is an error."))
  var followLinks = false
}

/// The treatment of damaged chunks.
struct DamageOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Reads elements of damaged chunks as the fill value, which is usually empty.",
      discussion: """
        Each damaged chunk is a line on standard error, and the exit code is 1. Without this option, dump and export \
        stop at the first damaged chunk, and cat goes on with the next element.
        """))
  var replaceDamaged = false
}

/// The damaged chunks that a command found.
struct DamageOutput {
  private let report: DamageReport?

  /// Prepares for a command with these options.
  init(_ options: DamageOptions) {
    report = options.replaceDamaged ? DamageReport() : nil
  }

  /// The settings for opening arrays.
  func access(_ reading: ReadingOptions) -> ArrayAccess {
    var access = reading.access
    access.damageReport = report
    return access
  }

  /// Whether damaged elements read as the fill value.
  var isReplaced: Bool { report != nil }

  /// Writes the damaged chunks to standard error.
  ///
  /// - Throws: `ExitCode.failure` if there are damaged chunks.
  func finish() throws {
    guard let report, !report.isEmpty else { return }
    for chunk in report.chunks { StandardError.write("zvlen: damaged: \(OneLine(chunk))\n") }
    throw ExitCode.failure
  }
}
