import CommandLineOptions
import Foundation

/// What writing and reading cost at one place of an axis.
struct GrowthRow: Codable, Sendable {
  let axis: GrowthAxis
  let blobs: Int
  let payloadBytes: Int
  let storedBytes: Int
  let chunkBytes: Int
  let workers: Int
  let write: Measurement
  /// Each decoded chunk overwrites the one before.
  let scan: Measurement
  let memory: MemoryGrowth

  /// The nanoseconds of one blob.
  func nanoseconds(_ measurement: Measurement) -> Double? {
    measurement.medianSeconds.map { $0 / Double(blobs) * 1e9 }
  }
}

/// How cost grows; its JSON has these names in snake case.
struct GrowthReport: Codable, Sendable {
  /// The words that it was started with.
  var command: String
  let machine: MachineDescription
  let versions: LibraryVersions
  let codec: String
  var rows: [GrowthRow]

  /// The report as JSON with sorted keys.
  func json() throws -> Data {
    try JSONEncoder.report.encode(self) + Data("\n".utf8)
  }

  /// Reads reports of several runs on one machine as one; an axis of a later run takes the place of an earlier.
  static func read(_ paths: [String]) throws -> GrowthReport? {
    let reports = try paths.map { path in
      try JSONDecoder.report.decode(GrowthReport.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
    guard var whole = reports.first else { return nil }
    for report in reports.dropFirst() {
      whole.command += "\n" + report.command
      let axes = Set(report.rows.map(\.axis))
      whole.rows = whole.rows.filter { !axes.contains($0.axis) } + report.rows
    }
    return whole
  }

  /// The rows of an axis as a table.
  func table(_ axis: GrowthAxis) -> TextTable {
    let hasFloor = axis != .blobs
    var table = TextTable(
      [
        (axis == .chunks ? "size of a chunk" : axis.rawValue, .right), ("payload", .right), ("ratio", .right),
        ("write MB/s", .right), ("ns/blob", .right),
      ]
        + (hasFloor ? [("of floor", .right)] : [])
        + [("scan MB/s", .right), ("ns/blob", .right)]
        + (hasFloor ? [("of floor", .right)] : [])
        + [("memory, write", .right), ("memory, scan", .right)])
    for row in rows where row.axis == axis {
      let place =
        switch axis {
        case .blobs: Figure.count(row.blobs)
        case .workers: String(row.workers)
        case .chunks: "\(ByteCount(clamping: row.chunkBytes))"
        }
      let ratio = Figure.fixed(Double(row.payloadBytes) / Double(max(1, row.storedBytes)), places: 2)
      table.append(
        [place, Figure.megabytes(row.payloadBytes), ratio]
          + cells(row, row.write, hasFloor: hasFloor) + cells(row, row.scan, hasFloor: hasFloor)
          + [row.memory.writeBytes, row.memory.scanBytes].map { $0.map(Figure.megabytes) ?? "–" })
    }
    return table
  }

  private func cells(_ row: GrowthRow, _ measurement: Measurement, hasFloor: Bool) -> [String] {
    [
      measurement.payloadBytesPerSecond.map { Figure.rate($0 / 1e6) } ?? "–",
      row.nanoseconds(measurement).map(Figure.rate) ?? "–",
    ] + (hasFloor ? [measurement.floorQuotient.map { Figure.fixed($0, places: 2) } ?? "–"] : [])
  }

  /// The tables as Markdown.
  func markdown() -> String {
    let parts = GrowthAxis.allCases.filter { axis in rows.contains { $0.axis == axis } }
      .map { "## By \($0.rawValue)\n\n" + table($0).markdown() }
    return (["# How cost grows", machine.summary] + parts).joined(separator: "\n\n") + "\n"
  }
}
