/// How the elements of a chunk lie in memory, in front of all codecs.
///
///     variable    ┌ u32 count ┬ u32 byteCount₀ ┬ bytes₀ ┬ u32 byteCount₁ ┬ bytes₁ ┬ …      see ``WireForm``
///     fixed       ┌ bytes₀ ┬ bytes₁ ┬ bytes₂ ┬ …                                  no header, no padding
///
/// Numbers are little-endian, whatever the order in which they are stored. An element that may be absent has
/// a byte in front that says whether it is there, 1 or 0; behind a 0 an element of fixed size has zeros and
/// one of variable size nothing.
public enum ElementLayout: Hashable, Sendable {
  /// Elements of any size, in ``WireForm``.
  case variable
  /// Elements of one size, back to back.
  case fixed(byteCount: Int)

  /// The bytes of every element, if they all have as many.
  public var fixedByteCount: Int? {
    if case .fixed(let byteCount) = self { byteCount } else { nil }
  }
}
