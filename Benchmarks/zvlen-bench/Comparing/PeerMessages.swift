import CommandLineOptions

/// A job for a rival, as `Benchmarks/Peers/driver.py` describes it.
struct PeerJob: Encodable {
  /// How the blobs are stored.
  struct Setting: Encodable {
    let blobsPerChunk: Int
    let chunkBytes: Int
    let blobsPerShard: Int?
    let codec: String
    let level: Int
  }

  let job: String
  var directory: String?
  var setting: Setting?
  var layout: Layout?
  /// The number of blobs to write.
  var count: Int?
  /// The first blob to append.
  var first: Int?
  var indices: [Int]?
  var verify: Bool?
  var memory: Bool?
  /// The files with the blobs and their offsets.
  var bytes: String?
  var offsets: String?
}

extension PeerJob.Setting {
  /// A setting in the form that all rivals understand.
  init(_ setting: ComparisonSetting, _ shape: ChunkCounts) {
    let (codec, level): (String, Int) =
      switch setting.codecChoice {
      case .zstd(let level): ("zstd", level)
      case .lz4(let acceleration): ("lz4", acceleration)
      case .none, .gzip, .zlib, .bz2, .lzma, .blosc: (setting.codec, 0)
      }
    self.init(
      blobsPerChunk: shape.blobsPerChunk, chunkBytes: setting.chunkBytes, blobsPerShard: shape.blobsPerShard,
      codec: codec, level: level)
  }
}

/// What a rival answers, or says of itself at the start.
struct PeerAnswer: Decodable {
  let version: String?
  let layouts: [Layout]?
  let note: String?
  let seconds: Double?
  let processorSeconds: Double?
  let start: Double?
  let end: Double?
  let peakBytes: Int?
  let latencies: [Double]?
  let count: Int?
  let bytesCrc: UInt32?
  let lengthsCrc: UInt32?
  let unsupported: String?
  let error: String?
}
