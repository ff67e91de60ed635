extension [UInt8] {
  /// Creates an array of the bytes of `bytes`.
  ///
  /// - Complexity: O(*n*) where *n* is the size of `bytes`.
  public init(copying bytes: RawSpan) {
    self = bytes.withUnsafeBytes { Array($0) }
  }
}
