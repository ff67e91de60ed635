import ArgumentParser
import CommandLineOptions

/// The settings that are compared, and the work for each.
struct ComparisonPlan {
  /// The settings, ordered by their number of workers.
  let settings: [ComparisonSetting]
  /// The work for each.
  let works: [Work]

  /// Sizes of chunks, from a small part of a shard to more than a processor's cache.
  static let chunkByteCounts = [1 << 10, 8 << 10, 64 << 10, 1 << 20, 16 << 20]
  /// The compressions.
  static let codecs = ["zstd:1", "zstd:3", "lz4", "none"]

  /// The setting that the others vary.
  static func middle(cores: Int) -> ComparisonSetting {
    ComparisonSetting(blobs: .records126, chunkBytes: 1 << 20, codec: "zstd:1", workers: cores)
  }

  /// The middle setting, and those that differ from it in one respect.
  static func usual(works: [Work], cores: Int) -> ComparisonPlan {
    let middle = middle(cores: cores)
    var settings = [middle]
    func add(_ change: (inout ComparisonSetting) -> Void) {
      var setting = middle
      change(&setting)
      if !settings.contains(setting) { settings.append(setting) }
    }
    for chunkBytes in chunkByteCounts { add { $0.chunkBytes = chunkBytes } }
    for blobs in BlobKind.synthetic { add { $0.blobs = blobs } }
    for codec in codecs { add { $0.codec = codec } }
    add { $0.workers = 1 }
    return ComparisonPlan(settings: settings, works: works)
  }

  /// Every combination.
  static func product(
    blobs: [BlobKind], chunkBytes: [Int], codecs: [String], workers: [Int], works: [Work]
  ) -> ComparisonPlan {
    let settings = workers.flatMap { workers in
      blobs.flatMap { blobs in
        codecs.flatMap { codec in
          chunkBytes.map {
            ComparisonSetting(blobs: blobs, chunkBytes: $0, codec: codec, workers: workers)
          }
        }
      }
    }
    return ComparisonPlan(settings: settings, works: works)
  }
}

/// The blobs of a row and how they are stored.
struct ComparisonSetting: Hashable, Sendable, Encodable {
  /// The blobs.
  var blobs: BlobKind
  /// The size of a chunk in wire form.
  var chunkBytes: Int
  /// The compression, as in the flag.
  var codec: String
  /// The number of threads.
  var workers: Int

  /// Smaller chunks are stored in shards, to avoid too many files.
  private static let smallestFileByteCount = 64 << 10

  /// The size of the shards in wire form, or nil without shards.
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

/// The blobs of a row: synthetic ones, or those of `--data`.
enum BlobKind: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// Short text: identifiers, tags.
  case bytes16 = "16B"
  /// JSON records.
  case records126 = "126B"
  /// Text of many lengths.
  case text300 = "300B"
  /// Documents of about one size.
  case text1K = "1KB"
  case text10K = "10KB"
  /// Long text.
  case text8K = "8KB"
  /// Incompressible bytes.
  case random1M = "1MB"
  /// Real data.
  case data

  /// The synthetic kinds.
  static let synthetic: [BlobKind] = [.bytes16, .records126, .text300, .text8K, .random1M]

  /// The kind in words.
  var title: String {
    switch self {
    case .bytes16: "16 B text"
    case .records126: "126 B JSON records"
    case .text300: "300 B text"
    case .text1K: "1 KB text"
    case .text10K: "10 KB text"
    case .text8K: "8 KB text"
    case .random1M: "1 MB incompressible"
    case .data: "the data"
    }
  }

  /// The mean size of a blob, how sizes vary and what is in it; nil for real data.
  private var synthesis: (mean: Int, distribution: Distribution, content: Content)? {
    switch self {
    case .bytes16: (16, .uniform, .text)
    case .records126: (126, .narrow, .json)
    case .text300: (300, .lognormal, .text)
    case .text1K: (1_000, .narrow, .text)
    case .text10K: (10_000, .narrow, .text)
    case .text8K: (8_000, .lognormal, .text)
    case .random1M: (1_000_000, .narrow, .random)
    case .data: nil
    }
  }

