/// What one pass with some settings took.
package struct TuningMeasurement: Hashable, Sendable {
  /// The seconds of writing the sample.
  package var writeSeconds: Double
  /// The seconds of reading all of it.
  package var readSeconds: Double
  /// The median seconds of reading one element.
  package var randomReadSeconds: Double
  /// The bytes of all that is stored of the sample.
  package var storedByteCount: Int
  /// The number of chunks that these bytes are, of which one is decoded for one element.
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

  /// What it costs for a goal in a store, less being better: seconds, or bytes for ``TuningGoal/size``.
  ///
  /// A store works while chunks are encoded and decoded, so that the slower of the two counts. For a single
  /// element one waits for the other.
  package func cost(for goal: TuningGoal, in store: StoreSpeed) -> Double {
    let stored = Double(storedByteCount)
    return switch goal {
    case .write: max(writeSeconds, store.transferSeconds(stored))
    case .read: max(readSeconds, store.transferSeconds(stored))
    case .size: stored
    case .random: randomReadSeconds + store.requestSeconds(stored / Double(max(1, chunkCount)))
    }
  }
}
