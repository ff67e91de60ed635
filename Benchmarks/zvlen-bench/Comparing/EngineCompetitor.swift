import ChunkEngine
import CommandLineOptions
import Zarr

/// zarr-vlen in the comparison.
final class EngineCompetitor: Competitor {
  static let libraryName = "zarr-vlen"
  let name = libraryName
  let layout: Layout
  private let corpus: ComparedCorpus
  private let head: EngineSource
  private let all: EngineSource
  private let tail: EngineSource
  private let options: ArrayOptions
  private let access: ArrayAccess

  /// The array that is read again and again, with a cache, and where it is.
  private var opened: (directory: String, array: ZarrArray)?

  /// Prepares the blobs in their layout.
  init(_ corpus: ComparedCorpus, _ setting: ComparisonSetting, _ shape: ChunkCounts, layout: Layout) {
    self.corpus = corpus
    self.layout = layout
    let kind: SourceKind = layout == .own ? .arena : .objects
    all = EngineSource(corpus.all, kind, memoryBudget: Appender.standardMemoryBudget)
    head = EngineSource(corpus.head, kind, memoryBudget: Appender.standardMemoryBudget)
    tail = EngineSource(corpus.tail, kind, memoryBudget: Appender.standardMemoryBudget)
    options = ArrayOptions(
      chunkSize: .rows(shape.blobsPerChunk), shardSize: shape.blobsPerShard.map { .rows($0) },
      compressors: setting.codecChoice.stages)
    access = ArrayAccess(workerCount: setting.workers)
  }

  func write(_ part: CorpusPart, to directory: String, measuresMemory: Bool) throws -> Pass {
    let source =
      switch part {
      case .all: all
      case .head: head
      }
    let count = corpus[part].count
    return try Pass.measure(measuresMemory: measuresMemory) {
      let array = try ZarrArray.create(
        in: FileStore(creating: directory), shape: [count], options: options, access: access)
      try source.write(to: array)
    }.0
  }

  func append(to directory: String, measuresMemory: Bool) throws -> Pass {
    try Pass.measure(measuresMemory: measuresMemory) {
      let appender = try Appender(to: open(directory))
      try tail.append(to: appender)
      try appender.finish()
    }.0
  }

  func read(_ directory: String, verifies: Bool, measuresMemory: Bool) throws -> Pass {
    switch layout {
    case .own:
      let (pass, view) = try Pass.measure(measuresMemory: measuresMemory) { try open(directory).read() }
      let expected = corpus.all
      guard view.count == expected.count else { throw CompetitorError.differs }
      guard verifies else { return pass }
      for index in view.indices where !view.blobs[index].isEqual(to: expected[index]) {
        throw CompetitorError.differs
      }
      return pass
    case .objects:
      let (pass, blobs) = try Pass.measure(measuresMemory: measuresMemory) {
        try open(directory).read().arrays()
      }
      guard blobs.count == corpus.all.count else { throw CompetitorError.differs }
      guard verifies else { return pass }
      for (index, blob) in blobs.enumerated() { try check(blob, index) }
      return pass
    }
  }

  func readRandom(_ directory: String, _ indices: [Int]) throws -> [Double] {
    let array = try open(directory)
    return try indices.map { index in
      let stopwatch = Stopwatch()
      let blob = try array.read(at: [index])
      let seconds = stopwatch.seconds
      try check(blob, index)
      return seconds
    }
  }

  func take(_ directory: String, _ indices: [Int], isWarm: Bool, measuresMemory: Bool) throws -> Pass {
    if isWarm, opened?.directory != directory {
      var access = access
      access.cacheByteCount = 4 << 30
      let array = try ZarrArray.open(in: FileStore(opening: directory), access: access)
      _ = try array.take(indices)
      opened = (directory, array)
    }
    let array = isWarm ? opened?.array : nil
    switch layout {
    case .own:
      let (pass, view) = try Pass.measure(measuresMemory: measuresMemory) {
        try (array ?? open(directory)).take(indices)
      }
      let expected = corpus.all
      for (place, index) in indices.enumerated() where !view.blobs[place].isEqual(to: expected[index]) {
        throw CompetitorError.differs
      }
      return pass
    case .objects:
      let (pass, blobs) = try Pass.measure(measuresMemory: measuresMemory) {
        try (array ?? open(directory)).take(indices).arrays()
      }
      for (blob, index) in zip(blobs, indices) { try check(blob, index) }
      return pass
    }
  }

  private func open(_ directory: String) throws -> ZarrArray {
    try ZarrArray.open(in: FileStore(opening: directory), access: access)
  }

  private func check(_ blob: [UInt8], _ index: Int) throws {
    let expected = corpus.all
    // SAFETY: Bytes have no padding.
    guard unsafe blob.span.bytes.isEqual(to: expected[index]) else { throw CompetitorError.differs }
  }
}