  /// The bytes of all blobs of a row together, before they are scaled.
  ///
  /// Small blobs take more time for each byte, above all where each is an object.
  private var payloadByteCount: Int {
    switch self {
    case .bytes16: 8 << 20
    case .records126: 24 << 20
    case .text300, .text1K, .text8K, .text10K, .data: 32 << 20
    case .random1M: 64 << 20
    }
  }

  /// A library that spends a millisecond on a chunk takes minutes for more chunks than this.
  private static let mostChunks = 8192

  /// Makes the blobs of a row: enough for a few chunks a worker, and not too many chunks.
  func corpus(chunkBytes: Int, scale: Double) -> Corpus? {
    guard let synthesis else { return nil }
    let most = Self.mostChunks * max(chunkBytes, synthesis.mean)
    let byteCount = Int(Double(min(payloadByteCount, most)) * scale)
    let count = max(byteCount, 4 * chunkBytes) / synthesis.mean
    return Corpus(
      count: count, meanByteCount: synthesis.mean, distribution: synthesis.distribution,
      content: synthesis.content, seed: 7)
  }
}

/// The layout of blobs in memory before they are written and after they are read.
enum Layout: String, Sendable, CaseIterable, Codable {
  /// The layout that suits the library best: contiguous memory with offsets, Arrow arrays, views.
  case own
  /// One object of its language for each blob.
  case objects
}

/// The work that a row measures.
enum Work: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// Writes all blobs to an empty directory.
  case write
  /// Reads all blobs of a directory into memory.
  case read
  /// Reads one blob at a time from an open directory.
  case random
  /// Appends the last tenth of the blobs to the others.
  case append
  /// Reads 1,000 blobs at random in one call, from a directory that is opened for it.
  case take1000 = "take-1000"
  /// Reads 1,000 blobs again from an open directory, with what the library keeps in memory.
  case take1000Warm = "take-1000-warm"
  /// Reads 100,000 blobs at random in one call, from a directory that is opened for it.
  case take100000 = "take-100000"
  /// Reads 100,000 blobs again from an open directory.
  case take100000Warm = "take-100000-warm"

  /// Reads all blobs in a random order of the library's own, in batches of ``epochBatchSize``.
  case epoch
  /// Reads all blobs in one random order that is given, in batches, from an open directory that was read before.
  case epochOrder = "epoch-order"

  /// The blobs of a batch.
  static let epochBatchSize = 1024

  /// How many blobs are read at random in one call, and whether from an open directory.
  var taken: (count: Int, isWarm: Bool)? {
    switch self {
    case .take1000: (1000, false)
    case .take1000Warm: (1000, true)
    case .take100000: (100_000, false)
    case .take100000Warm: (100_000, true)
    case .write, .read, .random, .append, .epoch, .epochOrder: nil
    }
  }

  /// The work in words.
  var title: String {
    switch self {
    case .write: "write all"
    case .read: "read all"
    case .random: "read one at random"
    case .append: "append a tenth"
    case .take1000: "take 1,000 at random, opened anew"
    case .take1000Warm: "take 1,000 at random, again"
    case .take100000: "take 100,000 at random, opened anew"
    case .take100000Warm: "take 100,000 at random, again"
    case .epoch: "read all in random batches"
    case .epochOrder: "read all in a given random order, in batches, again"
    }
  }
}

/// The numbers of blobs in a chunk and in a shard, the same for all libraries.
struct ChunkCounts {
  let blobsPerChunk: Int
  /// A multiple of ``blobsPerChunk``, or nil without shards.
  let blobsPerShard: Int?

  /// Finds the numbers that come nearest to the byte counts of a setting.
  init(_ corpus: Corpus, _ setting: ComparisonSetting) {
    let blobsPerChunk = corpus.blobsPerChunk(byteCount: setting.chunkBytes)
    self.blobsPerChunk = blobsPerChunk
    blobsPerShard = setting.shardBytes.map { shardBytes in
      max(1, corpus.blobsPerChunk(byteCount: shardBytes) / blobsPerChunk) * blobsPerChunk
    }
  }
}
