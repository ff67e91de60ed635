extension RawSpan {
  /// The bytes as a span of numbers, which is what text is read from.
  var octets: Span<UInt8> {
    @_lifetime(copy self)
    get {
      Span(_bytes: self)
    }
  }
}
