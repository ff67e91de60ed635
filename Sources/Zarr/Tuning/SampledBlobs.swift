package import ChunkEngine

/// Elements from all over a source, where they are.
///
///     source   |■■■■      |■■■■      |■■■■      |
package struct SampledBlobs: BlobSource {
  /// Some elements of a source.
  private struct Run: BlobSource {
    let source: any BlobSource
    let range: Range<Int>

    var count: Int { range.count }
    var elementsAreText: Bool { source.elementsAreText }

    func byteCount(of part: Range<Int>) throws(ChunkError) -> Int {
      try source.byteCount(of: moved(part))
    }

    func write(_ part: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
      try source.write(moved(part), to: &writer)
    }

    private func moved(_ part: Range<Int>) -> Range<Int> {
      range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound
    }
  }

  private static let runCount = 16

  private let elements: any BlobSource

  /// Whether there are elements that are not in the sample.
  package let isPart: Bool

  /// Chooses elements that have about `byteCount` bytes, and at least one if there are any.
  ///
  /// - Throws: What `source` throws.
  /// - Complexity: O(*n*) where *n* is the number of elements that are chosen.
  package init(of source: any BlobSource, byteCount: Int) throws(ChunkError) {
    let count = source.count
    let whole = try ZarrArray.meanByteCount(of: source) * Double(count)
    isPart = whole > Double(byteCount) && count > 1
    guard isPart else {
      elements = source
      return
    }
    let runCount = min(Self.runCount, count)
    let limit = max(1, byteCount / runCount)
    var runs: [Run] = []
    for index in 0..<runCount {
      let start = count / runCount * index
      // By the mean at first, and then by what is there.
      let most = max(1, min(count / runCount, Int(Double(count / runCount) * Double(byteCount) / whole)))
      var range = start..<start + most
      while range.count > 1, try source.byteCount(of: range) > limit * 3 / 2 {
        range = start..<start + range.count / 2
      }
      runs.append(Run(source: source, range: range))
    }
    elements = JoinedBlobs(runs)
  }

  package var count: Int { elements.count }

  package var elementsAreText: Bool { elements.elementsAreText }

  package func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    try elements.byteCount(of: range)
  }

  package func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    try elements.write(range, to: &writer)
  }
}
