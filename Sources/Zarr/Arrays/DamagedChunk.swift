/// A chunk that could not be read, and whose elements were replaced by the fill value.
public struct DamagedChunk: Sendable {
  /// The key of the chunk in the store, or of the shard that it is in.
  public let key: StoreKey

  /// Where that is, for people to read.
  public let path: String

  /// The place in the grid of what has the key.
  public let indices: [Int]

  /// Which of the inner chunks of a shard it is, in C order, or nil if it is all that has the key.
  public let innerChunk: Int?

  /// The elements that the chunk has inside of the array.
  public let region: ArrayRegion

  /// Why it could not be read, of which ``FailureKind`` tells damage from what may be sound.
  public let reason: any Error

  /// The inner chunks of the same shard that could not be read either, and that are counted only: of a shard no
  /// more than 1000 are listed.
  public internal(set) var furtherCount = 0

  /// The most inner chunks of a shard that are listed: an index can name millions that are not there.
  static let maximumCountPerShard = 1000
}

extension DamagedChunk: CustomStringConvertible {
  /// The path and the reason, as the error has it that is thrown unless damage is replaced.
  public var description: String {
    "\(path): \(reason)\(furtherCount > 0 ? ", and \(furtherCount) more inner chunks of the shard" : "")"
  }
}
