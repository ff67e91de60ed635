import CommandLineOptions
import Foundation
import Testing

@testable import Zarr
@testable import zvlen_bench

@Suite("What tune says")
struct TuneReportTests {
  private static let settings = TuneSetting.combinations(
    chunkBytes: [ByteCount(clamping: 64 << 10)], shardBytes: ByteCount(clamping: 64 << 20),
    codecs: [.zstd(level: 1)], workers: [2], sampleByteCount: 1 << 30)

  /// The first setting is faster, the second one smaller; one blob comes from either in 2 ms.
  private func report(_ goals: [TuningGoal]) -> TuneReport {
    let results = [(0.5, 50_000_000), (1.0, 25_000_000)].enumerated().map { index, figures in
      TuningResult(
        candidate: index,
        measurements: [0.99, 1, 1.01].map { factor in
          TuningMeasurement(
            writeSeconds: figures.0 * factor, readSeconds: figures.0 / 2, randomReadSeconds: 0.002 * factor,
            storedByteCount: figures.1, chunkCount: 1000)
        })
    }
    return TuneReport(
      TuningOutcome(results: results, finalists: [0, 1], store: .memory), of: Self.settings, for: goals,
      payloadByteCount: 100_000_000, title: "Settings", lead: ["On a machine."])
  }

  @Test("The advice has words, noise, flags and Swift")
  func text() {
    #expect(
      report([.write]).rendered().hasSuffix(
        """
        For the fastest write:
          64 KiB inner chunks in 64 MiB shards, zstd 1, 2 workers: writes 200 MB/s, reads 400 MB/s, one blob in \
        2.0 ms, ratio 2.00
          Noise: 1.0 % between passes; what is within 3.0 % counts as equal.
          zvlen import SOURCE -o DEST --chunk-bytes 64KiB --shard-bytes 64MiB --codec zstd:1 --workers 2

            import Zarr

            let options = ArrayOptions(
              chunkSize: .bytes(64 << 10), shardSize: .bytes(64 << 20),
              compressors: [.zstd(level: 1)])
            let access = ArrayAccess(workerCount: 2)
        """))
  }

  @Test("Noise is stated for each aim; sizes have none, and neither has what only waits for the store")
  func noise() {
    #expect(report([.write, .random]).advice.allSatisfy { $0.noiseWords.hasPrefix("Noise: 1.0 %") })
    #expect(report([.read]).advice[0].noiseWords.hasPrefix("No noise, as the store"))
    #expect(report([.size]).advice[0].noiseWords.hasPrefix("Sizes do not vary"))
  }

  @Test("Each aim has its advice; equals are told apart by size")
  func aims() {
    let report = report([.write, .read, .size, .random])
    #expect(report.advice.map(\.goal) == [.write, .read, .size, .random])
    #expect(report.advice.map { $0.words.hasPrefix("64 KiB inner chunks") } == [true, true, false, false])
  }

  @Test("Where the workers change nothing, the advice has those that write fastest")
  func workers() {
    let settings = TuneSetting.combinations(
      chunkBytes: [ByteCount(clamping: 4 << 20)], shardBytes: ByteCount(clamping: 64 << 20),
      codecs: [.zstd(level: 1)], workers: [1, 2], sampleByteCount: 1 << 30)
    let results = [1.0, 0.5].enumerated().map { index, write in
      TuningResult(
        candidate: index,
        measurements: [TuningMeasurement](
          repeating: TuningMeasurement(
            writeSeconds: write, readSeconds: 1 / write, randomReadSeconds: write, storedByteCount: 1,
            chunkCount: 1), count: 3))
    }
    let report = TuneReport(
      TuningOutcome(results: results, finalists: [0], store: .memory), of: settings,
      for: [.size, .random, .read], payloadByteCount: 1, title: "", lead: [])

    #expect(report.advice.map { $0.importFlags.suffix(1) } == ["2", "2", "1"])
  }

  @Test("The JSON has the advice, every setting, and the words of a page")
  func json() throws {
    let document = try JSONSerialization.jsonObject(with: report([.size]).json()) as? [String: Any]
    let advice = try #require(document?["advice"] as? [[String: Any]])
    #expect(advice.map { $0["goal"] as? String } == ["size"])
    #expect(advice.map { $0["title"] as? String } == ["the smallest result"])
    #expect((advice[0]["noise_words"] as? String)?.hasPrefix("Sizes do not vary") == true)
    #expect(document?["title"] as? String == "Settings")
    #expect(document?["lead"] as? [String] == ["On a machine."])
    #expect((document?["settings"] as? [[String: Any]])?.count == 2)
  }
}
