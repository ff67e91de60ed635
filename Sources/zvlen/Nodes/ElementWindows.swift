import ChunkEngine
import Dispatch
import Synchronization
import Zarr

/// Reads elements of an array in C order, some chunks at a time, however large the array is.
///
/// The next elements are read while the caller looks at the last ones.
struct ElementWindows {
  /// The elements of some rows that were read together.
  struct Window {
    /// The elements.
    let elements: BlobView
    /// Those of them that were asked for.
    let indices: Range<Int>
    /// Where the first one of `elements` is in the array, in C order.
    let offset: Int
  }

  /// Windows are made larger until they have as many bytes, and smaller where they have much more.
  private static let targetByteCount = 8 << 20

  /// A window has no more elements than this, unless a row of the array has.
  private static let maximumElementCount = 4 << 20

  private let array: ZarrArray
  private let rowElementCount: Int
  private let chunkRowCount: Int

  init(_ array: ZarrArray) {
    self.array = array
    let shape = array.shape
    // Part of the number of elements, which was checked.
    rowElementCount = shape.contains(0) ? 0 : shape.dropFirst().reduce(1, *)
    chunkRowCount = array.chunkShape.first ?? 1
  }

  /// Calls `body` with one window after the other.
  ///
  /// - Parameters:
  ///   - elements: The elements that are asked for, counted in C order, inside of the array.
  ///   - body: Is handed a window.
  /// - Throws: What reading throws, and what `body` throws.
  func forEach(of elements: Range<Int>, _ body: (Window) throws -> Void) throws {
    guard !elements.isEmpty, rowElementCount > 0 else { return }
    let end = (elements.upperBound - 1) / rowElementCount + 1
    var rows = rows(
      from: elements.lowerBound / rowElementCount, end: end, chunkRows: array.access.workerCount)
    var chunkRows = array.access.workerCount
    var next: Reading? = reading(rows)
    while let reading = next {
      let view = try reading.wait()
      let byteCount = try view.byteCount(of: view.indices)
      if byteCount < Self.targetByteCount / 2 {
        chunkRows = min(chunkRows * 2, 1 << 20)
      } else if byteCount > Self.targetByteCount * 2 {
        chunkRows = max(array.access.workerCount, chunkRows / 2)
      }
      let current = rows
      rows = self.rows(from: current.upperBound, end: end, chunkRows: chunkRows)
      next = rows.isEmpty ? nil : self.reading(rows)
      let offset = current.lowerBound * rowElementCount
      let lower = max(elements.lowerBound, offset) - offset
      let upper = min(elements.upperBound - offset, view.count)
      try body(Window(elements: view, indices: lower..<upper, offset: offset))
    }
  }

  /// The rows of the next window, which ends where chunks end.
  private func rows(from start: Int, end: Int, chunkRows: Int) -> Range<Int> {
    guard start < end else { return end..<end }
    let most = max(1, Self.maximumElementCount / rowElementCount)
    let whole = chunkRowCount.multipliedReportingOverflow(by: chunkRows)
    if chunkRowCount > most || whole.overflow { return start..<start + min(end - start, most) }
    let wanted = min(whole.partialValue, max(chunkRowCount, most / chunkRowCount * chunkRowCount))
    return start..<start + min(end - start, wanted - start % chunkRowCount)
  }

  private func reading(_ rows: Range<Int>) -> Reading {
    let shape = array.shape
    let region = shape.isEmpty ? ArrayRegion([]) : ArrayRegion([rows] + shape.dropFirst().map { 0..<$0 })
    return Reading { [array] in try array.read(region, monitor: Interruption.monitor) }
  }

  /// A window that another thread reads.
  private final class Reading: Sendable {
    private let result = Mutex<Result<BlobView, any Error>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ read: @escaping @Sendable () throws -> BlobView) {
      DispatchQueue(label: "zvlen.reading").async {
        let result = Result { try read() }
        self.result.withLock { $0 = result }
        self.done.signal()
      }
    }

    func wait() throws -> BlobView {
      done.wait()
      guard let result = result.withLock({ $0 }) else { throw ZarrError.cancelled }
      return try result.get()
    }
  }
}
