import CommandLineOptions
import Zarr

/// The flags that a run was started with, as the JSON output names them.
struct RunSettings: Encodable, Sendable {
  /// `null` for synthetic blobs.
  let data: String?
  /// The mean size of synthetic blobs that was asked for.
  let blobBytes: Int?
  let distribution: Distribution?
  let content: Content?
  let seed: UInt64?
  /// The chunk size that was asked for.
  let chunkBytes: Int
  /// The elements of each chunk that it came to.
  let chunkBlobs: Int
  let chunks: Int
  /// The shard size that was asked for; `null` where each chunk is stored by itself.
  let shardBytes: Int?
  let codec: String
  let workers: Int
  let store: String
  /// What of the files survives.
  let durability: String
  let from: SourceKind
  /// The bytes that may wait in an appender; `null` where there is none.
  let memoryBudget: Int?
  let `repeat`: Int
}

extension RunSettings {
  /// The flags of a command, and what follows from them.
  init(_ command: RunCommand, chunkBlobs: Int, chunks: Int, workers: Int, store: String) {
    let workload = command.workload
    let isSynthetic = workload.data == nil
    self.init(
      data: workload.data, blobBytes: isSynthetic ? workload.blobBytes.value : nil,
      distribution: isSynthetic ? workload.distribution : nil, content: isSynthetic ? workload.content : nil,
      seed: isSynthetic ? workload.seed : nil, chunkBytes: command.chunkBytes.value, chunkBlobs: chunkBlobs,
      chunks: chunks, shardBytes: command.shardBytes?.value, codec: command.codec.description,
      workers: workers, store: store, durability: command.safety.durability.rawValue, from: command.from,
      memoryBudget: command.from == .stream ? command.memoryBudget.value : nil, repeat: command.repeatCount)
  }
}
