/// Lengths of eight bytes.
extension ByteArena {
  /// Appends `value`, its least significant byte first.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  mutating func append(littleEndianUInt64 value: UInt64) throws(ChunkError) {
    try append(addingCapacity: 8) { output throws(ChunkError) in
      output.append(littleEndianUInt64: value)
    }
  }

  /// Writes `value` over the eight bytes at `offset`, its least significant byte first.
  ///
  /// - Precondition: the eight bytes are written already.
  mutating func overwrite(littleEndianUInt64 value: UInt64, at offset: Int) {
    overwrite(littleEndian: UInt32(truncatingIfNeeded: value), at: offset)
    overwrite(littleEndian: UInt32(truncatingIfNeeded: value >> 32), at: offset + 4)
  }
}
