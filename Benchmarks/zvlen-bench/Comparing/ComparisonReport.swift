import CommandLineOptions
import Foundation

/// The results of a comparison; its JSON has these names in snake case.
struct ComparisonReport: Encodable, Sendable {
  /// A library that was compared.
  struct Library: Encodable, Sendable, Hashable {
    let name: String
    /// Its version, or `not here`.
    let version: String
    /// What you must know about its figures.
    let note: String
  }

  /// The command line.
  let command: String
  let machine: MachineDescription
  let versions: LibraryVersions
  var libraries: [Library]
  /// The turns of each row.
  let repeats: Int
  /// The place of the files.
  let storage: String
  var rows: [ComparedRow]

  /// The report as JSON with sorted keys.
  func json() throws -> Data {
    try JSONEncoder.report.encode(self) + Data("\n".utf8)
  }
}

/// One kind of work with one setting, and the result of each library.
struct ComparedRow: Encodable, Sendable {
  let setting: ComparisonSetting
  let work: Work
  /// All blobs of the setting, and their bytes.
  let blobs: Int
  let payloadBytes: Int
  /// The blobs of this work, and their bytes.
  let workBlobs: Int
  let workBytes: Int
  var results: [ComparedResult]

  /// Fills in the speed of each library relative to zarr-vlen, with the same layout if possible, and to the
  /// floor.
  mutating func addQuotients() {
    let floor = result(FloorCompetitor.libraryName, .own)?.medianSeconds
    for index in results.indices {
      guard let median = results[index].medianSeconds else { continue }
      let ours = [results[index].layout, .own].compactMap { layout in
        result(EngineCompetitor.libraryName, layout)?.medianSeconds
      }.first
      results[index].ofZarrVlen = ours.map { $0 / median }
      results[index].ofFloor = floor.map { $0 / median }
    }
  }

  /// The result of a library with a layout.
  func result(_ name: String, _ layout: Layout) -> ComparedResult? {
    results.first { $0.name == name && $0.layout == layout }
  }

  /// The fastest result of another library.
  func bestRival(_ layout: Layout) -> ComparedResult? {
    results
      .filter {
        $0.name != EngineCompetitor.libraryName && $0.name != FloorCompetitor.libraryName
          && $0.layout == layout
      }
      .filter { $0.medianSeconds != nil }
      .min { ($0.medianSeconds ?? .infinity) < ($1.medianSeconds ?? .infinity) }
  }
}

/// The result of one library in one row.
struct ComparedResult: Encodable, Sendable {
  /// The library.
  let name: String
  /// The layout of the blobs in memory.
  let layout: Layout
  /// Why there are no figures.
  var reason: String?
  /// The seconds of each repeat; for random reads, each repeat's median for one blob.
  var seconds: [Double] = []
  var medianSeconds: Double?
  /// Bytes of payload per second.
  var bytesPerSecond: Double?
  var blobsPerSecond: Double?
  /// The median of the seconds of all processors together.
  var processorSeconds: Double?
  /// The bytes of all files.
  var storedBytes: Int?
  /// The rise of the process's memory.
  var peakBytes: Int?
  /// The speed divided by that of zarr-vlen with the same layout.
  var ofZarrVlen: Double?
  /// The speed divided by that of the floor: 1 is the limit.
  var ofFloor: Double?
  /// The percentiles ``LatencyCurve/percents`` of random reads, in seconds.
  var latencies: [Double]?
  /// The memory during one more pass: seconds since its start, and bytes above the start.
  var memory: [[Double]]?

  /// Creates a result without figures.
  init(name: String, layout: Layout, reason: String? = nil) {
    self.name = name
    self.layout = layout
    self.reason = reason
  }

  /// Sets the median and the rates.
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

/// The distribution of many times in a few numbers.
enum LatencyCurve {
  /// The percentiles of a curve; Benchmarks/Charts has the same.
  static let percents: [Double] =
    [0] + stride(from: 2.5, to: 97, by: 2.5) + [97.5, 98.5, 99, 99.5, 100]

