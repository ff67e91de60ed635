extension RawSpan {
  /// The bytes as a span of numbers, which is what text is read from.
  var octets: Span<UInt8> {
    @_lifetime(copy self)
    get {
      Span(_bytes: self)
    }
  }

  /// Whether the bytes begin with the three of a byte order mark in UTF-8.
  public var beginsWithByteOrderMark: Bool { octets.beginsWithByteOrderMark }
}

extension Span where Element == UInt8 {
  /// Whether the bytes begin with the three of a byte order mark in UTF-8.
  var beginsWithByteOrderMark: Bool { count >= 3 && self[0] == 0xEF && self[1] == 0xBB && self[2] == 0xBF }
}
