import Foundation

/// Carries out what the `compare` command asks for.
struct ComparisonRun {
  let plan: ComparisonPlan
  let team: PeerTeam
  /// Real blobs, if there are to be no others.
  let data: Corpus?
  let scale: Double
  let repeats: Int
  let store: String?
  let memory: MemoryRecord

  /// Compares with one setting after the other, and tells of each as it is done.
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
