import Testing

@testable import zvlen_bench

/// A library that stores nothing, and is as good as it is told.
private final class FakeCompetitor: Competitor {
  let name: String
  let layout: Layout
  var failingReads: Set<Int> = []
  var supportsAppending = true
  var appendSeconds = 0.5
  private var reads = 0
  private(set) var appends = 0

  init(_ name: String, _ layout: Layout = .own) {
    self.name = name
    self.layout = layout
  }

  private var pass: Pass { pass(seconds: 0.5) }

  private func pass(seconds: Double) -> Pass {
    Pass(elapsed: Elapsed(seconds: seconds, processorSeconds: 1), start: 0, end: seconds, peakByteCount: 7)
  }

  func write(_ part: CorpusPart, to directory: String, measuresMemory: Bool) throws -> Pass { pass }

  func append(to directory: String, measuresMemory: Bool) throws -> Pass {
    guard supportsAppending else { throw CompetitorError.unsupported("it cannot append") }
    appends += 1
    return pass(seconds: appendSeconds)
  }

  func read(_ directory: String, verifies: Bool, measuresMemory: Bool) throws -> Pass {
    guard verifies else { return pass }
    reads += 1
    if failingReads.contains(reads) { throw CompetitorError.differs }
    return pass
  }

  func readRandom(_ directory: String, _ indices: [Int]) throws -> [Double] { indices.map { _ in 0.001 } }

  func take(_ directory: String, _ indices: [Int], isWarm: Bool, measuresMemory: Bool) throws -> Pass {
    pass
  }

  func readEpoch(_ directory: String, batchSize: Int, order: [Int]?, measuresMemory: Bool) throws -> Pass {
    pass
  }

  func storedByteCount(_ directory: String) -> Int { 100 }
}

@Suite("Comparing with one setting")
struct SettingComparisonTests {
  private func rows(_ contestants: [Contestant]) throws -> [ComparedRow] {
    let corpus = Corpus(count: 50, meanByteCount: 9, distribution: .uniform, content: .text, seed: 7)
    let scratch = try ScratchDirectory()
    defer { scratch.remove() }
    let setting = ComparisonSetting(blobs: .data, chunkBytes: 1 << 20, codec: "none", workers: 1)
    return try SettingComparison(
      setting, ComparedCorpus(corpus), contestants, scratch: scratch, repeats: 5
    ).rows(Work.allCases, memory: .peak)
  }

  @Test("A library has a figure for each work, from as many turns as were asked for")
  func figures() throws {
    let rows = try rows([Contestant(FakeCompetitor("zarr-vlen")), Contestant(FakeCompetitor("other"))])

    #expect(rows.map(\.work) == Work.allCases)
    for row in rows {
      let result = try #require(row.result("other", .own))
      #expect(result.seconds.count == 5)
      #expect(result.medianSeconds == (row.work == .random ? 0.001 : 0.5))
      #expect(result.ofZarrVlen == 1)
      #expect(result.peakBytes == (row.work == .random ? nil : 7))
      #expect(result.storedBytes == 100)
    }
  }

  @Test("A library that gives back other blobs has no figures at all")
  func wrongBlobs() throws {
    let wrong = FakeCompetitor("other")
    wrong.failingReads = [1]

    for row in try rows([Contestant(wrong)]) {
      #expect(row.results.map(\.medianSeconds) == [nil])
      #expect(row.results[0].reason == "\(CompetitorError.differs)")
    }
  }

  @Test("A library that gives back other blobs the last time has no figures of that work")
  func wrongBlobsAtLast() throws {
    let wrong = FakeCompetitor("other")
    wrong.failingReads = [2]
    let rows = try rows([Contestant(wrong)])

    #expect(rows.first { $0.work == .write }?.results[0].medianSeconds == nil)
    #expect(rows.first { $0.work == .read }?.results[0].medianSeconds == 0.5)
  }

  @Test("A library that cannot do a work says why, and does the others")
  func reason() throws {
    let other = FakeCompetitor("other")
    other.supportsAppending = false
    let rows = try rows([Contestant(other), Contestant(name: "third", layout: .own, reason: "not here")])

    #expect(rows.first { $0.work == .append }?.result("other", .own)?.reason == "it cannot append")
    #expect(rows.first { $0.work == .write }?.result("other", .own)?.medianSeconds == 0.5)
    #expect(rows.allSatisfy { $0.result("third", .own)?.reason == "not here" })
  }

  @Test("A library that takes too long for a work is measured once, and says so")
  func slow() throws {
    let slow = FakeCompetitor("other")
    slow.appendSeconds = 3
    let rows = try rows([Contestant(slow, mostSeconds: 2)])
    let append = try #require(rows.first { $0.work == .append }?.results.first)

    #expect(slow.appends == 1)
    #expect(append.medianSeconds == nil)
    #expect(append.reason == "takes 3.000 s, more than 2.000 s: measured once")
    #expect(rows.first { $0.work == .write }?.results[0].medianSeconds == 0.5)
    let slower = try self.rows([Contestant(FakeCompetitor("other"), mostSeconds: 0.4)])
    // Reads of one blob at random have no pass of their own.
    #expect(
      slower.filter { $0.results[0].medianSeconds != nil }.map(\.work) == [.random])
  }

  @Test("One blob is read once for each library, whatever its layouts are")
  func randomReads() throws {
    let rows = try rows([
      Contestant(FakeCompetitor("zarr-vlen")), Contestant(FakeCompetitor("zarr-vlen", .objects)),
      Contestant(FakeCompetitor("other", .objects)),
    ])
    let random = try #require(rows.first { $0.work == .random })

    #expect(random.results.map(\.name) == ["zarr-vlen", "other"])
    #expect(random.result("other", .objects)?.ofZarrVlen == 1)
  }
}
