/// The codecs of an array, in the order in which they encode.
///
///     elements ── array-to-bytes ──▶ wire form ── bytes-to-bytes or checksum, any number ──▶ stored bytes
public struct CodecChain: Sendable {
  /// A codec that takes bytes.
  public enum Stage: Sendable {
    /// Turns bytes into others.
    case transform(any BytesToBytesCodec)
    /// Puts a checksum behind the bytes.
    case checksum(any ChecksumCodec)
  }

  /// The codec that turns elements into bytes.
  public let arrayToBytes: any VariableLengthCodec

  /// The codecs that take bytes, in the order in which they encode.
  public let stages: [Stage]

  /// Creates a chain.
  ///
  /// - Parameters:
  ///   - arrayToBytes: The codec that lays out the elements.
  ///   - stages: The codecs that take bytes, in the order in which they encode.
  public init(_ arrayToBytes: any VariableLengthCodec, stages: [Stage] = []) {
    self.arrayToBytes = arrayToBytes
    self.stages = stages
  }

  /// The name of the codec that lays out the elements, for errors.
  var elementCodecName: String { type(of: arrayToBytes).name }
}
