/// Copies elements of one size in the order of a walk.
///
/// A measured kernel, hence the pointers.
struct PermutationKernel {
  private let walk: AxisPermutation
  private let elementByteCount: Int

  /// The axis of the walk that goes along memory, if that is not the innermost one.
  private let memoryAxis: Int

  /// Prepares to copy elements of `elementByteCount` bytes.
  init(_ permutation: AxisPermutation, elementByteCount: Int) {
    var walk = permutation
    self.elementByteCount = elementByteCount * walk.takeRun()
    self.walk = walk
    memoryAxis = walk.strides.firstIndex(of: 1) ?? 0
  }

  /// Copies all elements.
  ///
  /// - Precondition: Both sides have room for the elements of the walk, and there is at least one.
  func run(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
    switch elementByteCount {
    case 1: unsafe run(UInt8.self, from: source, to: target)
    case 2: unsafe run(UInt16.self, from: source, to: target)
    case 4: unsafe run(UInt32.self, from: source, to: target)
    case 8: unsafe run(UInt64.self, from: source, to: target)
    case 16: unsafe run(SIMD2<UInt64>.self, from: source, to: target)
    default:
      forEachPlane { sourceIndex, targetIndex, plane in
        for row in 0..<plane.rowCount {
          for column in 0..<plane.columnCount {
            let from = sourceIndex &+ row &+ column &* plane.columnStride
            let to = targetIndex &+ row &* plane.rowStride &+ column
            unsafe (target + to &* elementByteCount).copyMemory(
              from: source + from &* elementByteCount, byteCount: elementByteCount)
          }
        }
      }
    }
  }

  /// A matrix to transpose: rows are neighbours in memory, columns are neighbours in what is made.
  private struct Plane {
    let rowCount: Int
    let columnCount: Int
    /// From a column to the next, in the source.
    let columnStride: Int
    /// From a row to the next, in the target.
    let rowStride: Int
  }

  private func run<Word: BitwiseCopyable>(
    _: Word.Type, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer
  ) {
    let width = MemoryLayout<Word>.size
    // A tile has whole cache lines in memory, and few of them: a stride that is a power of two puts all of
    // them into the same set of the cache.
    let rowSide = max(8, 64 / width)
    let columnSide = 8
    forEachPlane { sourceIndex, targetIndex, plane in
      let source = unsafe source + sourceIndex &* width
      let target = unsafe target + targetIndex &* width
      for firstRow in stride(from: 0, to: plane.rowCount, by: rowSide) {
        let rows = firstRow..<min(firstRow &+ rowSide, plane.rowCount)
        for firstColumn in stride(from: 0, to: plane.columnCount, by: columnSide) {
          let columns = firstColumn..<min(firstColumn &+ columnSide, plane.columnCount)
          for row in rows {
            for column in columns {
              // SAFETY: Rows and columns are those of the walk, all of whose elements are there.
              let word = unsafe source.loadUnaligned(
                fromByteOffset: (row &+ column &* plane.columnStride) &* width, as: Word.self)
              unsafe target.storeBytes(
                of: word, toByteOffset: (row &* plane.rowStride &+ column) &* width, as: Word.self)
            }
          }
        }
      }
    }
  }

  /// Calls `body` for every matrix of the walk, with where it begins on both sides.
  private func forEachPlane(_ body: (Int, Int, Plane) -> Void) {
    let columnAxis = walk.lengths.count - 1
    guard columnAxis >= 0 else {
      return body(0, 0, Plane(rowCount: 1, columnCount: 1, columnStride: 0, rowStride: 0))
    }
    // Without a second axis the columns are all there is.
    let isMatrix = memoryAxis < columnAxis
    let plane = Plane(
      rowCount: isMatrix ? walk.lengths[memoryAxis] : 1, columnCount: walk.lengths[columnAxis],
      columnStride: walk.strides[columnAxis],
      rowStride: isMatrix ? walk.elementCount(from: memoryAxis + 1) : 0)
    let axes = walk.lengths.indices.filter { $0 != columnAxis && !(isMatrix && $0 == memoryAxis) }
    let targetStrides = axes.map { walk.elementCount(from: $0 + 1) }
    var indices = axes.map { _ in 0 }
    var (sourceIndex, targetIndex) = (0, 0)
    while true {
      body(sourceIndex, targetIndex, plane)
      var position = axes.count - 1
      while position >= 0 {
        let (length, stride) = (walk.lengths[axes[position]], walk.strides[axes[position]])
        indices[position] += 1
        sourceIndex += stride
        targetIndex += targetStrides[position]
        guard indices[position] == length else { break }
        indices[position] = 0
        sourceIndex -= length * stride
        targetIndex -= length * targetStrides[position]
        position -= 1
      }
      guard position >= 0 else { return }
    }
  }
}
