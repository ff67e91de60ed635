import Foundation
import Testing

@testable import zvlen_bench

@Suite("What is published of results")
struct PublishingTests {
  private func row(_ work: Work, _ results: [(name: String, layout: Layout, seconds: Double)]) -> ComparedRow
  {
    var row = ComparedRow(
      setting: ComparisonPlan.middle(cores: 2), work: work, blobs: 10, payloadBytes: 1000, workBlobs: 10,
      workBytes: 1000,
      results: results.map { name, layout, seconds in
        var result = ComparedResult(name: name, layout: layout)
        result.seconds = [seconds]
        result.setMedian(seconds, payload: 1000, blobs: 10)
        return result
      })
    row.addQuotients()
    return row
  }

  private func report(
    _ rows: [ComparedRow], command: String = "zvlen-bench compare", repeats: Int = 5
  ) -> ComparisonReport {
    ComparisonReport(
      command: command,
      machine: MachineDescription(
        processor: "Processor", cores: 2, memoryBytes: 1 << 30, operatingSystem: "System", kernel: "Kernel"),
      versions: LibraryVersions(swift: "6", zstd: "1", lz4: "1"),
      libraries: [ComparisonReport.Library(name: "Lance", version: "lance 1", note: "")], repeats: repeats,
      storage: "in memory", rows: rows)
  }

  @Test("Quotients are of speeds, to zarr-vlen with the same layout and to the floor")
  func quotients() throws {
    let row = row(
      .write,
      [("floor", .own, 0.5), ("zarr-vlen", .own, 1), ("zarr-vlen", .objects, 2), ("Lance", .objects, 4)])

    #expect(row.result("zarr-vlen", .own)?.ofFloor == 0.5)
    #expect(row.result("Lance", .objects)?.ofZarrVlen == 0.5)
    #expect(row.result("Lance", .objects)?.bytesPerSecond == 250)
    #expect(row.best("Lance")?.layout == .objects)
    #expect(row.bestRival(.objects)?.name == "Lance")
    #expect(row.bestRival(.own) == nil)
  }

  @Test("Who is ahead is named, and ties are not")
  func shortfalls() {
    let ahead = Shortfalls(
      report([
        row(
          .random,
          [("floor", .own, 0.9), ("zarr-vlen", .own, 1), ("Lance", .own, 0.5), ("zarrs", .own, 0.97)]),
        row(.write, [("floor", .own, 1), ("zarr-vlen", .own, 1), ("Lance", .own, 3)]),
      ]))

    #expect(ahead.shortfalls.map(\.name) == ["Lance"])
    #expect(ahead.shortfalls[0].factor == 2)
    #expect(ahead.comparedCount == 3)
    #expect(ahead.belowFloor.map(\.quotient) == [0.9])
    #expect(ahead.markdown.contains("read one at random: Lance, by 2.0x"))
    #expect(
      ahead.markdown.hasSuffix(
        "- read one at random: 1 of 1, down to 0.90 of it (\(ComparisonPlan.middle(cores: 2).title))"))

