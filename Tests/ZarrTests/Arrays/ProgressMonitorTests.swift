import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Progress")
struct ProgressMonitorTests {
  private typealias Progress = ProgressMonitor.Progress

  private let elements = ArrayElements.numbered(50)
  private var byteCount: Int { elements.reduce(0) { $0 + $1.count } }
  private let options = ArrayOptions(
    chunkSize: .rows(8), compressors: [.zstd(), .crc32c], fillValue: [1, 2, 3])

  /// A monitor that reports as often as it can, and its reports.
  private func makeMonitor(
    interval: Duration = .zero
  ) -> (monitor: ProgressMonitor, reports: Collected<[Progress]>) {
    let reports = Collected<[Progress]>([])
    return (
      ProgressMonitor(interval: interval) { progress in reports.change { $0.append(progress) } }, reports
    )
  }

  /// Checks that reports never go back, and that the last one has all.
  private func expect(
    _ reports: [Progress], elements: Int, bytes: Int, stored: Int, total: Int?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let last = try #require(reports.last, sourceLocation: sourceLocation)
    #expect(last.elementCount == elements, sourceLocation: sourceLocation)
    #expect(last.elementByteCount == bytes, sourceLocation: sourceLocation)
    #expect(last.storedByteCount == stored, sourceLocation: sourceLocation)
    #expect(last.totalElementCount == total, sourceLocation: sourceLocation)
    for (one, next) in zip(reports, reports.dropFirst()) {
      #expect(one.elementCount <= next.elementCount, sourceLocation: sourceLocation)
      #expect(one.elementByteCount <= next.elementByteCount, sourceLocation: sourceLocation)
      #expect(one.elapsed <= next.elapsed, sourceLocation: sourceLocation)
    }
  }

  private func storedByteCount(_ store: MemoryStore) throws -> Int {
    try store.keys("c").reduce(0) { try $0 + storedValue(at: $1, in: store).count }
  }

  @Test("Whole arrays: the sums are those of the elements and of the files", arguments: [1, 4])
  func wholeArrays(workerCount: Int) throws {
    let store = MemoryStore()
    let access = ArrayAccess(workerCount: workerCount)
    let (written, writes) = makeMonitor()
    let array = try ZarrArray.create(
      in: store, writing: elements, options: options, access: access, monitor: written)
    let stored = try storedByteCount(store)
    try expect(writes.value, elements: 50, bytes: byteCount, stored: stored, total: 50)
    #expect(writes.value.count == 8)

    let (read, reads) = makeMonitor()
    _ = try array.read(monitor: read)
    try expect(reads.value, elements: 50, bytes: byteCount, stored: stored, total: 50)
    let (scanned, scans) = makeMonitor()
    try array.scan(monitor: scanned) { _, _ in }
    try expect(scans.value, elements: 50, bytes: byteCount, stored: stored, total: 50)
    #expect(scanned.progress.elementCount == 50)
  }

  @Test("Parts of chunks: the sums are those of the part")
  func parts() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, writing: elements, options: options)
    let part = Array(elements[5..<19])
    let bytes = part.reduce(0) { $0 + $1.count }
    let (written, writes) = makeMonitor()
    try array.write(part, to: [5..<19], monitor: written)
    let stored = try ["c/0", "c/1", "c/2"].reduce(0) { try $0 + storedValue(at: $1, in: store).count }
    try expect(writes.value, elements: 14, bytes: bytes, stored: stored, total: 14)
    let (read, reads) = makeMonitor()
    _ = try array.read([5..<19], monitor: read)
    try expect(reads.value, elements: 14, bytes: bytes, stored: stored, total: 14)
    let (scanned, scans) = makeMonitor()
    try array.scan([5..<19], monitor: scanned) { _, _ in }
    try expect(scans.value, elements: 14, bytes: bytes, stored: stored, total: 14)
  }

  @Test("Chunks that are not stored have the bytes of their fill values")
  func absentChunks() throws {
    let array = try ZarrArray.create(in: MemoryStore(), shape: [20], options: options)
    let (read, reads) = makeMonitor()
    _ = try array.read([3..<20], monitor: read)
    try expect(reads.value, elements: 17, bytes: 51, stored: 0, total: 17)
    let (scanned, scans) = makeMonitor()
    try array.scan([3..<20], monitor: scanned) { _, _ in }
    try expect(scans.value, elements: 17, bytes: 51, stored: 0, total: 17)
  }

  @Test("Appending: the sums are those of what was appended, without padding and what was there")
  func appending() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, writing: Array(elements[..<11]), options: options)
    let (monitor, reports) = makeMonitor()
    let appender = try Appender(to: array, monitor: monitor)
    try appender.append(blobs: Array(elements[11...]))
    try appender.finish()
    let bytes = elements[11...].reduce(0) { $0 + $1.count }
    let stored = try store.keys("c").filter { $0 != "c/0" }.reduce(0) {
      try $0 + storedValue(at: $1, in: store).count
    }
    try expect(reports.value, elements: 39, bytes: bytes, stored: stored, total: nil)
  }

  @Test("Work without elements is reported once, as done")
  func nothing() throws {
    let array = try ZarrArray.create(in: MemoryStore(), shape: [0], options: options)
    let (monitor, reports) = makeMonitor()
    _ = try array.read(monitor: monitor)
    try expect(reports.value, elements: 0, bytes: 0, stored: 0, total: 0)
    #expect(reports.value.count == 1)
  }

  @Test("Between the first report and the last the interval passes")
  func interval() throws {
    let (monitor, reports) = makeMonitor(interval: .seconds(3600))
    try ZarrArray.create(in: MemoryStore(), writing: elements, options: options, monitor: monitor)
    #expect(reports.value.count == 2)
    #expect(reports.value.last?.elementCount == 50)
  }

  @Test("A handler may ask the monitor, and stop the work")
  func handler() throws {
    let box = Collected<ProgressMonitor?>(nil)
    let seen = Collected<[Int]>([])
    let monitor = ProgressMonitor(interval: .zero) { progress in
      guard let monitor = box.value else { return }
      #expect(monitor.progress.elementCount >= progress.elementCount)
      seen.change { $0.append(progress.elementCount) }
      monitor.cancel()
    }
    box.change { $0 = monitor }
    let error = #expect(throws: ZarrError.self) {
      try ZarrArray.create(
        in: MemoryStore(), writing: elements, options: options, access: ArrayAccess(workerCount: 1),
        monitor: monitor)
    }
    guard case .cancelled? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(seen.value == [8])
    #expect(monitor.isCancelled)
  }

  @Test("Work that was cancelled before it began touches nothing")
  func cancelledBefore() throws {
    let probe = StoreProbe(MemoryStore())
    let array = try ZarrArray.create(in: probe, shape: [50], options: options)
    let before = probe.calls.count
    let monitor = ProgressMonitor()
    monitor.cancel()
    for work in [
      { try array.write(elements, monitor: monitor) }, { _ = try array.read(monitor: monitor) },
      { try array.scan(monitor: monitor) { _, _ in } },
    ] as [() throws -> Void] {
      let error = #expect(throws: ZarrError.self) { try work() }
      guard case .cancelled? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
    #expect(probe.calls.count == before)
  }

  @Test("The rate is bytes by time")
  func rate() {
    var progress = ProgressMonitor().progress
    #expect(progress.bytesPerSecond == 0)
    progress.elementByteCount = 3000
    progress.elapsed = .milliseconds(1500)
    #expect(progress.bytesPerSecond == 2000)
  }
}
