/// The codecs of an array, in the order in which they encode.
///
///     elements ── array-to-array, any number ──▶ elements ── array-to-bytes ──▶ bytes
///              ── bytes-to-bytes or checksum, any number ──▶ stored bytes
public struct CodecChain: Sendable {
  /// A codec that takes bytes.
  public enum Stage: Sendable {
    /// Turns bytes into others.
    case transform(any BytesToBytesCodec)
    /// Puts a checksum beside the bytes.
    case checksum(any ChecksumCodec)
  }

  /// How elements lie in memory, in front of all codecs.
  public let layout: ElementLayout

  /// Whether every element has to be well-formed UTF-8.
  public let elementsAreText: Bool

  /// The codecs that turn elements into others, in the order in which they encode.
  public let arrayToArray: [any ArrayToArrayCodec]

  /// The codec that turns elements into bytes.
  public let arrayToBytes: any ArrayToBytesCodec

  /// The codecs that take bytes, in the order in which they encode.
  public let stages: [Stage]

  /// Creates a chain.
  ///
  /// - Parameters:
  ///   - arrayToBytes: The codec that turns elements into bytes.
  ///   - stages: The codecs that take bytes, in the order in which they encode.
  ///   - arrayToArray: The codecs in front, in the order in which they encode.
  ///   - layout: How elements lie in memory.
  ///   - elementsAreText: Whether every element has to be well-formed UTF-8; as `arrayToBytes` has it unless
  ///     it is said.
  public init(
    _ arrayToBytes: any ArrayToBytesCodec, stages: [Stage] = [], arrayToArray: [any ArrayToArrayCodec] = [],
    layout: ElementLayout = .variable, elementsAreText: Bool? = nil
  ) {
    self.layout = layout
    self.elementsAreText = elementsAreText ?? (arrayToBytes is VlenUTF8Codec)
    self.arrayToArray = arrayToArray
    self.arrayToBytes = arrayToBytes
    self.stages = stages.map(Self.running)
  }

  /// The codec that the engine runs for a stage: a checksum in front of the bytes has to move them.
  private static func running(_ stage: Stage) -> Stage {
    guard case .checksum(let codec) = stage, codec.location == .start else { return stage }
    return leading(codec)
  }

  private static func leading(_ codec: some ChecksumCodec) -> Stage {
    .transform(LeadingChecksumCodec(codec))
  }

  /// The name of the codec that lays out the elements, for errors.
  var elementCodecName: String { type(of: arrayToBytes).name }
}