    let none = Shortfalls(report([row(.write, [("zarr-vlen", .own, 1), ("Lance", .own, 3)])]))
    #expect(none.markdown == "No other library is ahead by more than 5 % in any of 1 comparisons.")
  }

  @Test("How far ahead of one library it is goes from the least to the most of the settings")
  func leads() {
    var faster = row(.read, [("zarr-vlen", .own, 1), ("zarrs", .own, 2), ("zarr-vlen", .objects, 2)])
    faster.results += row(.read, [("zarr-vlen", .own, 2), ("zarrs", .objects, 5)]).results.suffix(1)
    let table = LeadTable(report([faster, row(.write, [("zarr-vlen", .own, 1)])]), beside: "zarrs")

    #expect(
      table.markdown.hasPrefix(
        """
        | times as fast as zarrs, chunks of | 1MiB |
        |---|---:|
        | write all | – |
        | read all | 2.0x – 2.5x |
        """))
    #expect(LeadTable(report([row(.write, [("zarr-vlen", .own, 1)])]), beside: "zarrs").markdown == "")
  }

  @Test("Results come back from JSON, and a row of a later run takes the place of the same row before")
  func merging() throws {
    let scratch = try ScratchDirectory()
    defer { scratch.remove() }
    let old = report([row(.write, [("zarr-vlen", .own, 1)]), row(.read, [("zarr-vlen", .own, 2)])])
    let new = report(
      [row(.write, [("zarr-vlen", .own, 4)])], command: "zvlen-bench compare --work write", repeats: 3)
    let paths = ["1", "2"].map { "\(scratch.path)/compare-\($0).json" }
    for (path, report) in zip(paths, [old, new]) {
      try report.json().write(to: URL(fileURLWithPath: path))
    }

    let whole = try #require(try ComparisonReport.read(paths))

    #expect(whole.rows.count == 2)
    #expect(whole.rows.first { $0.work == .write }?.results[0].medianSeconds == 4)
    #expect(whole.rows.first { $0.work == .read }?.results[0].medianSeconds == 2)
    #expect(whole.command == "zvlen-bench compare\nzvlen-bench compare --work write")
    #expect(whole.libraries == old.libraries)
    #expect(whole.repeats == 3)
    #expect(try ComparisonReport.read([]) == nil)
  }

  @Test("A run is a line with the part of the floor's speed that each path has")
  func floor() throws {
    let scratch = try ScratchDirectory()
    defer { scratch.remove() }
    let machine = report([]).machine
    func times(_ seconds: Double) -> [Elapsed] { [Elapsed(seconds: seconds, processorSeconds: seconds)] }
    let measurement = Measurement(times(2), floor: times(1), payloadBytes: 4_000_000, blobs: 10)
    let run = Report(
      payloadBytes: 4_000_000, encodedBytes: 1, ratio: 1, blobs: 10, peakResidentBytes: nil,
      memoryGrowth: MemoryGrowth(writeBytes: nil, readBytes: nil, scanBytes: nil),
      settings: RunSettings(
        data: nil, blobBytes: 300, distribution: nil, content: nil, seed: nil, chunkBytes: 1 << 10,
        chunkBlobs: 3, chunks: 4, shardBytes: 1 << 20, codec: "zstd:1", workers: 2, store: "memory",
        durability: "atomic", from: .objects, memoryBudget: nil, repeat: 5),
      machine: machine, libraries: LibraryVersions(swift: "6", zstd: "1", lz4: "1"),
      memcpyBytesPerSecond: 1, write: measurement, writeFresh: nil, read: nil, readOver: nil, readFresh: nil,
      scan: nil, encode: nil, encodeFresh: nil, decode: nil, decodeFresh: nil,
      random: RandomReads(seconds: [0.002], floorSeconds: [0.001]))
    let path = scratch.path + "/run.json"
    try run.json().write(to: URL(fileURLWithPath: path))

    let text = try FloorTable.read([path]).markdown

    #expect(
      text.contains("| objects, 1KiB in shards of 1MiB | 0.50 (2.00) | – | – | – | 0.50 (2.0 ms) |"))
    #expect(text.hasPrefix("10 blobs, 4.0 MB, zstd:1, 2 workers, medians of 5 turns"))
    #expect(FloorTable([]).markdown == "")
  }

  @Test("Only what is between the marks is replaced")
  func marks() {
    let text = "before\n\(MarkedText.begin)\nold\n\(MarkedText.end)\nafter\n"

    #expect(
      MarkedText(text)?.replacing(with: "new")
        == "before\n\(MarkedText.begin)\n\nnew\n\n\(MarkedText.end)\nafter\n")
    #expect(MarkedText("no marks") == nil)
    #expect(MarkedText(MarkedText.end + MarkedText.begin) == nil)
    #expect(MarkedText(text + text) == nil)
  }

  @Test("A directory of results becomes a page, drawings and a part of a README")
  func directory() throws {
    let scratch = try ScratchDirectory()
    defer { scratch.remove() }
    var small = row(.write, [("floor", .own, 1), ("zarr-vlen", .own, 1), ("Lance", .own, 2)])
    small.results[1].memory = [[0, 0], [0.5, 7e6], [1, 5e6]]
    let large = ComparedRow(
      setting: ComparisonSetting(blobs: .records126, chunkBytes: 8 << 10, codec: "zstd:1", workers: 2),
      work: .write, blobs: 10, payloadBytes: 1000, workBlobs: 10, workBytes: 1000, results: small.results)
    try report([small, large]).json().write(to: URL(fileURLWithPath: scratch.path + "/compare.json"))
    #expect(throws: (any Error).self) { try ResultsDirectory(scratch.path + "/nowhere") }

    let results = try ResultsDirectory(scratch.path)
    try results.writeFiles()

    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
    #expect(Set(names) == ["compare.json", "index.html", "write-by-chunk-size.svg"])
    let summary = results.summary(linkingTo: "here")
    #expect(summary.contains("here/write-by-chunk-size.svg"))
    #expect(summary.contains("| write all, MB/s, chunks of 8KiB in shards of 16MiB |"))
    #expect(summary.contains("0 of 2 comparisons"))
    #expect(
      results.tables.contains("| 126 B JSON records, chunks of 8KiB in shards of 16MiB, zstd:1, 2 workers |"))
  }
}
