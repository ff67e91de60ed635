import Foundation

/// Runs the command `compare`.
struct ComparisonRun {
  let plan: ComparisonPlan
  let team: PeerTeam
  /// Real blobs, in place of synthetic ones.
  let data: Corpus?
  let scale: Double
  let repeats: Int
  let store: String?
  let memory: MemoryRecord

  /// Compares one setting after the other, and reports each.
  func report(_ progress: (String) -> Void) throws -> ComparisonReport {
    let machine = MachineDescription.current
    let versions = LibraryVersions.current
    progress("\(machine.summary)\nSwift \(versions.swift), libzstd \(versions.zstd), liblz4 \(versions.lz4)")
    var report = ComparisonReport(
      command: CommandLine.words, machine: machine, versions: versions, libraries: [], repeats: repeats,
      storage: store == nil ? "in memory (tmpfs)" : "on disk, in the page cache", rows: [])
    for setting in plan.settings {
      let isDrawn = plan.settings.count == 1 || setting == ComparisonPlan.middle(cores: machine.cores)
      let rows = try rows(setting, memory: memory == .curve && !isDrawn ? .peak : memory)
      report.rows += rows
      guard let row = rows.first else { continue }
      progress(
        "\n\(setting.title): \(Figure.count(row.blobs)) blobs, \(Figure.megabytes(row.payloadBytes))\n\n"
          + ComparisonReport.table(rows).rendered())
    }
    report.libraries = team.libraries
    team.stop()
    return report
  }

  private func rows(_ setting: ComparisonSetting, memory: MemoryRecord) throws -> [ComparedRow] {
    guard let blobs = setting.blobs.corpus(chunkBytes: setting.chunkBytes, scale: scale) ?? data else {
      return []
    }
    let scratch = try ScratchDirectory(below: store)
    defer { scratch.remove() }
    let corpus = ComparedCorpus(blobs)
    let shape = ChunkCounts(blobs, setting)
    var contestants = [Layout.own, .objects].map {
      Contestant(EngineCompetitor(corpus, setting, shape, layout: $0))
    }
    if let floor = try FloorCompetitor(corpus, setting, shape, directory: scratch) {
      contestants.insert(Contestant(floor), at: 0)
    }
    contestants += try team.contestants(corpus, setting, shape, scratch: scratch)
    return try SettingComparison(
      setting, corpus, contestants, scratch: scratch, repeats: repeats
    ).rows(plan.works, memory: memory)
  }
}

/// Compares all libraries with one setting.
final class SettingComparison {
  private let corpus: ComparedCorpus
  private let contestants: [Contestant]
  let repeats: Int
  private let setting: ComparisonSetting
  private let scratch: ScratchDirectory
  private var nextDirectory = 0

  /// Creates the comparison.
  init(
    _ setting: ComparisonSetting, _ corpus: ComparedCorpus, _ contestants: [Contestant],
    scratch: ScratchDirectory, repeats: Int
  ) {
    self.setting = setting
    self.corpus = corpus
    self.contestants = contestants
    self.scratch = scratch
    self.repeats = repeats
  }

  /// Does all work, one row for each kind.
  ///
  /// Each library first writes all blobs and reads them back. If it fails or returns other blobs, it has no
  /// figures. If it takes too long for some work, it has no figures for that work.
  func rows(_ works: [Work], memory: MemoryRecord) throws -> [ComparedRow] {
    for contestant in contestants { prepare(contestant, works) }
    var rows = try works.map { work in
      try work == .random ? randomRow() : row(work, turns(work))
    }
    if memory != .none {
      for contestant in contestants {
        measureMemory(contestant, &rows, keepsCurve: memory == .curve)
      }
    }
    for index in rows.indices { rows[index].addQuotients() }
    return rows
  }

  /// Stores and checks the blobs that the work needs.
  private func prepare(_ contestant: Contestant, _ works: [Work]) {
    contestant.attempt { competitor in
      let directory = newDirectory()
      let write = try competitor.write(.all, to: directory, measuresMemory: false)
      let read = try competitor.read(directory, verifies: true, measuresMemory: false)
      contestant.leaveOut(.write, ifLong: write)
      contestant.leaveOut(.read, ifLong: read)
      contestant.directory = directory
      contestant.storedByteCount = competitor.storedByteCount(directory)
    }
    guard works.contains(.append) else { return }
    contestant.attempt(.append) { competitor in
      let directory = newDirectory()
      _ = try competitor.write(.head, to: directory, measuresMemory: false)
      contestant.headDirectory = directory
    }
  }

  /// Does work once, in a new directory if it writes.
  ///
  /// The last pass measures memory, and reads back and checks what it stored.
  private func pass(
    _ work: Work, _ competitor: any Competitor, _ contestant: Contestant, isLast: Bool
  ) throws -> Pass {
    if let taken = work.taken {
      return try competitor.take(
        contestant.directory, places(taken.count), isWarm: taken.isWarm, measuresMemory: isLast)
    }
    if work == .epoch || work == .epochOrder {
      return try competitor.readEpoch(
        contestant.directory, batchSize: Work.epochBatchSize, order: work == .epochOrder ? order : nil,
        measuresMemory: isLast)
    }
    guard work == .write || work == .append else {
      return try competitor.read(contestant.directory, verifies: isLast, measuresMemory: isLast)
    }
    let directory = newDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let pass: Pass
    if work == .write {
      pass = try competitor.write(.all, to: directory, measuresMemory: isLast)
    } else {
      if FileManager.default.fileExists(atPath: contestant.headDirectory) {
        try FileManager.default.copyItem(atPath: contestant.headDirectory, toPath: directory)
      }
      pass = try competitor.append(to: directory, measuresMemory: isLast)
    }
    if isLast { _ = try competitor.read(directory, verifies: true, measuresMemory: false) }
    return pass
  }

