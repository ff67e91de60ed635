/// What the bytes of a chunk stand for in front of each codec of a chain that takes elements.
struct ChainRepresentations {
  private let layout: ElementLayout
  private let arrayToArray: [any ArrayToArrayCodec]

  /// The shape of the chunk that `levels` are for.
  private var shape: [Int]?

  /// What each of the array-to-array codecs is given, and behind them the array-to-bytes codec.
  private var levels: [ChunkRepresentation] = []

  init(_ chain: CodecChain) {
    layout = chain.layout
    arrayToArray = chain.arrayToArray
  }

  /// What the codecs are given for a chunk of `shape`.
  ///
  /// - Complexity: O(1) if it is the shape of the chunk before.
  mutating func levels(for shape: [Int]) throws(ChunkError) -> [ChunkRepresentation] {
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
  public var looksAtShape: Bool { !arrayToBytes.keepsBytes || !arrayToArray.allSatisfy(\.keepsBytes) }
}
