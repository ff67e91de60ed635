import ArgumentParser
import CommandLineOptions
import Foundation

/// The quantity that grows.
enum GrowthAxis: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// The number of blobs of a stream.
  case blobs
  /// The number of threads.
  case workers
  /// The size of the chunks.
  case chunks
}

/// The cost of writing and reading at one place of an axis.
struct GrowthRow: Encodable, Sendable {
  let axis: GrowthAxis
  let blobs: Int
  let payloadBytes: Int
  let storedBytes: Int
  let chunkBytes: Int
  let workers: Int
  let write: Measurement
  /// Each decoded chunk overwrites the last one.
  let scan: Measurement
  let memory: MemoryGrowth

  /// The nanoseconds of one blob.
  func nanoseconds(_ measurement: Measurement) -> Double? {
    measurement.medianSeconds.map { $0 / Double(blobs) * 1e9 }
  }
}

/// The growth of cost; its JSON has these names in snake case.
struct GrowthReport: Encodable, Sendable {
  /// The command line.
  let command: String
  let machine: MachineDescription
  let versions: LibraryVersions
  let codec: String
  var rows: [GrowthRow]

  /// The report as JSON with sorted keys.
  func json() throws -> Data {
    try JSONEncoder.report.encode(self) + Data("\n".utf8)
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
}
