import CKernels
import ZarrPlatform

extension RawSpan {
  /// The four bytes at `offset` as a number, the least significant byte first.
  ///
  /// - Precondition: the four bytes are inside the span.
  func littleEndianUInt32(at offset: Int) -> UInt32 {
    // SAFETY: The load is bounds-checked, and every pattern of bits is a `UInt32`.
    UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The eight bytes at `offset` as a number, the least significant byte first.
  ///
  /// - Precondition: the eight bytes are inside the span.
  func littleEndianUInt64(at offset: Int) -> UInt64 {
    // SAFETY: The load is bounds-checked, and every pattern of bits is a `UInt64`.
    UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The byte at `offset`.
  ///
  /// - Precondition: `offset` is inside the span.
  func byte(at offset: Int) -> UInt8 {
    // SAFETY: The load is bounds-checked, and every pattern of bits is a `UInt8`.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// Whether the bytes are the same as those of `other`.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the span.
  public func isEqual(to other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    return unsafe withUnsafeBytes { left in
      unsafe other.withUnsafeBytes { right in
        // SAFETY: Both have the same size.
        guard let left = left.baseAddress, let right = right.baseAddress else { return true }
        return unsafe memcmp(left, right, byteCount) == 0
      }
    }
  }
}

extension RawSpan {
  /// Whether the bytes are well-formed UTF-8, as those of every element of an array of text are.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the span. Does not allocate.
  public var isWellFormedText: Bool {
    unsafe withUnsafeBytes { bytes in
      // SAFETY: The kernel reads `count` bytes and keeps nothing.
      unsafe ckernels_is_utf8(bytes.baseAddress, bytes.count)
    }
  }

  /// Whether the bytes surely are JSON text in UTF-8, nested at most `maximumDepth` deep.
  ///
  /// False leaves it open: parse the text, which also finds out where it is wrong. Texts nested more than 63 deep, and
  /// all texts on processors without AVX2, have to be parsed.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the span. Does not allocate.
  package func isSurelyJSON(maximumDepth: Int) -> Bool {
    unsafe withUnsafeBytes { bytes in
      // SAFETY: The kernel reads `count` bytes and keeps nothing.
      unsafe ckernels_is_json(bytes.baseAddress, bytes.count, max(0, maximumDepth))
    }
  }
}

extension Array<UInt8> {
  /// Copies bytes.
  package init(copying bytes: RawSpan) {
    // SAFETY: The bytes are read inside of the closure only.
    self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
  }

  /// The bytes.
  @inlinable
  package var rawSpan: RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: Bytes have no padding.
      unsafe span.bytes
    }
  }
}

extension String {
  /// The bytes of the text.
  @inlinable
  package var utf8Bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: Bytes have no padding.
      unsafe utf8Span.span.bytes
    }
  }
}

extension OutputRawSpan {
  /// Appends the bytes of `source`.
  ///
  /// - Precondition: `source` fits in the free capacity.
  /// - Complexity: O(*n*) where *n* is the size of `source`.
  @inline(always)
  public mutating func append(copying source: RawSpan) {
    precondition(source.byteCount <= freeCapacity, "the output is full")
    guard !source.isEmpty else { return }
    unsafe source.withUnsafeBytes { source in
      unsafe withUnsafeMutableBytes { buffer, count in
        // SAFETY: The precondition leaves room for `source`. The output is held exclusively, so the two
        // regions do not overlap.
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(from: source)
        count += source.count
      }
    }
  }

  /// Appends `value`, its least significant byte first.
  ///
  /// - Precondition: four bytes of capacity are free.
  @inline(always)
  public mutating func append(littleEndian value: UInt32) {
    precondition(freeCapacity >= 4, "the output is full")
    // SAFETY: `UInt32` has no padding, so every byte that is appended is initialized.
    unsafe append(value.littleEndian, as: UInt32.self)
  }

  /// Appends `value`, its least significant byte first.
  ///
  /// - Precondition: eight bytes of capacity are free.
  @inline(__always)
  mutating func append(littleEndianUInt64 value: UInt64) {
    precondition(freeCapacity >= 8, "the output is full")
    // SAFETY: `UInt64` has no padding, so every byte that is appended is initialized.
    unsafe append(value.littleEndian, as: UInt64.self)
  }

  /// Checks that there is room for the output of a codec.
  func checkFreeCapacity(_ byteCount: Int, codec: String) throws(ChunkError) {
    guard freeCapacity >= byteCount else {
      throw .compressionFailed(codec: codec, reason: "the output is full")
    }
  }

  /// Hands the free capacity to `body`, which returns how many bytes it wrote at the start of it.
  ///
  /// - Precondition: `body` returns at most the free capacity.
  mutating func appendUnsafe(
    _ body: (UnsafeMutableRawBufferPointer) throws(ChunkError) -> Int
  ) throws(ChunkError) {
    try unsafe withUnsafeMutableBytes { buffer, count throws(ChunkError) in
      let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      let written = try unsafe body(free)
      precondition(written >= 0 && written <= free.count, "more was written than fits")
      count += written
    }
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Writes `element` again and again, as often as it fits.
  func fill(repeating element: RawSpan) {
    guard element.byteCount > 0 else { return }
    for start in Swift.stride(from: 0, through: count - element.byteCount, by: element.byteCount) {
      unsafe element.withUnsafeBytes { element in
        // SAFETY: The slice is bounds-checked and has the size of the element.
        unsafe UnsafeMutableRawBufferPointer(rebasing: self[start..<start + element.count])
          .copyMemory(from: element)
      }
    }
  }
}
