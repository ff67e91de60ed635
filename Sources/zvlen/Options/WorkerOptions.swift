import ArgumentParser
import ChunkEngine

/// How many threads work.
struct WorkerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads that compress or decompress (default: one for each active core).",
      discussion: "Each takes memory for a chunk or two.", valueName: "count"))
  var workers: Int?

  /// The number of threads.
  var count: Int { workers ?? ParallelChunks.defaultWorkerCount }

  func validate() throws {
    if let workers, !(1...4096).contains(workers) {
      throw ValidationError("--workers takes a number from 1 to 4096")
    }
  }
}
