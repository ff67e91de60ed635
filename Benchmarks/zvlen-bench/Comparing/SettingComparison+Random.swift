extension SettingComparison {
  /// The reads of a turn take about this long, as far as they are not too few or too many.
  private static let turnSeconds = 0.05
  private static let readsPerTurn = 10...200

  /// Reads single blobs at random places, in turns; all libraries read the same ones.
  ///
  /// A single blob is an object in any layout, so a library takes part once.
  func randomRow() throws -> ComparedRow {
    var random = SplitMix(seed: 1)
    let indices = (0...repeats).map { _ in
      (0..<Self.readsPerTurn.upperBound).map { _ in Int.random(in: 0..<corpus.all.count, using: &random) }
    }
    var readers: [(contestant: Contestant, count: Int)] = []
    for contestant in contestants where !readers.contains(where: { $0.contestant.name == contestant.name }) {
      let seconds = contestant.attempt(.random) {
        try $0.readRandom(contestant.directory, Array(indices[repeats].prefix(5)))
      }
      guard let seconds else { continue }
      let count = Self.turnSeconds / max(1e-9, Statistics(seconds).median)
      let range = Self.readsPerTurn
      readers.append(
        (contestant, Int(min(max(count, Double(range.lowerBound)), Double(range.upperBound)))))
    }
    var latencies = readers.map { _ in [Double]() }
    var turns = readers.map { _ in [Elapsed]() }
    let contenders = readers.enumerated().map { reader, entry in
      Contender(entry.contestant.name) {
        let seconds: [Double] =
          entry.contestant.attempt(.random) { competitor in
            let places = indices[turns[reader].count].prefix(entry.count)
            return try competitor.readRandom(entry.contestant.directory, Array(places))
          } ?? []
        latencies[reader] += seconds
        let elapsed = Elapsed(
          seconds: seconds.isEmpty ? 0 : Statistics(seconds).median, processorSeconds: 0)
        turns[reader].append(elapsed)
        return elapsed
      }
    }
    _ = try Comparison.run(contenders, repeats: repeats, hasWarmUp: false)
    var row = row(
      .random,
      Dictionary(uniqueKeysWithValues: zip(readers.map { ObjectIdentifier($0.contestant) }, turns)))
    row.results.removeAll { result in
      result.reason == nil && result.medianSeconds == nil
    }
    for (reader, entry) in readers.enumerated() where !latencies[reader].isEmpty {
      guard
        let position = row.results.firstIndex(where: {
          $0.name == entry.contestant.name && $0.layout == entry.contestant.layout && $0.reason == nil
        })
      else { continue }
      row.results[position].processorSeconds = nil
      row.results[position].setMedian(
        Statistics(latencies[reader]).median, payload: corpus.all.meanByteCount, blobs: 1)
      row.results[position].latencies = LatencyCurve.values(latencies[reader])
    }
    return row
  }
}