  /// Places of blobs, the same for all libraries.
  private func places(_ count: Int) -> [Int] {
    var random = SplitMix(seed: UInt64(count))
    return (0..<count).map { _ in Int.random(in: 0..<corpus.all.count, using: &random) }
  }

  /// All blobs in a random order, the same for all libraries.
  private var order: [Int] {
    var random = SplitMix(seed: 5)
    return Array(0..<corpus.all.count).shuffled(using: &random)
  }

  /// The times of all libraries that can do the work, in turns.
  private func turns(_ work: Work) throws -> [ObjectIdentifier: [Elapsed]] {
    let living = contestants.filter { $0.reason(work) == nil }
    let contenders = living.map { contestant in
      Contender(contestant.name) {
        contestant.attempt(work) { competitor in
          let pass = try self.pass(work, competitor, contestant, isLast: false)
          contestant.leaveOut(work, ifLong: pass)
          return pass.elapsed
        } ?? Elapsed(seconds: 0, processorSeconds: 0)
      }
    }
    let times = try Comparison.run(contenders, repeats: repeats, hasWarmUp: false)
    return Dictionary(uniqueKeysWithValues: zip(living.map(ObjectIdentifier.init), times))
  }

  /// The row of some work.
  private func row(_ work: Work, _ times: [ObjectIdentifier: [Elapsed]]) -> ComparedRow {
    let part = work == .append ? corpus.tail : corpus.all
    var (blobCount, byteCount) = (part.count, part.byteCount)
    if let taken = work.taken {
      blobCount = taken.count
      byteCount = places(taken.count).reduce(0) { $0 + corpus.all.range(of: $1).count }
    }
    var row = ComparedRow(
      setting: setting, work: work, blobs: corpus.all.count, payloadBytes: corpus.all.byteCount,
      workBlobs: blobCount, workBytes: byteCount, results: [])
    for contestant in contestants {
      guard let times = times[ObjectIdentifier(contestant)], contestant.reason(work) == nil else {
        row.results.append(
          ComparedResult(name: contestant.name, layout: contestant.layout, reason: contestant.reason(work)))
        continue
      }
      var result = ComparedResult(name: contestant.name, layout: contestant.layout)
      result.seconds = times.map(\.seconds)
      result.processorSeconds = Statistics(times.map(\.processorSeconds)).median
      result.storedBytes = contestant.storedByteCount
      result.setMedian(Statistics(result.seconds).median, payload: Double(byteCount), blobs: blobCount)
      row.results.append(result)
    }
    return row
  }

  private func newDirectory() -> String {
    nextDirectory += 1
    return "\(scratch.path)/\(nextDirectory)"
  }
}

/// What is recorded about the memory of the libraries.
enum MemoryRecord {
  /// Nothing.
  case none
  /// The peak.
  case peak
  /// The peak, and the memory over time.
  case curve
}

extension SettingComparison {
  /// Does all work of a library once more, and fills in the memory it took.
  ///
  /// These passes come last: a library may begin them in a new process, which has no memory to reuse.
  private func measureMemory(_ contestant: Contestant, _ rows: inout [ComparedRow], keepsCurve: Bool) {
    for index in rows.indices where rows[index].work != .random {
      let work = rows[index].work
      guard
        let position = rows[index].results.firstIndex(where: {
          $0.name == contestant.name && $0.layout == contestant.layout && $0.reason == nil
        })
      else { continue }
      contestant.attempt(work) { competitor in
        try competitor.beginMemoryPasses()
        let sampler = keepsCurve ? MemorySampler(processIdentifier: competitor.processIdentifier) : nil
        let pass: Pass
        do {
          pass = try self.pass(work, competitor, contestant, isLast: true)
        } catch {
          _ = sampler?.finish(start: 0, end: 0)
          throw error
        }
        rows[index].results[position].peakBytes = pass.peakByteCount
        rows[index].results[position].memory = sampler?.finish(start: pass.start, end: pass.end)
      }
      if let reason = contestant.reason(work) {
        rows[index].results[position] = ComparedResult(
          name: contestant.name, layout: contestant.layout, reason: reason)
      }
    }
    contestant.competitor?.endMemoryPasses()
  }
}

extension SettingComparison {
  /// The reads of a turn take about this long, within ``readsPerTurn``.
  private static let turnSeconds = 0.05
  private static let readsPerTurn = 10...200

  /// Reads single blobs at random places, in turns; all libraries read the same ones.
  ///
  /// A single blob is an object in any layout, so a library takes part once.
  private func randomRow() throws -> ComparedRow {
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