  /// The percentiles of some times.
  ///
  /// - Precondition: There is at least one time.
  static func values(_ seconds: [Double]) -> [Double] {
    let statistics = Statistics(seconds)
    return percents.map { statistics.percentile($0) }
  }
}

extension ComparisonReport {
  /// The rows of a setting as a table.
  static func table(_ rows: [ComparedRow]) -> TextTable {
    var table = TextTable([
      ("work", .left), ("library", .left), ("blobs as", .left), ("median", .right), ("min – max", .right),
      ("MB/s", .right), ("blobs/s", .right), ("stored", .right), ("ratio", .right), ("peak", .right),
      ("of zarr-vlen", .right), ("of floor", .right), ("", .left),
    ])
    for row in rows {
      for result in row.results { table.append(cells(row, result)) }
    }
    return table
  }

  private static func cells(_ row: ComparedRow, _ result: ComparedResult) -> [String] {
    let start = [row.work.title, result.name, layoutTitle(result)]
    guard let median = result.medianSeconds, let spread = result.spread else {
      return start + Array(repeating: "–", count: 9) + [result.reason ?? ""]
    }
    let ratio = result.storedBytes.flatMap { $0 > 0 ? Double(row.payloadBytes) / Double($0) : nil }
    return start + [
      Figure.duration(median), "\(Figure.duration(spread.minimum)) – \(Figure.duration(spread.maximum))",
      result.bytesPerSecond.map { Figure.rate($0 / 1e6) } ?? "–",
      result.blobsPerSecond.map(Figure.short) ?? "–",
      result.storedBytes.map(Figure.megabytes) ?? "–",
      ratio.map { Figure.fixed($0, places: 2) } ?? "–",
      result.peakBytes.map(Figure.megabytes) ?? "–",
      result.ofZarrVlen.map { Figure.fixed($0, places: 2) } ?? "–",
      result.ofFloor.map { Figure.fixed($0, places: 2) } ?? "–",
    ]
  }

  /// The layout of a result, in words.
  static func layoutTitle(_ result: ComparedResult) -> String {
    if result.name == FloorCompetitor.libraryName { return "laid out already" }
    return result.layout == .own ? "its own layout" : "objects"
  }

  /// The libraries that were compared.
  var libraryTable: TextTable {
    var table = TextTable([("library", .left), ("version", .left), ("", .left)])
    for library in libraries { table.append([library.name, library.version, library.note]) }
    return table
  }

  /// One line for each row: zarr-vlen, and the fastest of the others.
  var summary: TextTable {
    var table = TextTable([
      ("blobs, chunks, compression, workers", .left), ("work", .left), ("zarr-vlen", .right),
      ("of floor", .right), ("fastest other", .left), ("", .right), ("zarr-vlen is", .right),
      ("of objects", .right), ("fastest other", .left), ("", .right), ("zarr-vlen is", .right),
    ])
    for row in rows {
      table.append(
        [row.setting.title, row.work.title] + summaryCells(row, .own) + summaryCells(row, .objects))
    }
    return table
  }

  private func summaryCells(_ row: ComparedRow, _ layout: Layout) -> [String] {
    let ours = row.result(EngineCompetitor.libraryName, layout)
    let start =
      [ours.map { Self.speed($0, row.work) } ?? "–"]
      + (layout == .own ? [ours?.ofFloor.map { Figure.fixed($0, places: 2) } ?? "–"] : [])
    guard let best = row.bestRival(layout), let quotient = best.ofZarrVlen, quotient > 0 else {
      return start + ["–", "–", "–"]
    }
    return start + [best.name, Self.speed(best, row.work), Figure.factor(1 / quotient)]
  }

  /// The speed of a result, in the unit of its work.
  static func speed(_ result: ComparedResult, _ work: Work) -> String {
    switch work {
    case .random, .take1000, .take1000Warm, .take100000, .take100000Warm:
      result.medianSeconds.map(Figure.duration) ?? "–"
    case .write, .read, .append, .epoch, .epochOrder:
      result.bytesPerSecond.map { Figure.rate($0 / 1e6) + " MB/s" } ?? "–"
    }
  }
}
