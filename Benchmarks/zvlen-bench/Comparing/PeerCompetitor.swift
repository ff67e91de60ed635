/// A rival in the comparison.
final class PeerCompetitor: Competitor {
  let name: String
  let layout: Layout
  /// A process that has done other work, and may have kept memory.
  private let warmProcess: PeerProcess
  /// Starts another that has the blobs.
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
