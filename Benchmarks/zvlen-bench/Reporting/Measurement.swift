/// The repeats of some work, and of its floor.
struct Measurement: Encodable, Sendable {
  /// The seconds of each repeat.
  let seconds: [Double]?
  let medianSeconds: Double?
  let payloadBytesPerSecond: Double?
  let blobsPerSecond: Double?
  /// The floor's seconds of each repeat, if there is a floor.
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
  /// Like ``floorQuotient``, for the processors' seconds, which other processes disturb less.
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

/// The rise of resident memory during some work, in bytes.
///
/// It includes the views that a read returns, but not the blobs that are written: they exist before.
struct MemoryGrowth: Encodable, Sendable {
  let writeBytes: Int?
  let readBytes: Int?
  let scanBytes: Int?

  /// The three in one line.
  var summary: String {
    [("write", writeBytes), ("read with views kept", readBytes), ("scan", scanBytes)]
      .map { "\($0.0) \($0.1.map(Figure.megabytes) ?? "-")" }
      .joined(separator: ", ")
  }
}

/// Reads of single elements at random places, and their floor.
struct RandomReads: Encodable, Sendable {
  let latency: LatencySummary?
  let floorLatency: LatencySummary?
  /// The floor's median divided by ours: 1 is the limit.
  let floorQuotient: Double?

  /// Summarises the seconds of each read.
  init(seconds: [Double]?, floorSeconds: [Double]?) {
    latency = seconds.map(LatencySummary.init)
    floorLatency = floorSeconds.map(LatencySummary.init)
    floorQuotient = if let latency, let floorLatency { floorLatency.p50 / latency.p50 } else { nil }
  }
}

/// How long single reads take, in seconds.
struct LatencySummary: Encodable, Sendable {
  let reads: Int
  let p50: Double
  let p90: Double
  let p99: Double
  let p999: Double
  let maximum: Double

  /// Summarises the seconds of single reads.
  ///
  /// - Precondition: There is at least one read.
  init(_ seconds: [Double]) {
    let statistics = Statistics(seconds)
    reads = seconds.count
    p50 = statistics.percentile(50)
    p90 = statistics.percentile(90)
    p99 = statistics.percentile(99)
    p999 = statistics.percentile(99.9)
    maximum = statistics.maximum
  }

  /// The percentiles in one line.
  var summary: String {
    [("p50", p50), ("p90", p90), ("p99", p99), ("p99.9", p999), ("max", maximum)]
      .map { "\($0.0) \(Figure.duration($0.1))" }
      .joined(separator: "  ")
  }
}
