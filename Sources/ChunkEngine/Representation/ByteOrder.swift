/// The order in which the bytes of a number are stored, named as in Zarr v3 metadata.
public enum ByteOrder: String, Hashable, Sendable, CaseIterable {
  /// The least significant byte first, as in memory.
  case little
  /// The most significant byte first.
  case big
}
