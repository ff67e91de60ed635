import ChunkEngine
import CommandLineOptions
import Zarr

/// Runs `run --from stream --total`: a stream that can be larger than memory.
struct StreamMeasurement {
  let pool: Corpus
  let total: ByteCount
  let settings: RunCommand
  let workerCount: Int

  /// The total size of the blobs, which are streamed repeatedly to save memory.
  static let poolByteCount = 32 << 20

  /// Writes the stream once, and checks it with a scan.
  func report(machine: MachineDescription, libraries: LibraryVersions) throws -> StreamReport {
    let scratch = try ScratchDirectory.make(for: settings.store)
    defer { scratch?.remove() }
    let store: any Store =
      if let scratch {
        try FileStore(creating: scratch.path + "/ours.zarr", durability: settings.safety.durability)
      } else {
        MemoryStore()
      }
    let hashes = (0..<pool.count).map { Checksum.hash(pool[$0]) }
    let written = Checksum()
    var byteCount = 0
    let resident = PeakMemory.currentByteCount
    let isExact = PeakMemory.reset()
    let stopwatch = Stopwatch()
    let array = try write(to: store, hashes: hashes, checksum: written, byteCount: &byteCount)
    let write = stopwatch.elapsed
    let peak = isExact ? PeakMemory.residentByteCount : nil
    let found = Checksum()
    let scan = try Stopwatch.measure { try self.scan(array, checksum: found) }
    guard found.count == written.count, found.value == written.value, array.count == written.count else {
      throw BenchmarkError.differs("stream")
    }
    let encodedByteCount = try store.list("c").reduce(0) { try $0 + (store.byteCount(of: $1) ?? 0) }
    return StreamReport(
      payloadBytes: byteCount, encodedBytes: encodedByteCount,
      ratio: encodedByteCount == 0 ? 0 : Double(byteCount) / Double(encodedByteCount), blobs: written.count,
      peakResidentBytes: peak, residentBytesBefore: resident,
      settings: RunSettings(
        settings, chunkBlobs: array.chunkShape[0], chunks: array.chunkCount, workers: workerCount,
        store: scratch?.path ?? "memory"), machine: machine, libraries: libraries,
      write: Measurement([write], floor: nil, payloadBytes: byteCount, blobs: written.count),
      scan: Measurement([scan], floor: nil, payloadBytes: byteCount, blobs: written.count))
  }

  /// Appends the pool repeatedly until there are ``total`` bytes.
  private func write(
    to store: any Store, hashes: [UInt64], checksum: Checksum, byteCount: inout Int
  ) throws -> ZarrArray {
    let options = ArrayOptions(
      chunkSize: .bytes(settings.chunkBytes.value),
      shardSize: settings.shardBytes.map { .bytes($0.value) }, compressors: settings.codec.stages,
      overwrites: true
    )
    let appender = try Appender.create(
      in: store, options: options, access: ArrayAccess(workerCount: workerCount),
      memoryBudget: settings.memoryBudget.value)
    var sum: UInt64 = 0
    var count = 0
    while byteCount < total.value {
      for index in 0..<pool.count where byteCount < total.value {
        try appender.append(blob: pool[index])
        byteCount += pool.range(of: index).count
        sum &+= hashes[index]
        count += 1
      }
    }
    checksum.add(hashes: sum, count: count)
    return try appender.finish()
  }

  private func scan(_ array: ZarrArray, checksum: Checksum) throws {
    try array.scan { _, blobs in
      var sum: UInt64 = 0
      for index in blobs.indices { sum &+= Checksum.hash(blobs[index]) }
      checksum.add(hashes: sum, count: blobs.count)
    }
  }
}
