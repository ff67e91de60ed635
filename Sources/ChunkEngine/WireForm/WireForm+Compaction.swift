extension WireForm {
  /// Copies the elements of a chunk back to back and writes where each of them ends, in one pass.
  ///
  /// The hot loop of decoding to one contiguous batch.
  ///
  /// - Parameters:
  ///   - bytes: The chunk, with its header.
  ///   - expectedCount: The number of elements that the chunk must have.
  ///   - payload: Where the elements go: at least `bytes.count - 4 - 4 * expectedCount` bytes, and the slack.
  ///   - ends: One slot an element for the offset behind it.
  ///   - base: What is added to the offsets.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: ``ChunkError`` for what is wrong with the chunk.
  static func compact(
    _ bytes: UnsafeRawBufferPointer, expectedCount: Int, payload: UnsafeMutableRawPointer,
    ends: UnsafeMutablePointer<Int64>, base: Int64, codec: String
  ) throws(ChunkError) {
    // The payload is as large as the caller was told, whatever the lengths say.
    var room = try payloadByteCount(
      of: unsafe RawSpan(_unsafeBytes: bytes), expectedCount: expectedCount, codec: codec)
    guard let start = bytes.baseAddress else { return }
    var position = unsafe start + headerByteCount
    var destination = unsafe payload
    var offset = base
    var index = 0
    while index < expectedCount {
      let length = Int(UInt32(littleEndian: unsafe position.loadUnaligned(as: UInt32.self)))
      // All that is left of the chunk are the lengths of the elements that are left, and `room`.
      if length <= SmallElements.byteCount, expectedCount &- index >= SmallElements.count,
        SmallElements.count &* length <= room, unsafe SmallElements.areAll(length, from: position)
      {
        // SAFETY: Eight of these lengths are part of `room` on both sides, and behind them is the slack.
        unsafe SmallElements.takeApart(
          position, length: length, to: destination, ends: ends + index, base: offset)
        let byteCount = SmallElements.count &* length
        unsafe position += SmallElements.count &* WireForm.lengthByteCount &+ byteCount
        unsafe destination += byteCount
        room &-= byteCount
        offset &+= Int64(byteCount)
        index &+= SmallElements.count
        continue
      }
      let stop = min(expectedCount, index &+ SmallElements.triedAgain)
      while index < stop {
        let length = Int(UInt32(littleEndian: unsafe position.loadUnaligned(as: UInt32.self)))
        guard length <= room else {
          throw .elementOverrun(index: index, byteCount: length, available: room)
        }
        unsafe position += lengthByteCount
        // SAFETY: `room` is what is left of the payload on both sides. Behind a decoded chunk and behind the
        // payload lies the slack, so short copies may always touch 64 bytes.
        unsafe copyElement(to: destination, from: position, byteCount: length)
        unsafe position += length
        unsafe destination += length
        room &-= length
        offset &+= Int64(length)
        unsafe ends[index] = offset
        index &+= 1
      }
    }
    guard room == 0 else { throw .trailingBytes(codec: codec, byteCount: room) }
  }
}
