import CKernels

/// How far ahead of a copy its source is fetched, in bytes.
///
/// The processor's own prefetching stops at the end of a page, and is thrown off by small elements. Fetching
/// the source of those ahead makes laying them out 1.3 and taking them apart 1.5 times as fast, where they
/// come from memory. Half of the distance gives half of that.
private let fetchedAhead = 2048

/// Copies one element, small ones in blocks of 64 bytes.
///
/// `memcpy` chooses by size, and on elements of mixed small sizes the processor guesses wrong: blocks of a
/// fixed width are up to four times as fast. They touch up to 64 bytes after the element on both sides:
/// `writable` says how many bytes from `destination` on nothing else uses.
///
/// - Precondition: After the source are 64 bytes that may be read, as the slack of ``RawMemory``. `writable`
///   is at least `byteCount`.
@inline(__always)
func copyElement(
  to destination: UnsafeMutableRawPointer, from source: UnsafeRawPointer, byteCount: Int, writable: Int
) {
  // At least one block, also for an empty element.
  let blockEnd = (byteCount &+ 64) & ~63
  if byteCount <= 256 && writable >= blockEnd {
    var offset = 0
    if byteCount <= 64 { unsafe ckernels_prefetch(source + fetchedAhead) }
    repeat {
      let first = unsafe source.loadUnaligned(fromByteOffset: offset, as: SIMD32<UInt8>.self)
      let second = unsafe source.loadUnaligned(fromByteOffset: offset &+ 32, as: SIMD32<UInt8>.self)
      unsafe destination.storeBytes(of: first, toByteOffset: offset, as: SIMD32<UInt8>.self)
      unsafe destination.storeBytes(of: second, toByteOffset: offset &+ 32, as: SIMD32<UInt8>.self)
      offset &+= 64
    } while offset < byteCount
  } else {
    unsafe destination.copyMemory(from: source, byteCount: byteCount)
  }
}

/// Copies of eight elements of at most 16 bytes at a time.
///
/// For elements this small the checks of each cost as much as its copy. One check of eight, and copies of a
/// fixed width without a branch between them, are twice as fast as a loop with `memcpy` at 16 bytes, and more
/// below. Elements that are not so small cost one check in ``triedAgain``.
enum SmallElements {
  /// The number of elements that are copied at a time.
  static let count = 8

  /// The bytes that are copied for each, and the most that it may have.
  static let byteCount = 16

  /// The elements that are copied one by one before eight are tried again.
  static let triedAgain = 128

  /// Where the last of the eight elements between nine offsets ends, or nil if one is larger than
  /// ``byteCount`` or ends before it begins.
  @inline(__always)
  static func end<Offset: FixedWidthInteger>(of offsets: UnsafePointer<Offset>) -> Int? {
    var bits = 0
    var lower = Int(truncatingIfNeeded: unsafe offsets[0])
    for index in 1...count {
      let upper = Int(truncatingIfNeeded: unsafe offsets[index])
      let length = upper &- lower
      // 0 to 16 become 15 to 31, others have a higher bit: of the sum, or if they are negative of their own.
      bits |= length | (length &+ 15)
      lower = upper
    }
    return UInt(bitPattern: bits) < 32 ? lower : nil
  }

  /// Lays out the eight elements between nine offsets of `bytes`, and returns where the next one goes.
  ///
  /// - Precondition: ``end(of:)`` found them small. After the last one are ``byteCount`` readable bytes, and
  ///   after where it goes as many writable ones.
  @inline(__always)
  static func layOut<Offset: FixedWidthInteger>(
    _ bytes: UnsafeRawPointer, _ offsets: UnsafePointer<Offset>, to destination: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    var destination = unsafe destination
    var lower = Int(truncatingIfNeeded: unsafe offsets[0])
    unsafe ckernels_prefetch(bytes + (lower &+ fetchedAhead))
    unsafe ckernels_prefetch(bytes + (lower &+ fetchedAhead &+ 64))
    unsafe ckernels_prefetch(UnsafeRawPointer(offsets) + fetchedAhead)
    for index in 1...count {
      let upper = Int(truncatingIfNeeded: unsafe offsets[index])
      let length = upper &- lower
      unsafe destination.storeBytes(of: UInt32(truncatingIfNeeded: length).littleEndian, as: UInt32.self)
      unsafe destination += WireForm.lengthByteCount
      let element = unsafe (bytes + lower).loadUnaligned(as: SIMD16<UInt8>.self)
      unsafe destination.storeBytes(of: element, as: SIMD16<UInt8>.self)
      unsafe destination += length
      lower = upper
    }
    return unsafe destination
  }

  /// Whether the eight elements from `position` on have `length` bytes each.
  ///
  /// The place of a length is known only from the one before, so that a walk waits for one load after the
  /// other. Elements of one size, such as numbers and hashes, need not wait.
  ///
  /// - Precondition: They would not reach beyond the chunk.
  @inline(__always)
  static func areAll(_ length: Int, from position: UnsafeRawPointer) -> Bool {
    let expected = UInt32(truncatingIfNeeded: length).littleEndian
    var difference: UInt32 = 0
    for index in 1..<count {
      let offset = index &* (length &+ WireForm.lengthByteCount)
      difference |= unsafe expected ^ position.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }
    return difference == 0
  }

  /// Copies eight elements of `length` bytes back to back, and writes where each of them ends.
  ///
  /// - Precondition: `length` is at most ``byteCount``, of which as many may be touched after the last
  ///   element on both sides.
  @inline(__always)
  static func takeApart(
    _ position: UnsafeRawPointer, length: Int, to payload: UnsafeMutableRawPointer,
    ends: UnsafeMutablePointer<Int64>, base: Int64
  ) {
    for line in 0..<3 { unsafe ckernels_prefetch(position + (fetchedAhead &+ line &* 64)) }
    for index in 0..<count {
      let offset = index &* (length &+ WireForm.lengthByteCount) &+ WireForm.lengthByteCount
      let element = unsafe position.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
      unsafe payload.storeBytes(of: element, toByteOffset: index &* length, as: SIMD16<UInt8>.self)
      unsafe ends[index] = base &+ Int64((index &+ 1) &* length)
    }
  }
}
