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

  /// How elements lie in memory, before all codecs.
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
  /// If it is not said whether elements are text, `arrayToBytes` decides.
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

  /// The codec that the engine runs for a stage: a checksum before the bytes has to move them.
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

/// What the bytes of a chunk stand for before each codec of a chain that takes elements.
struct ChainRepresentations {
  private let layout: ElementLayout
  private let arrayToArray: [any ArrayToArrayCodec]
  private let needsShape: Bool

  /// The shape of the chunk that `levels` are for.
  private var shape: [Int]?

  /// What each of the array-to-array codecs is given, and after them the array-to-bytes codec.
  private var levels: [ChunkRepresentation] = []

  init(_ chain: CodecChain) {
    layout = chain.layout
    arrayToArray = chain.arrayToArray
    needsShape = chain.needsShape
  }

  /// What the codecs are given for a chunk of `shape`; nothing if none of them has to know.
  ///
  /// - Precondition: There is a shape if a codec has to be told it.
  /// - Complexity: O(1) if it is the shape of the chunk before.
  mutating func levels(for shape: [Int]?) throws(ChunkError) -> [ChunkRepresentation] {
    guard needsShape else { return [] }
    guard let shape else { preconditionFailure("these codecs have to be told the shape of the chunk") }
    if self.shape == shape { return levels }
    self.shape = nil
    levels = [try ChunkRepresentation(shape: shape, layout: layout)]
    for codec in arrayToArray {
      levels.append(try codec.encodedRepresentation(of: levels[levels.count - 1]))
    }
    self.shape = shape
    return levels
  }
}

extension CodecChain {
  /// Whether a codec has to be told the shape of the chunk.
  ///
  /// It need not if elements are stored as they lie in memory.
  public var needsShape: Bool { !arrayToBytes.isIdentity || !arrayToArray.allSatisfy(\.isIdentity) }
}
