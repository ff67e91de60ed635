/// The settings of the LZMA compressor inside of a chain of filters.
///
/// What is nil is as the preset has it. See [the filters of
/// Python](https://docs.python.org/3/library/lzma.html#specifying-custom-filter-chains), which name them in
/// metadata.
public struct LZMAOptions: Hashable, Sendable {
  /// How the compressor searches.
  public enum Mode: Int, CaseIterable, Sendable {
    /// For speed.
    case fast = 1
    /// For size.
    case normal = 2
  }

  /// What finds matches, by the number in metadata.
  public enum MatchFinder: Int, CaseIterable, Sendable {
    /// Hash chains of 2 and 3 bytes.
    case hashChain3 = 3
    /// Hash chains of 2, 3 and 4 bytes.
    case hashChain4 = 4
    /// A binary tree over hashes of 2 bytes.
    case binaryTree2 = 18
    /// A binary tree over hashes of 2 and 3 bytes.
    case binaryTree3 = 19
    /// A binary tree over hashes of 2, 3 and 4 bytes.
    case binaryTree4 = 20
  }

  /// The preset, from which all is taken that is not set; with ``LZMACodec/extremePreset`` added it is slower
  /// and may be smaller.
  public var preset = 6

  /// The bytes in which matches are searched.
  public var dictionaryByteCount: Int?

  /// The number of high bits of the previous byte that tell literals apart.
  public var literalContextBits: Int?

  /// The number of low bits of the position that tell literals apart.
  public var literalPositionBits: Int?

  /// The number of low bits of the position that tell all else apart.
  public var positionBits: Int?

  /// How the compressor searches.
  public var mode: Mode?

  /// The length of a match that is good enough.
  public var niceLength: Int?

  /// What finds matches.
  public var matchFinder: MatchFinder?

  /// The most steps of a search, where 0 lets the library choose.
  public var depth: Int?

  /// Creates the settings of the usual preset.
  public init() {}
}
