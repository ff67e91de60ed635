public import ChunkEngine

/// Turns a chunk of JSON values into one JSON array, as the codec `json2` of numcodecs does.
///
///     [ element₀ , element₁ , … , "|O" , [ 2 , 3 ] ]
///       nested lists, one a     data    shape of
///       axis of the chunk       type    the chunk
///
/// In memory each element is the text of its value. What is encoded is spelled as Python's `json.dumps`
/// spells it with the same settings, and equal to what numcodecs writes byte by byte; numbers keep their
/// digits. The lists are those of the chunk in C order, also in an array that is stored in order `F`.
///
/// Chunks whose elements are in one flat list, which zarrita writes, are read too.
///
/// The metadata names are `numcodecs.json2` and `json2`. The codec `json` of numcodecs before 0.6, which does
/// not say what shape a chunk has, is not read. See
/// [numcodecs](https://numcodecs.readthedocs.io/en/stable/other/json.html).
public struct JSON2Codec: ArrayToBytesCodec, Hashable {
  public static var name: String { "numcodecs.json2" }

  /// How deeply the values may be nested, the lists of the chunk included: one for each axis.
  static let maximumDepth = JSONValue.maximumElementDepth + 128

  /// How text is spelled.
  let spelling: JSONSpelling

  public let configuration: JSONObject

  /// Creates a codec.
  ///
  /// - Parameters:
  ///   - sortsKeys: Whether members are stored in the order of their keys.
  ///   - escapesNonASCII: Whether what is stored is ASCII.
  public init(sortsKeys: Bool = true, escapesNonASCII: Bool = true) {
    spelling = JSONSpelling(
      escapesNonASCII: escapesNonASCII, sortsKeys: sortsKeys, mergesRepeatedKeys: true)
    configuration = Self.configuration(
      spelling, encoding: "utf-8", skipsKeys: false, checksCircles: true, indentation: .null, isStrict: true)
  }

  /// Creates a codec of settings that were read.
  init(_ spelling: JSONSpelling, configuration: JSONObject) {
    self.spelling = spelling
    self.configuration = configuration
  }

  public func makeEncoder() throws(ChunkError) -> any ArrayEncoder { JSON2Encoder(spelling) }

  public func makeDecoder() throws(ChunkError) -> any ArrayDecoder { JSON2Decoder() }
}

extension JSON2Codec {
  /// The error for text that is not JSON.
  static func malformed(_ error: JSONError) -> ChunkError {
    .malformed(codec: name, reason: error.description)
  }

  /// The error for a chunk of another structure.
  static func malformed(_ reason: String) -> ChunkError {
    .malformed(codec: name, reason: reason)
  }
}
