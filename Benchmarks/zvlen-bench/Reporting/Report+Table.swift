extension Report {
  /// The measurements as a table, and what belongs to it in lines around it.
  func rendered() -> String {
    var table = TextTable([
      ("work", .left), ("memory", .left), ("median", .right), ("min - max", .right), ("MB/s", .right),
      ("Mblobs/s", .right), ("floor", .right), ("min - max", .right), ("MB/s", .right), ("of floor", .right),
      ("of best", .right), ("in CPU time", .right),
    ])
    let rows: [(String, String, Measurement?)] = [
      ("write", "warm", write), ("write", "fresh", writeFresh), ("read, kept", "warm", read),
      ("read, kept", "floor's reused", readOver), ("read, kept", "fresh", readFresh), ("scan", "warm", scan),
      ("encode, 1 thread", "warm", encode),
      ("encode, 1 thread", "fresh", encodeFresh), ("decode, 1 thread", "warm", decode),
      ("decode, 1 thread", "fresh", decodeFresh),
    ]
    for (work, memory, measurement) in rows {
      guard let measurement else { continue }
      table.append([work, memory] + cells(measurement))
    }
    var lines = [
      "\(Figure.count(blobs)) blobs, \(Figure.megabytes(payloadBytes)); stored in"
        + " \(Figure.count(settings.chunks)) chunks of \(Figure.count(settings.chunkBlobs)) blobs,"
        + " \(Figure.megabytes(encodedBytes)), ratio \(Figure.fixed(ratio, places: 2))",
      "", table.rendered(), "",
      "one memcpy of all bytes, warm: \(Figure.count(Int(memcpyBytesPerSecond / 1e6))) MB/s",
    ]
    if let latency = random?.latency { lines.append("random reads:        \(latency.summary)") }
    if let latency = random?.floorLatency { lines.append("random reads, floor: \(latency.summary)") }
    if let quotient = random?.floorQuotient {
      lines.append("random reads, median of floor: \(Figure.fixed(quotient, places: 3))")
    }
    lines.append("memory on top of the blobs: \(memoryGrowth.summary)")
    if let peakResidentBytes {
      lines.append("peak of the process, the floor's copies included: \(Figure.megabytes(peakResidentBytes))")
    }
    return lines.joined(separator: "\n")
  }

  private func cells(_ measurement: Measurement) -> [String] {
    let ours = timeCells(measurement.seconds, rate: measurement.payloadBytesPerSecond)
    let blobs = measurement.blobsPerSecond.map { Figure.fixed($0 / 1e6, places: 2) } ?? "-"
    let floor = timeCells(measurement.floorSeconds, rate: measurement.floorPayloadBytesPerSecond)
    let quotients = [
      measurement.floorQuotient, measurement.floorBestQuotient, measurement.floorProcessorQuotient,
    ]
    .map { $0.map { Figure.fixed($0, places: 3) } ?? "-" }
    return ours + [blobs] + floor + quotients
  }

  private func timeCells(_ seconds: [Double]?, rate: Double?) -> [String] {
    guard let seconds, let rate else { return ["-", "-", "-"] }
    let statistics = Statistics(seconds)
    let spread = [statistics.minimum, statistics.maximum].map { Figure.fixed($0, places: 3) }
      .joined(separator: " - ")
    return ["\(Figure.fixed(statistics.median, places: 3)) s", spread, Figure.count(Int(rate / 1e6))]
  }
}
