import Testing

@testable import zvlen_bench

@Suite("What tuning recommends")
struct TuneOutcomeTests {
  private func row(write: Double, read: Double, random: Double, stored: Int, flags: String) -> TuneRow {
    TuneRow(
      chunkBytes: 1 << 20, codec: flags, workers: 2, importFlags: flags, writeBytesPerSecond: write,
      readBytesPerSecond: read, randomReadSeconds: random, payloadBytes: 1000, encodedBytes: stored)
  }

  private var rows: [TuneRow] {
    [
      row(write: 900, read: 500, random: 0.3, stored: 1000, flags: "plain"),
      row(write: 890, read: 900, random: 0.2, stored: 500, flags: "quick"),
      row(write: 100, read: 400, random: 0.5, stored: 200, flags: "small"),
      row(write: 200, read: 300, random: 0.1, stored: 800, flags: "short"),
      row(write: 100, read: 300, random: 0.5, stored: 500, flags: "worse"),
    ]
  }

  @Test(
    "Each goal has its row; among writes of about the same speed the smallest result wins",
    arguments: [(Goal.write, "quick"), (.read, "quick"), (.size, "small"), (.random, "short")])
  func goals(goal: Goal, flags: String) {
    #expect(TuneOutcome(rows: rows, goal: goal).recommended?.importFlags == flags)
  }

  @Test("A row that another one beats in everything is not optimal")
  func dominance() {
    #expect(rows[1].dominates(rows[4]))
    #expect(!rows[4].dominates(rows[1]))
    #expect(!rows[0].dominates(rows[2]))
    #expect(!rows[0].dominates(rows[0]))
  }

  @Test("Without rows there is nothing to recommend")
  func nothing() {
    #expect(TuneOutcome(rows: [], goal: .write).recommended == nil)
  }
}
