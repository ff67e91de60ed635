public import ChunkEngine

/// Turns a chunk of JSON values into one MessagePack array, as the codec `msgpack2` of numcodecs does.
///
///     array of n + 2:  element₀  element₁  …  "|O"   array: 2  3
///                        nested arrays,       data   shape of
///                        one an axis          type   the chunk
///
/// In memory each element is the text of its value, of which the codec makes what numcodecs would write, byte
/// by byte: integers in as few bytes as they need, other numbers as `float64`, members in their order. What
/// the two have not in common is treated like this:
///
/// - Byte strings, which JSON has not, become an object with one member, `{"__bytes__":"eA=="}`, in base64.
///   Such an object becomes a byte string again, so that an element that is read and written is the same.
/// - Integers beyond 64 bits, and numbers that no `Double` can hold, cannot be stored: an error.
/// - Keys that are no strings, and extension types such as times, cannot be read: an error.
///
/// The metadata names are `numcodecs.msgpack2` and `msgpack2`. See the
/// [specification](https://github.com/msgpack/msgpack/blob/master/spec.md) and
/// [numcodecs](https://numcodecs.readthedocs.io/en/stable/other/msgpacks.html).
public struct MessagePack2Codec: ArrayToBytesCodec, Hashable {
  public static var name: String { "numcodecs.msgpack2" }

  /// How deeply values may be nested, the lists of the chunk included.
  static let maximumDepth = 512

  /// The only member of an object that stands for a byte string.
  static let bytesKey = "__bytes__"

  /// Whether numbers with a fraction are stored as `float32`, which loses digits.
  public let usesSingleFloats: Bool

  /// Whether byte strings are told from text.
  ///
  /// Without that, text is stored as in the first version of the format.
  public let tellsBytesFromText: Bool

  /// Whether text need not be UTF-8; what is not is read as byte strings.
  public let isRaw: Bool

  /// Creates a codec.
  ///
  /// - Parameters:
  ///   - usesSingleFloats: Whether numbers with a fraction are stored as `float32`, which loses digits.
  ///   - tellsBytesFromText: Whether byte strings are told from text.
  ///   - isRaw: Whether text need not be UTF-8.
  public init(usesSingleFloats: Bool = false, tellsBytesFromText: Bool = true, isRaw: Bool = false) {
    self.usesSingleFloats = usesSingleFloats
    self.tellsBytesFromText = tellsBytesFromText
    self.isRaw = isRaw
  }

  public func makeEncoder() throws(ChunkError) -> any ArrayEncoder { MessagePack2Encoder(self) }

  public func makeDecoder() throws(ChunkError) -> any ArrayDecoder { MessagePack2Decoder(self) }
}

extension MessagePack2Codec: MetadataCodec {
  public var configuration: JSONObject {
    [
      "raw": .bool(isRaw), "use_single_float": .bool(usesSingleFloats),
      "use_bin_type": .bool(tellsBytesFromText),
    ]
  }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("raw", "use_single_float", "use_bin_type")
    self.init(
      usesSingleFloats: try settings.boolean("use_single_float", default: false),
      tellsBytesFromText: try settings.boolean("use_bin_type", default: true),
      isRaw: try settings.boolean("raw", default: false))
  }
}

extension MessagePack2Codec {
  /// The error for bytes that are not a chunk.
  static func malformed(_ reason: String) -> ChunkError {
    .malformed(codec: name, reason: reason)
  }
}
