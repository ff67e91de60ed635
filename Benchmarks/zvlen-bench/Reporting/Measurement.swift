/// The repeats of one piece of work, and of the floor beside it.
struct Measurement: Encodable, Sendable {
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
  /// The floor's fastest repeat divided by ours.
  let floorBestQuotient: Double?
  /// The median of the seconds of all processors together.
  let medianProcessorSeconds: Double?
  let floorMedianProcessorSeconds: Double?
  /// As ``floorQuotient``, of the processors' seconds, which other processes disturb less.
  let floorProcessorQuotient: Double?

  /// Summarises the repeats.
  init(_ times: [Elapsed]?, floor: [Elapsed]?, payloadBytes: Int, blobs: Int) {
    seconds = times?.map(\.seconds)
    floorSeconds = floor?.map(\.seconds)
    let median = seconds.map { Statistics($0).median }
    let floorMedian = floorSeconds.map { Statistics($0).median }
    medianSeconds = median
    payloadBytesPerSecond = median.map { Double(payloadBytes) / $0 }
    blobsPerSecond = median.map { Double(blobs) / $0 }
    floorMedianSeconds = floorMedian
    floorPayloadBytesPerSecond = floorMedian.map { Double(payloadBytes) / $0 }
    floorQuotient = if let median, let floorMedian { floorMedian / median } else { nil }
    floorBestQuotient =
      if let best = seconds?.min(), let floorBest = floorSeconds?.min() { floorBest / best } else { nil }
    let processor = times.map { Statistics($0.map(\.processorSeconds)).median }
    let floorProcessor = floor.map { Statistics($0.map(\.processorSeconds)).median }
    medianProcessorSeconds = processor
    floorMedianProcessorSeconds = floorProcessor
    floorProcessorQuotient = if let processor, let floorProcessor { floorProcessor / processor } else { nil }
  }
}
