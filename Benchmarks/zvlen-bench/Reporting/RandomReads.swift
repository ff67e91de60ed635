/// Reads of single elements at random places, and the floor beside them.
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
