import CommandLineOptions

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

  /// What the blobs of a result were, in words.
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

  /// The speed of a result as its work is measured.
  static func speed(_ result: ComparedResult, _ work: Work) -> String {
    switch work {
    case .random: result.medianSeconds.map(Figure.duration) ?? "–"
    case .write, .read, .append: result.bytesPerSecond.map { Figure.rate($0 / 1e6) + " MB/s" } ?? "–"
    }
  }
}
