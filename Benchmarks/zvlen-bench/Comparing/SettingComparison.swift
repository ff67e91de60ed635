import Foundation

/// Compares all libraries with one setting.
final class SettingComparison {
  let corpus: ComparedCorpus
  let contestants: [Contestant]
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

  /// Does the works, one row each.
  ///
  /// Each library first writes all blobs and reads them back; one that does not return what it was given, or
  /// cannot do it, has no figures at all. One that takes too long for a work has none of that work.
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

  /// Stores and checks what the works need.
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

  /// Does a work once, in a new directory where it writes.
  ///
  /// The last time, memory is measured, and what is stored then is read back and checked.
  func pass(_ work: Work, _ competitor: any Competitor, _ contestant: Contestant, isLast: Bool) throws -> Pass
  {
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

  /// The times of all that can do a work, in turns.
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

  /// The row of a work from the times of those that did it.
  func row(_ work: Work, _ times: [ObjectIdentifier: [Elapsed]]) -> ComparedRow {
    let part = work == .append ? corpus.tail : corpus.all
    var row = ComparedRow(
      setting: setting, work: work, blobs: corpus.all.count, payloadBytes: corpus.all.byteCount,
      workBlobs: part.count, workBytes: part.byteCount, results: [])
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
      result.setMedian(Statistics(result.seconds).median, payload: Double(part.byteCount), blobs: part.count)
      row.results.append(result)
    }
    return row
  }

  private func newDirectory() -> String {
    nextDirectory += 1
    return "\(scratch.path)/\(nextDirectory)"
  }
}
