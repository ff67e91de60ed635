import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr

/// An import of some kind of sources.
protocol ImportWork {
  /// The sources and options that must be the same for a stopped import to go on.
  var job: JSONObject { get }

  /// Looks at the sources. Calling it again only changes the excluded directories.
  ///
  /// - Parameter ownPaths: Directories that are not part of the sources.
  /// - Throws: ``ToolError`` for sources that cannot be read.
  mutating func survey(excluding ownPaths: [String]) throws

  /// What is in the sources and is not imported.
  var leftOut: LeftOut { get }

  /// Imports everything, or the rest that a stopped import has left.
  ///
  /// - Parameters:
  ///   - destination: Where the elements go.
  ///   - record: The saved position, or nil.
  /// - Throws: ``ToolError``, and what reading the sources and writing throw.
  /// - Precondition: ``survey(excluding:)`` was called.
  func run(to destination: any NodeDestination, record: ImportRecord?) throws

  /// Imports one part into an array or group that all parts fill.
  ///
  /// - Throws: As ``run(to:record:)``.
  func run(_ part: ImportPart, to destination: any NodeDestination) throws

  /// Whether the sources are unchanged since an import ended at a position.
  ///
  /// - Throws: ``ToolError``
  func isUnchanged(since position: ImportPosition) throws -> Bool

  /// Whether the array or group at the root of a store has exactly the elements of the sources, with any chunks and
  /// codecs.
  ///
  /// - Throws: ``ToolError``, and what reading the sources and the arrays throws.
  /// - Complexity: O(*n*) in the bytes up to the first difference.
  func isStored(in store: any Store) throws -> Bool
}

extension ImportWork {
  var leftOut: LeftOut { LeftOut() }

  // An import that never goes on has nothing to compare.

  func isUnchanged(since position: ImportPosition) throws -> Bool { false }

  func isStored(in store: any Store) throws -> Bool { false }
}

/// A part of a source, such as `3/8` for the third of eight.
struct ImportPart: Hashable {
  /// The number of the part, from 1 to ``count``.
  let number: Int

  /// The number of parts.
  let count: Int

  /// The rows of an array that belong to the part.
  ///
  /// They are whole chunks. The last parts have no rows if there are more parts than chunks.
  func rows(of plan: PartPlan) -> Range<Int> { plan.region(ofPart: number - 1)?.ranges[0] ?? 0..<0 }

  /// Says that the part is stored, and gives the arrays their shape if it was the last one.
  ///
  /// - Returns: Whether it was the last one.
  @discardableResult
  func finish(_ plans: [PartPlan]) throws -> Bool {
    for plan in plans { try plan.markDone(number - 1) }
    // Readers of a group find none of its arrays before all parts of all are there.
    guard try plans.allSatisfy({ try $0.missingParts().isEmpty }) else { return false }
    for plan in plans { try plan.finish() }
    return true
  }
}

extension ImportPart: ExplainedArgument {
  init?(argument: String) {
    let numbers = argument.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard numbers.count == 2, let number = Int(digits: numbers[0]), let count = Int(digits: numbers[1]),
      (1...max(1, count)).contains(number), count > 0
    else { return nil }
    self.init(number: number, count: count)
  }

  static func advice(_: String) -> String {
    "A part is NUMBER/COUNT, such as 3/8, with a NUMBER from 1 to COUNT."
  }
}

/// The stored elements of an import, to compare with its source.
struct StoredElements {
  private let array: ZarrArray
  private var next: Int
  private let end: Int
  private var view: BlobView?
  private var viewStart = 0

  /// Prepares to read elements of an array with one dimension.
  init(_ range: Range<Int>, of array: ZarrArray) {
    self.array = array
    next = range.lowerBound
    end = range.upperBound
  }

  /// The number of elements that are left.
  var count: Int { end - next }

  /// Goes on with another element.
  mutating func skip(to index: Int) {
    if index < viewStart { view = nil }
    next = index
  }

  /// Takes the next element, and returns whether it has these bytes or is JSON with the same value.
  ///
  /// The codecs of Zarr v2 keep only the value.
  ///
  /// - Precondition: ``count`` is not 0.
  mutating func takeNext(equalTo bytes: RawSpan) throws -> Bool {
    if view == nil || next - viewStart >= view?.count ?? 0 {
      // Reading up to the end of a chunk decodes each chunk once.
      let chunk = array.chunkShape[0]
      viewStart = next
      view = try array.read([next..<min(end, (next / chunk + 1) * chunk)])
    }
    guard let view else { return false }
    defer { next += 1 }
    let element = view.blobs[next - viewStart]
    return element.isEqual(to: bytes) || array.dataType == .json && JSONElement.areEqual(element, bytes)
  }
}

/// Ends a comparison because the source and the stored elements differ.
struct OtherElement: Error {}

/// Ends a comparison because there are no more stored elements.
struct EndOfElements: Error {}
