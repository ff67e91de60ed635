/// Where an inner chunk is in its shard.
struct ShardEntry: Hashable {
  /// The first byte, counted from the first byte of the shard.
  var offset: UInt64

  /// The number of bytes.
  var byteCount: UInt64

  /// What an index has for an inner chunk that is not stored.
  static let missing = ShardEntry(offset: UInt64.max, byteCount: UInt64.max)

  /// The bytes of an entry in an index.
  static let encodedByteCount = 16
}
