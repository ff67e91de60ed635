import CommandLineOptions

/// Which blobs are stored how, in one row of the comparison.
struct ComparisonSetting: Hashable, Sendable, Encodable {
  /// The blobs.
  var blobs: BlobKind
  /// The size of a chunk in wire form.
  var chunkBytes: Int
  /// The compression, as the flag says it.
  var codec: String
  /// The number of threads.
  var workers: Int

  /// Chunks that are smaller than this are stored in shards, as nobody wants so many files.
  private static let smallestFileByteCount = 64 << 10

  /// The size of the shards in wire form, or nil if each chunk is stored by itself.
  var shardBytes: Int? { chunkBytes < Self.smallestFileByteCount ? 16 << 20 : nil }

  /// The compression.
  var codecChoice: CodecChoice { CodecChoice(argument: codec) ?? .none }

  /// The setting in words.
  var title: String { "\(blobs.title), \(chunkTitle), \(codec), \(workersTitle)" }

  /// The chunks in words.
  var chunkTitle: String {
    let shards = shardBytes.map { " in shards of \(ByteCount(clamping: $0))" } ?? ""
    return "chunks of \(ByteCount(clamping: chunkBytes))\(shards)"
  }

  /// The workers in words.
  var workersTitle: String { workers == 1 ? "1 worker" : "\(workers) workers" }
}
