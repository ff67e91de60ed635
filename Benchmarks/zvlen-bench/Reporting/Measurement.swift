/// The repeats of one piece of work, and of the floor beside it.
struct Measurement: Codable, Sendable {
  /// The seconds of each repeat.
  let seconds: [Double]?
  let medianSeconds: Double?
  let payloadBytesPerSecond: Double?
  let blobsPerSecond: Double?
  /// The floor's seconds of each repeat, where there is a floor.
  let floorSeconds: [Double]?
  let floorMedianSeconds: Double?
  let floorPayloadBytesPerSecond: Double?
  /// The floor's median divided by ours: 1 is the limit.
  let floorQuotient: Double?

  /// Summarises the repeats.
  init(seconds: [Double]?, floorSeconds: [Double]?, payloadBytes: Int, blobs: Int) {
    let median = seconds.map { Statistics($0).median }
    let floorMedian = floorSeconds.map { Statistics($0).median }
    self.seconds = seconds
    medianSeconds = median
    payloadBytesPerSecond = median.map { Double(payloadBytes) / $0 }
    blobsPerSecond = median.map { Double(blobs) / $0 }
    self.floorSeconds = floorSeconds
    floorMedianSeconds = floorMedian
    floorPayloadBytesPerSecond = floorMedian.map { Double(payloadBytes) / $0 }
    floorQuotient = if let median, let floorMedian { floorMedian / median } else { nil }
  }
}
