package import ChunkEngine
import Synchronization

/// Writes and reads a sample with some settings, and measures it.
package struct TuningTrial {
  private let sample: any BlobSource
  private let elementByteCount: Int
  private let workerCount: Int

  /// Shorter work is done twice and the faster run counts: the first one pays for fresh memory and for
  /// setting up the compressors.
  private static let repeatedBelowSeconds = 0.05

  /// The number of elements that are read one at a time, and the seconds after which reading stops.
  private static let randomReads = (mostCount: 32, leastCount: 3, seconds: 0.02)

  /// Prepares to measure.
  ///
  /// - Throws: What `sample` throws.
  /// - Precondition: There are elements.
  package init(_ sample: any BlobSource, workerCount: Int) throws(ChunkError) {
    precondition(sample.count > 0, "without elements there is nothing to measure")
    self.sample = sample
    self.workerCount = workerCount
    elementByteCount = try sample.byteCount(of: 0..<sample.count)
  }

  /// Makes one pass with the settings of `candidate` in an empty store.
  ///
  /// - Throws: What the store and the sample throw.
  /// - Complexity: O(*n*) where *n* is the size of the sample.
  package func measure(_ candidate: TuningCandidate, in store: any Store) throws -> TuningMeasurement {
    var array: ZarrArray?
    let access = ArrayAccess(workerCount: workerCount)
    let writeSeconds = try Self.leastSeconds {
      if let array { return try array.write(sample, to: nil, monitor: nil) }
      array = try ZarrArray.create(in: store, blobs: sample, options: candidate.options, access: access)
    }
    let written = try array ?? ZarrArray.open(in: store, access: access)
    let readSeconds = try Self.leastSeconds {
      let byteCount = Atomic(0)
      try written.scan { _, elements in
        byteCount.wrappingAdd(elements.byteCount, ordering: .relaxed)
      }
      let found = byteCount.load(ordering: .relaxed)
      guard found == elementByteCount else {
        throw TuningError.differs(byteCount: found, expected: elementByteCount)
      }
    }
    let wireByteCount = elementByteCount + sample.count * WireForm.lengthByteCount
    return TuningMeasurement(
      writeSeconds: writeSeconds, readSeconds: readSeconds,
      randomReadSeconds: try randomReadSeconds(written),
      storedByteCount: try store.list("c").reduce(0) { try $0 + (store.byteCount(of: $1) ?? 0) },
      chunkCount: max(1, wireByteCount / candidate.chunkByteCount))
  }

  /// The median seconds of reading one element, at the same places in every pass.
  private func randomReadSeconds(_ array: ZarrArray) throws -> Double {
    let start = ContinuousClock.now
    var samples: [Double] = []
    for read in 0..<Self.randomReads.mostCount {
      // The golden ratio spreads the places evenly, however many there are.
      let fraction = (UInt64(read) &+ 1) &* 0x9E37_79B9_7F4A_7C15
      let index = Int(fraction.multipliedFullWidth(by: UInt64(sample.count)).high)
      samples.append(try Self.seconds { _ = try array.read(at: [index]) })
      let isOver = (ContinuousClock.now - start) / .seconds(1) > Self.randomReads.seconds
      if isOver, samples.count >= Self.randomReads.leastCount { break }
    }
    samples.sort()
    return samples[samples.count / 2]
  }

  private static func leastSeconds(_ work: () throws -> Void) rethrows -> Double {
    let first = try seconds(work)
    return first < repeatedBelowSeconds ? min(first, try seconds(work)) : first
  }

  private static func seconds(_ work: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try work()
    return (ContinuousClock.now - start) / .seconds(1)
  }
}

/// Settings to try.
package struct TuningCandidate: Sendable {
  /// The bytes of a chunk in wire form.
  package let chunkByteCount: Int
  /// The bytes of a shard before compression, or nil for chunks without shards.
  package let shardByteCount: Int?
  /// The codecs that follow the serializer.
  package let codecs: [CodecChain.Stage]

  /// Creates a candidate.
  package init(chunkByteCount: Int, shardByteCount: Int?, codecs: [CodecChain.Stage]) {
    self.chunkByteCount = chunkByteCount
    self.shardByteCount = shardByteCount
    self.codecs = codecs
  }

  /// The options of an array with these settings.
  package var options: ArrayOptions {
    ArrayOptions(
      chunkSize: .bytes(chunkByteCount), shardSize: shardByteCount.map { .bytes($0) }, compressors: codecs)
  }
}

/// The measurements of one pass with a candidate.
package struct TuningMeasurement: Hashable, Sendable {
  /// The seconds of writing the sample.
  package var writeSeconds: Double
  /// The seconds of reading all of it.
  package var readSeconds: Double
  /// The median seconds of reading one element.
  package var randomReadSeconds: Double
  /// The stored bytes of the whole sample.
  package var storedByteCount: Int
  /// The number of chunks in these bytes, of which reading one element decodes one.
  package var chunkCount: Int

  /// Creates a measurement.
  package init(
    writeSeconds: Double, readSeconds: Double, randomReadSeconds: Double, storedByteCount: Int,
    chunkCount: Int
  ) {
    self.writeSeconds = writeSeconds
    self.readSeconds = readSeconds
    self.randomReadSeconds = randomReadSeconds
    self.storedByteCount = storedByteCount
    self.chunkCount = chunkCount
  }

  /// The cost for a goal in a store.
  ///
  /// It is in seconds, in bytes for ``TuningGoal/size``, and without a unit for ``TuningGoal/balanced``. Less is better.
  ///
  /// The store works while other chunks are encoded or decoded, so the slower of the two counts. For a single
  /// element both times add up.
  package func cost(for goal: TuningGoal, in store: StoreSpeed) -> Double {
    let stored = Double(storedByteCount)
    return switch goal {
    case .balanced:
      // A product weighs ratios, so that no unit and no scale counts. Single reads differ by much more than the others.
      cost(for: .write, in: store) * cost(for: .read, in: store) * stored
        * cost(for: .random, in: store).squareRoot().squareRoot()
    case .write: max(writeSeconds, store.transferSeconds(stored))
    case .read: max(readSeconds, store.transferSeconds(stored))
    case .size: stored
    case .random: randomReadSeconds + store.requestSeconds(stored / Double(max(1, chunkCount)))
    }
  }
}

/// Elements from all over a source, without copies.
///
///     source   |■■■■      |■■■■      |■■■■      |
package struct SampledBlobs: BlobSource {
  /// A range of a source.
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

  /// Whether the sample lacks some of the elements.
  package let isPart: Bool

  /// Chooses elements of about `byteCount` bytes in total, and at least one if there are any.
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
      // By the mean at first, then by the actual sizes.
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

/// The reason why a candidate could not be measured.
package enum TuningError: Error, Hashable, CustomStringConvertible {
  /// The elements that were read differ from those that were written.
  case differs(byteCount: Int, expected: Int)

  package var description: String {
    switch self {
    case .differs(let byteCount, let expected):
      """
      tuning read \(byteCount) bytes of the \(expected) bytes that it wrote; the sample must give the same bytes \
      each time it is read
      """
    }
  }
}
