import Foundation

/// The processes of the rivals with some number of workers, and the blobs that they have.
final class PeerTeam {
  private let environment: PeerEnvironment
  private let names: [String]
  private let mostSeconds: Double
  private var workers = 0
  private var processes: [String: Result<PeerProcess, any Error>] = [:]
  private var known: [String: ComparisonReport.Library] = [:]

  /// Prepares to start rivals, which are left out where a pass takes longer than `mostSeconds`.
  init(_ environment: PeerEnvironment, names: [String], mostSeconds: Double) {
    self.environment = environment
    self.names = names
    self.mostSeconds = mostSeconds
  }

  /// The rivals that were started so far.
  var libraries: [ComparisonReport.Library] { names.compactMap { known[$0] } }

  /// The rivals of a setting, who have been given the blobs in files that stay in `scratch`.
  func contestants(
    _ corpus: ComparedCorpus, _ setting: ComparisonSetting, _ shape: ChunkCounts, scratch: ScratchDirectory
  ) throws -> [Contestant] {
    start(workers: setting.workers)
    let bytes = scratch.path + "/blobs"
    let offsets = scratch.path + "/offsets"
    try Data(corpus.all.bytes).write(to: URL(fileURLWithPath: bytes))
    try unsafe corpus.all.offsets.withUnsafeBytes {
      try unsafe Data($0).write(to: URL(fileURLWithPath: offsets))
    }
    let load = PeerJob(job: "load", bytes: bytes, offsets: offsets)
    let environment = environment
    return names.flatMap { name -> [Contestant] in
      do {
        guard let process = try processes[name]?.get() else { return [] }
        try process.run(load)
        return (process.introduction.layouts ?? []).map { layout in
          Contestant(
            PeerCompetitor(
              name: name, layout: layout, process: process, corpus: corpus,
              setting: PeerJob.Setting(setting, shape)
            ) {
              let process = try PeerProcess(name: name, workers: setting.workers, environment: environment)
              try process.run(load)
              return process
            }, mostSeconds: mostSeconds)
        }
      } catch {
        return [Contestant(name: name, layout: .own, reason: "\(error)")]
      }
    }
  }

  /// Has the rivals ended.
  func stop() {
    processes = [:]
    workers = 0
  }

  /// Starts the rivals anew if they have not as many workers, or have ended.
  private func start(workers: Int) {
    if workers != self.workers { processes = [:] }
    self.workers = workers
    for name in names {
      if case .success(let process) = processes[name], process.isRunning { continue }
      let process = Result { try PeerProcess(name: name, workers: workers, environment: environment) }
      processes[name] = process
      let library =
        switch process {
        case .success(let process):
          ComparisonReport.Library(
            name: name, version: process.introduction.version ?? "", note: process.introduction.note ?? "")
        case .failure(let error): ComparisonReport.Library(name: name, version: "not here", note: "\(error)")
        }
      known[name] = library
    }
  }
}
