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

  /// How many blobs were read of it in one call at last, and whether batches were checked.
  private var takenCount = 0
  private var isEpochChecked = false

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
    let array = isWarm ? try openedArray(directory, reading: indices) : nil
    // Whatever was read before, it has all of these.
    if let array, takenCount != indices.count {
      _ = try array.take(indices)
      takenCount = indices.count
    }
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

  func readEpoch(_ directory: String, batchSize: Int, order: [Int]?, measuresMemory: Bool) throws -> Pass {
    let expected = corpus.all
    func check(_ batch: BlobView, _ indices: ArraySlice<Int>) throws {
      guard !isEpochChecked else { return }
      for (blob, index) in zip(batch, indices) where !blob.bytes.isEqual(to: expected[index]) {
        throw CompetitorError.differs
      }
    }
    let array = try order == nil ? open(directory) : openedArray(directory, reading: [0])
    if let order, !isEpochChecked { _ = try array.take(order) }
    var (count, byteCount) = (0, 0)
    func add(_ batch: BlobView) {
      count += batch.count
      byteCount += layout == .own ? batch.blobs.byteCount : batch.arrays().reduce(0) { $0 + $1.count }
    }
    func pass() throws -> Pass {
      (count, byteCount) = (0, 0)
      return try Pass.measure(measuresMemory: measuresMemory) {
        if let order {
          for start in stride(from: 0, to: order.count, by: batchSize) {
            let part = order[start..<min(order.count, start + batchSize)]
            let batch = try array.take(Array(part))
            try check(batch, part)
            add(batch)
          }
        } else {
          let batches = try array.randomBatches(RandomBatchOptions(batchSize: batchSize, seed: 7))
          while let batch = try batches.next() {
            try check(batch.elements, batch.indices[...])
            add(batch.elements)
          }
        }
      }.0
    }
    if !isEpochChecked { _ = try pass() }
    isEpochChecked = true
    defer { if measuresMemory { isEpochChecked = false } }
    let result = try pass()
    guard count == expected.count, byteCount == expected.byteCount else { throw CompetitorError.differs }
    return result
  }

  /// An array that is kept open, with a cache, and was read once.
  private func openedArray(_ directory: String, reading indices: [Int]) throws -> ZarrArray {
    if let opened, opened.directory == directory { return opened.array }
    var access = access
    access.cacheByteCount = 4 << 30
    // As a program does that trains a model, whose data stays as it is meanwhile.
    access.cacheCheckInterval = .seconds(1)
    let array = try ZarrArray.open(in: FileStore(opening: directory), access: access)
    _ = try array.take(indices)
    opened = (directory, array)
    return array
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
