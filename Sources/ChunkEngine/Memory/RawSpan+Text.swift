internal import CKernels

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
}
