public import ChunkEngine

/// Elements of an array that follow each other in C order.
public struct ElementBlock: Sendable {
  /// The elements.
  public let elements: BlobView

  /// Where the first of them is in the array, counted in C order.
  public let offset: Int
}
