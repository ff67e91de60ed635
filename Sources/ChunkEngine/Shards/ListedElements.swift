/// Elements of a stored value that are listed one by one, and where each of them goes in the selection.
///
///     list of 4 elements    17   3  16   9        chunks of 8 elements
///     chunk 0                    3 → 1
///     chunk 1                            1 → 3
///     chunk 2              1 → 0    0 → 2
///
/// It takes the place of the bounds of a ``Piece``: what finds, fetches, decodes and places is the same.
package final class ListedElements: Sendable {
  /// What is listed of an inner chunk.
  package struct Chunk: Sendable {
    /// Which of the inner chunks of the value it is, in C order.
    package let position: Int

    /// Which of the runs are its.
    package let runs: Range<Int>

    /// The number of elements.
    package let elementCount: Int
  }

  /// The inner chunks, in C order.
  package let chunks: [Chunk]

  /// The runs of all inner chunks, in the order of each.
  package let runs: [ElementRun]

  /// The number of elements.
  package let elementCount: Int

  private init(_ chunks: [Chunk], _ runs: [ElementRun]) {
    self.chunks = chunks
    self.runs = runs
    elementCount = chunks.reduce(0) { $0 + $1.elementCount }
  }

  /// The elements of one of the inner chunks.
  func alone(_ chunk: Chunk) -> ListedElements {
    let moved = Chunk(
      position: chunk.position, runs: 0..<chunk.runs.count, elementCount: chunk.elementCount)
    return ListedElements([moved], Array(runs[chunk.runs]))
  }

  /// Lists elements one after the other.
  package struct Builder: ~Copyable {
    private var chunks: [Chunk] = []
    private var runs: [ElementRun] = []
    private var position = -1
    private var firstRun = 0
    private var elementCount = 0

    /// The run that grows, without elements before the first one.
    private var run = ElementRun(chunkIndex: 0, selectionIndex: 0, count: 0)

    /// Makes room for as many inner chunks and elements.
    package init(chunkCount: Int, elementCount: Int) {
      chunks.reserveCapacity(chunkCount)
      runs.reserveCapacity(elementCount)
    }

    /// Goes on with another inner chunk.
    ///
    /// - Precondition: It comes after all before.
    package mutating func beginChunk(at position: Int) {
      endChunk()
      precondition(position > self.position, "inner chunks are listed in C order")
      self.position = position
    }

    /// Lists an element of the inner chunk that was begun.
    ///
    /// - Parameters:
    ///   - index: Its index in the inner chunk, which is larger than that of the one before.
    ///   - selectionIndex: Where it goes in the selection.
    package mutating func append(_ index: Int, to selectionIndex: Int) {
      elementCount += 1
      if run.count > 0 {
        precondition(index >= run.chunkIndex + run.count, "elements are listed in the order of their chunk")
        if index == run.chunkIndex + run.count, selectionIndex == run.selectionIndex + run.count {
          run = ElementRun(
            chunkIndex: run.chunkIndex, selectionIndex: run.selectionIndex, count: run.count + 1)
          return
        }
        runs.append(run)
      }
      run = ElementRun(chunkIndex: index, selectionIndex: selectionIndex, count: 1)
    }

    private mutating func endChunk() {
      guard run.count > 0 else { return }
      runs.append(run)
      chunks.append(Chunk(position: position, runs: firstRun..<runs.count, elementCount: elementCount))
      (firstRun, elementCount) = (runs.count, 0)
      run = ElementRun(chunkIndex: 0, selectionIndex: 0, count: 0)
    }

    /// The list.
    package consuming func finish() -> ListedElements {
      endChunk()
      return ListedElements(chunks, runs)
    }
  }
}
