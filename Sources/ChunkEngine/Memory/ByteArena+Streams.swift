extension ByteArena {
  /// Appends what a decoder gives that does not say beforehand how much it is.
  ///
  /// Memory is taken step by step for what has been decoded, and never for more than may be. At the limit the
  /// decoder gets room for one more byte elsewhere, to tell whether it has come to its end.
  ///
  /// - Parameters:
  ///   - codec: The name of the codec, for errors.
  ///   - firstByteCount: The bytes that are likely to come.
  ///   - free: The most bytes that may be appended.
  ///   - limit: The most bytes that the chunk may decode to, for errors.
  ///   - decode: Writes to its argument, which has room for a byte at least. Returns how many bytes it wrote,
  ///     and whether they were the last ones; throws if it cannot go on.
  /// - Throws: ``ChunkError/decodedByteCountExceedsLimit(codec:byteCount:limit:)``,
  ///   ``ChunkError/outOfMemory(byteCount:)``, and what `decode` throws.
  /// - Complexity: O(*n*) where *n* is the number of bytes that are appended.
  mutating func appendStream(
    codec: String, firstByteCount: Int, free: Int, limit: Int,
    _ decode: (UnsafeMutableRawBufferPointer) throws(ChunkError) -> (byteCount: Int, isLast: Bool)
  ) throws(ChunkError) {
    let before = count
    let most = sumOrMaximum(before, free)
    var isLast = false
    while !isLast {
      let room = most - count
      guard room > 0 else {
        var probe: UInt8 = 0
        let result = try unsafe withUnsafeMutableBytes(of: &probe) { probe throws(ChunkError) in
          try unsafe decode(probe)
        }
        guard result.byteCount == 0 else {
          throw .decodedByteCountExceedsLimit(codec: codec, byteCount: nil, limit: limit)
        }
        isLast = result.isLast
        continue
      }
      let wanted = count == before ? max(firstByteCount, 4096) : max(4096, (count - before) / 2)
      let step = min(room, max(wanted, capacity - count))
      try append(addingCapacity: step, growingTo: most) { output throws(ChunkError) in
        try unsafe output.appendUnsafe { free throws(ChunkError) in
          let result = try unsafe decode(free)
          isLast = result.isLast
          return result.byteCount
        }
      }
    }
  }
}
