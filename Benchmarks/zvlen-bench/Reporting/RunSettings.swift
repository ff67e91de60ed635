/// The flags that a run was started with, as the JSON output names them.
struct RunSettings: Codable, Sendable {
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
  let codec: String
  let workers: Int
  let store: String
  let from: SourceKind
  let `repeat`: Int
}
