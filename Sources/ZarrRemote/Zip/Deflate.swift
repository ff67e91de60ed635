import CDeflate
import ChunkEngine
import ZarrPlatform

/// What archives need of libdeflate.
enum Deflate {
  /// The CRC-32 of bytes, or of all bytes so far.
  static func checksum(of bytes: RawSpan, after checksum: UInt32 = 0) -> UInt32 {
    // libdeflate begins anew if there is no address.
    guard bytes.byteCount > 0 else { return checksum }
    // SAFETY: The function reads `count` bytes and keeps nothing.
    return unsafe bytes.withUnsafeBytes { unsafe libdeflate_crc32(checksum, $0.baseAddress, $0.count) }
  }

  /// Decompresses a raw stream of DEFLATE, which has to give exactly `byteCount` bytes and be of use to its end.
  ///
  /// - Returns: Whether it did.
  /// - Throws: `ChunkError.outOfMemory`
  static func inflate(_ source: RawSpan, byteCount: Int, into arena: inout ByteArena) throws -> Bool {
    guard let decompressor = unsafe libdeflate_alloc_decompressor() else {
      throw ChunkError.outOfMemory(byteCount: 0)
    }
    defer { unsafe libdeflate_free_decompressor(decompressor) }
    var isWhole = false
    try unsafe arena.appendUnsafe(addingCapacity: byteCount) { room in
      unsafe source.withUnsafeBytes { source in
        var consumed = 0
        // SAFETY: libdeflate stays inside the two sizes that it is given. Without a place for the size it fails
        // if it would write less.
        let result = unsafe libdeflate_deflate_decompress_ex(
          decompressor, source.baseAddress, source.count, room.baseAddress, room.count, &consumed, nil)
        isWhole = result == LIBDEFLATE_SUCCESS && consumed == source.count
        return isWhole ? byteCount : 0
      }
    }
    return isWhole
  }
}

extension RawSpan {
  /// Below 0 if the bytes come before others, above 0 if after, and 0 if they are the same.
  func compare(_ other: RawSpan) -> Int {
    let common = min(byteCount, other.byteCount)
    let order = unsafe withUnsafeBytes { left in
      unsafe other.withUnsafeBytes { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return 0 as Int32 }
        // SAFETY: Both have as many bytes.
        return unsafe memcmp(left, right, common)
      }
    }
    return order == 0 ? byteCount - other.byteCount : Int(order)
  }
}
