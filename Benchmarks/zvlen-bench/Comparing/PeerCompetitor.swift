import Foundation

/// A rival in the comparison.
final class PeerCompetitor: Competitor {
  let name: String
  let layout: Layout
  /// A process that may have kept memory from earlier work.
  private let warmProcess: PeerProcess
  /// Starts another process that has the blobs.
  private let start: () throws -> PeerProcess
  private var freshProcess: PeerProcess?
  private let corpus: ComparedCorpus
  private let setting: PeerJob.Setting

  /// Creates a competitor from a rival that has the blobs.
  init(
    name: String, layout: Layout, process: PeerProcess, corpus: ComparedCorpus, setting: PeerJob.Setting,
    start: @escaping () throws -> PeerProcess
  ) {
    self.name = name
    self.layout = layout
    warmProcess = process
    self.start = start
    self.corpus = corpus
    self.setting = setting
  }

  func write(_ part: CorpusPart, to directory: String, measuresMemory: Bool) throws -> Pass {
    var job = job("write", directory, measuresMemory)
    job.count = corpus[part].count
    return try pass(process.run(job))
  }

  func append(to directory: String, measuresMemory: Bool) throws -> Pass {
    var job = job("append", directory, measuresMemory)
    job.first = corpus.head.count
    return try pass(process.run(job))
  }

  func read(_ directory: String, verifies: Bool, measuresMemory: Bool) throws -> Pass {
    var job = job("read", directory, measuresMemory)
    job.verify = verifies
    let answer = try process.run(job)
    if verifies { try check(answer, corpus.sums) }
    return try pass(answer)
  }

  func readRandom(_ directory: String, _ indices: [Int]) throws -> [Double] {
    var job = job("random", directory, false)
    job.indices = indices
    let answer = try process.run(job)
    try check(answer, BlobSums(corpus.all, indices))
    return answer.latencies ?? []
  }

  func take(_ directory: String, _ indices: [Int], isWarm: Bool, measuresMemory: Bool) throws -> Pass {
    var job = job("take", directory, measuresMemory)
    job.indices = indices
    job.warm = isWarm
    let answer = try process.run(job)
    try check(answer, BlobSums(corpus.all, indices))
    return try pass(answer)
  }

  func readEpoch(_ directory: String, batchSize: Int, order: [Int]?, measuresMemory: Bool) throws -> Pass {
    guard let order else { throw CompetitorError.unsupported("draws no batches; see the given order") }
    var job = job("take", directory, measuresMemory)
    job.indices = order
    job.warm = true
    job.batch = batchSize
    let answer = try process.run(job)
    try check(answer, BlobSums(corpus.all, order))
    return try pass(answer)
  }

  var processIdentifier: Int32 { process.processIdentifier }

  func beginMemoryPasses() throws {
    if freshProcess == nil { freshProcess = try start() }
  }

  func endMemoryPasses() {
    freshProcess = nil
  }

  private var process: PeerProcess { freshProcess ?? warmProcess }

  private func job(_ name: String, _ directory: String, _ measuresMemory: Bool) -> PeerJob {
    PeerJob(job: name, directory: directory, setting: setting, layout: layout, memory: measuresMemory)
  }

  private func check(_ answer: PeerAnswer, _ sums: BlobSums) throws {
    guard let count = answer.count, let bytes = answer.bytesCrc, let lengths = answer.lengthsCrc,
      BlobSums(count: count, bytes: bytes, lengths: lengths) == sums
    else { throw CompetitorError.differs }
  }

  private func pass(_ answer: PeerAnswer) throws -> Pass {
    guard let seconds = answer.seconds, let processorSeconds = answer.processorSeconds,
      let start = answer.start, let end = answer.end
    else { throw CompetitorError.failed("its answer has no times") }
    return Pass(
      elapsed: Elapsed(seconds: seconds, processorSeconds: processorSeconds), start: start, end: end,
      peakByteCount: answer.peakBytes)
  }
}

/// The processes of all rivals with one number of workers.
final class PeerTeam {
  private let environment: PeerEnvironment
  private let names: [String]
  private let mostSeconds: Double
  private var workers = 0
  private var processes: [String: Result<PeerProcess, any Error>] = [:]
  private var known: [String: ComparisonReport.Library] = [:]

  /// Prepares to start rivals, and leaves out work whose pass takes more than `mostSeconds`.
  init(_ environment: PeerEnvironment, names: [String], mostSeconds: Double) {
    self.environment = environment
    self.names = names
    self.mostSeconds = mostSeconds
  }

  /// The rivals that were started so far.
  var libraries: [ComparisonReport.Library] { names.compactMap { known[$0] } }

  /// The rivals of a setting, with the blobs loaded from files that stay in `scratch`.
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

  /// Ends the rivals.
  func stop() {
    processes = [:]
    workers = 0
  }

  /// Restarts the rivals if the number of workers changed or they exited.
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
