import CommandLineOptions
import Foundation
import Zarr

/// The results of a search.
struct TuneReport {
  /// The settings for one goal.
  struct Advice: Encodable {
    let goal: TuningGoal
    /// The goal in words.
    let title: String
    /// The setting and its speed, in words.
    let words: String
    /// The flags of `zvlen import` that choose the setting.
    let importFlags: String
    /// The setting in Swift.
    let swift: String
    /// The spread of the passes of the setting, as a part of their median.
    let noise: Double
    /// The difference below which settings count as equal.
    let tolerance: Double
    /// The noise and the tolerance in words.
    let noiseWords: String
  }

  let title: String
  let rows: [TuneRow]
  let advice: [Advice]
  /// What was tried and how, in a few sentences.
  let lead: [String]

  /// Creates a report.
  init(
    _ outcome: TuningOutcome, of settings: [TuneSetting], for goals: [TuningGoal], payloadByteCount: Int,
    title: String, lead: [String]
  ) {
    let rows = zip(settings, outcome.results).map {
      TuneRow($0, $1, payloadByteCount: payloadByteCount, store: outcome.store)
    }
    self.rows = rows
    self.title = title
    self.lead = lead
    advice = goals.compactMap { goal in
      // The search measures its finalists often enough to know their noise.
      guard let best = outcome.best(for: goal), let noise = best.noise(for: goal, in: outcome.store) else {
        return nil
      }
      let chosen = Self.candidate(best.candidate, for: goal, settings, rows)
      let setting = settings[chosen]
      let tolerance = outcome.tolerance(for: goal)
      return Advice(
        goal: goal, title: goal.title, words: "\(setting.words): \(rows[chosen].words)",
        importFlags: setting.importFlags, swift: setting.snippet, noise: noise,
        tolerance: tolerance, noiseWords: Self.noiseWords(goal, noise, tolerance))
    }
  }

  /// The candidate to advise in place of the best one for a goal.
  ///
  /// Sizes and single reads do not depend on the workers, so it takes the workers that write fastest.
  private static func candidate(
    _ best: Int, for goal: TuningGoal, _ settings: [TuneSetting], _ rows: [TuneRow]
  ) -> Int {
    guard goal == .size || goal == .random else { return best }
    return settings.indices.filter { settings[$0].makesSameArray(as: settings[best]) }
      .max { rows[$0].writeBytesPerSecond < rows[$1].writeBytesPerSecond } ?? best
  }

  /// The table and the advice as text.
  func rendered() -> String {
    let advice = advice.map { advice in
      """
      For \(advice.title):
        \(advice.words)
        \(advice.noiseWords)
        zvlen import SOURCE -o DEST \(advice.importFlags)

      \(advice.swift.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.isEmpty ? "" : "    \($0)" }.joined(separator: "\n"))
      """
    }
    return ([table.rendered()] + advice).joined(separator: "\n\n")
  }

  /// One row for each setting.
  var table: TextTable {
    var table = TextTable([
      ("codec", .left), ("chunk", .right), ("shard", .right), ("workers", .right), ("write MB/s", .right),
      ("read MB/s", .right), ("random read", .right), ("ratio", .right), ("passes", .right),
    ])
    for row in rows {
      table.append([
        row.codec, "\(ByteCount(clamping: row.chunkBytes))",
        row.shardBytes.map { "\(ByteCount(clamping: $0))" } ?? "", "\(row.workers)",
        Figure.count(Int(row.writeBytesPerSecond / 1e6)), Figure.count(Int(row.readBytesPerSecond / 1e6)),
        Figure.duration(row.randomReadSeconds), Figure.fixed(row.ratio, places: 2), "\(row.passes)",
      ])
    }
    return table
  }

  /// Everything as JSON.
  func json() throws -> Data {
    try JSONEncoder.report.encode(Document(title: title, lead: lead, advice: advice, settings: rows))
      + Data("\n".utf8)
  }

  private struct Document: Encodable {
    let title: String
    let lead: [String]
    let advice: [Advice]
    let settings: [TuneRow]
  }

  private static func noiseWords(_ goal: TuningGoal, _ noise: Double, _ tolerance: Double) -> String {
    let equal = "what is within \(Figure.fixed(tolerance * 100, places: 1)) % counts as equal."
    if goal == .size { return "Sizes do not vary; \(equal)" }
    if noise == 0 { return "No noise, as the store takes longer than the work; \(equal)" }
    return "Noise: \(Figure.fixed(noise * 100, places: 1)) % between passes; \(equal)"
  }
}

/// The result of one setting.
struct TuneRow: Sendable, Encodable {
  let chunkBytes: Int
  /// The size of a shard, or nil for chunks in files of their own.
  let shardBytes: Int?
  let codec: String
  let workers: Int
  /// The number of measurements.
  let passes: Int
  /// The payload's bytes per second.
  let writeBytesPerSecond: Double
  let readBytesPerSecond: Double
  /// The median seconds of reading one blob at a random place.
  let randomReadSeconds: Double
  let payloadBytes: Int
  let storedBytes: Int

  /// Summarises the measurements of a setting.
  init(_ setting: TuneSetting, _ result: TuningResult, payloadByteCount: Int, store: StoreSpeed) {
    chunkBytes = setting.chunkBytes.value
    shardBytes = setting.shardBytes?.value
    codec = setting.codec.description
    workers = setting.workers
    passes = result.measurements.count
    writeBytesPerSecond = Double(payloadByteCount) / result.cost(for: .write, in: store)
    readBytesPerSecond = Double(payloadByteCount) / result.cost(for: .read, in: store)
    randomReadSeconds = result.cost(for: .random, in: store)
    payloadBytes = payloadByteCount
    storedBytes = result.storedByteCount
  }

  /// The payload divided by the stored bytes.
  var ratio: Double { storedBytes == 0 ? 0 : Double(payloadBytes) / Double(storedBytes) }

  /// The result in words.
  var words: String {
    """
    writes \(Figure.count(Int(writeBytesPerSecond / 1e6))) MB/s, reads \
    \(Figure.count(Int(readBytesPerSecond / 1e6))) MB/s, one blob in \(Figure.duration(randomReadSeconds)), ratio \
    \(Figure.fixed(ratio, places: 2))
    """
  }
}
