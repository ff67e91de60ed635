/// A step of an LZMA chain: up to three that prepare the bytes, and at the end one that compresses.
public enum LZMAFilter: Hashable, Sendable {
  /// The instructions of a processor, in which relative addresses are made absolute.
  public enum Processor: Int, CaseIterable, Sendable {
    /// x86, with 32 and 64 bits.
    case x86 = 4
    /// PowerPC, big-endian.
    case powerPC = 5
    /// Itanium.
    case itanium = 6
    /// ARM, little-endian.
    case arm = 7
    /// ARM Thumb, little-endian.
    case armThumb = 8
    /// SPARC.
    case sparc = 9
  }

  /// Compresses in the form of `.lzma` files.
  case lzma1(LZMAOptions)
  /// Compresses in the form of `.xz` files.
  case lzma2(LZMAOptions)
  /// Takes the difference to the byte that is `distance` in front.
  case delta(distance: Int)
  /// Changes addresses in the program of a processor, which begins at `startOffset`.
  case processor(Processor, startOffset: Int)
}
