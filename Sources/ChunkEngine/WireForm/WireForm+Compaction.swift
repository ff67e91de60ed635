internal import CKernels

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
      // SAFETY: `room` is what is left of the payload on both sides. Behind a decoded chunk and behind the
      // payload lies the slack, which short copies may touch.
      let done = unsafe ckernels_take_apart(
        position, min(expectedCount &- index, SmallElements.triedAgain), room, destination, ends + index,
        offset)
      unsafe position += done.element_count &* lengthByteCount &+ done.byte_count
      unsafe destination += done.byte_count
      room &-= done.byte_count
      offset &+= Int64(done.byte_count)
      index &+= done.element_count
      if done.element_count < SmallElements.triedAgain, index < expectedCount {
        let length = Int(UInt32(littleEndian: unsafe position.loadUnaligned(as: UInt32.self)))
        throw .elementOverrun(index: index, byteCount: length, available: room)
      }
    }
    guard room == 0 else { throw .trailingBytes(codec: codec, byteCount: room) }
  }
}
