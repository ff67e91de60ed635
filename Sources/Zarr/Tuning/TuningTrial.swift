package import ChunkEngine
import Synchronization

/// Writes and reads a sample with some settings, and measures it.
package struct TuningTrial {
  private let sample: any BlobSource
  private let elementByteCount: Int
  private let workerCount: Int

  /// Work that is shorter is done twice and counts as the shorter of both: the first time pays for memory and
  /// for what the compressors prepare.
  private static let repeatedBelowSeconds = 0.05

  /// The most elements that are read by themselves, and the seconds after which there are no more of them.
  private static let randomReads = (mostCount: 32, leastCount: 3, seconds: 0.02)

  /// Prepares to measure.
  ///
  /// - Parameters:
  ///   - sample: The elements.
  ///   - workerCount: How many threads work.
  /// - Throws: What `sample` throws.
  /// - Precondition: There are elements.
  package init(_ sample: any BlobSource, workerCount: Int) throws(ChunkError) {
    precondition(sample.count > 0, "without elements there is nothing to measure")
    self.sample = sample
    self.workerCount = workerCount
    elementByteCount = try sample.byteCount(of: 0..<sample.count)
  }

  /// Makes one pass with the settings of `candidate`, in a store that is empty.
  ///
  /// - Throws: What the store and the sample throw.
  /// - Complexity: O(*n*) where *n* is the size of the sample.
  package func measure(_ candidate: TuningCandidate, in store: any Store) throws -> TuningMeasurement {
    var array: ZarrArray?
    let access = ArrayAccess(workerCount: workerCount)
    let writeSeconds = try Self.leastSeconds {
      if let array { return try array.write(sample) }
      array = try ZarrArray.create(in: store, writing: sample, options: candidate.options, access: access)
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

  /// The median seconds of reading one element, at places that are the same each time.
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
