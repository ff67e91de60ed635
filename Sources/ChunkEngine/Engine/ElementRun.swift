/// Elements that follow each other both in a chunk and in a selection of the array.
public struct ElementRun: Hashable, Sendable {
  /// The index of the first element in the chunk.
  public let chunkIndex: Int

  /// The index of the first element in the selection.
  public let selectionIndex: Int

  /// The number of elements.
  public let count: Int

  /// Names a run.
  ///
  /// - Parameters:
  ///   - chunkIndex: The index of the first element in the chunk, at least 0.
  ///   - selectionIndex: The index of the first element in the selection, at least 0.
  ///   - count: The number of elements, at least 0.
  public init(chunkIndex: Int, selectionIndex: Int, count: Int) {
    self.chunkIndex = chunkIndex
    self.selectionIndex = selectionIndex
    self.count = count
  }
}
