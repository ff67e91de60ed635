import Foundation

/// One loop on blobs of one size.
struct KernelRow: Encodable, Sendable {
  /// What the loop does.
  let work: String
  let blobBytes: Int
  let measurement: Measurement

  /// The rows as a table.
  static func table(_ rows: [KernelRow]) -> TextTable {
    var table = TextTable([
      ("loop", .left), ("blob", .right), ("Mblobs/s", .right), ("GB/s", .right), ("C Mblobs/s", .right),
      ("C GB/s", .right), ("of C", .right), ("of best", .right), ("in CPU time", .right),
    ])
    for row in rows {
      let measurement = row.measurement
      let ours = measurement.medianSeconds.map { row.rates($0, measurement) } ?? ["-", "-"]
      let floor = measurement.floorMedianSeconds.map { row.rates($0, measurement) } ?? ["-", "-"]
      let quotients = [
        measurement.floorQuotient, measurement.floorBestQuotient, measurement.floorProcessorQuotient,
      ]
      .map { $0.map { Figure.fixed($0, places: 3) } ?? "-" }
      table.append([row.work, "\(row.blobBytes) B"] + ours + floor + quotients)
    }
    return table
  }

  private func rates(_ seconds: Double, _ measurement: Measurement) -> [String] {
    guard let rate = measurement.blobsPerSecond, let median = measurement.medianSeconds else {
      return ["-", "-"]
    }
    let blobsPerSecond = rate * median / seconds
    return [
      Figure.fixed(blobsPerSecond / 1e6, places: blobsPerSecond < 1e7 ? 2 : 1),
      Figure.fixed(blobsPerSecond * Double(blobBytes) / 1e9, places: 2),
    ]
  }
}
