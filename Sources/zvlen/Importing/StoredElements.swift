import ChunkEngine
import Zarr

/// The elements that an import has stored, to see that its source has them too.
struct StoredElements {
  private let array: ZarrArray
  private var next: Int
  private let end: Int
  private var view: BlobView?
  private var viewStart = 0

  /// Looks at some elements of an array with one dimension.
  init(_ range: Range<Int>, of array: ZarrArray) {
    self.array = array
    next = range.lowerBound
    end = range.upperBound
  }

  /// The number of elements that are left.
  var count: Int { end - next }

  /// Passes over the elements before a later one.
  mutating func skip(to index: Int) { next = index }

  /// Takes the next element, and returns whether it has these bytes, or is JSON of the same value: the codecs of
  /// Zarr v2 keep values.
  ///
  /// - Precondition: There is one.
  mutating func takeNext(equalTo bytes: RawSpan) throws -> Bool {
    if view == nil || next - viewStart >= view?.count ?? 0 {
      // Whole chunks, so that each is decoded once.
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
