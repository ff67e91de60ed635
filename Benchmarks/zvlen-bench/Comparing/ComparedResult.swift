/// What one library reached in one row.
struct ComparedResult: Encodable, Sendable {
  /// The library.
  let name: String
  /// Where blobs came from and went to.
  let layout: Layout
  /// Why there are no figures.
  var reason: String?
  /// The seconds of each repeat; of reads at random, the median of one blob in each.
  var seconds: [Double] = []
  var medianSeconds: Double?
  /// The payload's bytes per second.
  var bytesPerSecond: Double?
  var blobsPerSecond: Double?
  /// The median of the seconds of all processors together.
  var processorSeconds: Double?
  /// The bytes of all files.
  var storedBytes: Int?
  /// How far the process's memory rose above what it was.
  var peakBytes: Int?
  /// The speed divided by that of zarr-vlen with the same layout.
  var ofZarrVlen: Double?
  /// The speed divided by that of the floor: 1 is the limit.
  var ofFloor: Double?
  /// The seconds of reads at random below which ``LatencyCurve/percents`` of them are.
  var latencies: [Double]?
  /// The memory during one more pass: seconds since it began, and bytes above those at the start.
  var memory: [[Double]]?

  /// Creates a result without figures.
  init(name: String, layout: Layout, reason: String? = nil) {
    self.name = name
    self.layout = layout
    self.reason = reason
  }

  /// Sets the median, and the rates that follow from it.
  mutating func setMedian(_ seconds: Double, payload: Double, blobs: Int) {
    guard seconds > 0 else { return }
    medianSeconds = seconds
    bytesPerSecond = payload / seconds
    blobsPerSecond = Double(blobs) / seconds
  }

  /// The smallest and the largest repeat.
  var spread: (minimum: Double, maximum: Double)? {
    guard !seconds.isEmpty else { return nil }
    let statistics = Statistics(seconds)
    return (statistics.minimum, statistics.maximum)
  }
}
