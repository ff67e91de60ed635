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
