import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Appending that fails", .timeLimit(.minutes(10)))
struct AppenderFailureTests {
  private func options(_ chunkShape: [Int], dataType: DataType = .bytes) -> ArrayOptions {
    ArrayOptions(dataType: dataType, chunkSize: .shape(chunkShape), compressors: [])
  }

  /// A store that fails at a write of a chunk, and at all that follow.
  private func failingStore(at failing: Int) -> StoreProbe {
    let writes = Collected(0)
    return StoreProbe(MemoryStore()) { call in
      guard case .write(let key) = call, key.description.hasPrefix("c/") else { return }
      let number = writes.change {
        $0 += 1
        return $0
      }
      if number >= failing { throw StoreProbe.Failure(number: number) }
    }
  }

  @Test(
    "An error of a worker comes out, and the shape stays", arguments: [1, 2, 5, 10],
    [(1, 0), (1, 1 << 20), (4, 0), (4, 1 << 20)])
  func storeFails(failing: Int, setting: (workerCount: Int, memoryBudget: Int)) throws {
    let store = failingStore(at: failing)
    let appender = try Appender.create(
      in: store, options: options([2]), access: ArrayAccess(workerCount: setting.workerCount),
      memoryBudget: setting.memoryBudget)
    let error = #expect(throws: ZarrError.self) {
      for element in ArrayElements.numbered(20) { try appender.append(blob: element.span.bytes) }
      try appender.finish()
    }
    #expect(error?.probeFailure != nil)
    #expect(try ZarrArray.open(in: store).shape == [0])
  }

  @Test("A call after an error throws it again, and does no harm", arguments: [[2], [2, 3], [1, 1]])
  func goingOn(chunkShape: [Int]) throws {
    let store = failingStore(at: 2)
    let appender = try Appender.create(
      in: store, rowShape: chunkShape.count == 1 ? [] : [4], options: options(chunkShape), memoryBudget: 0)
    var failures = 0
    for element in ArrayElements.numbered(200) {
      do { try appender.append(blob: element.span.bytes) } catch {
        #expect(error.probeFailure != nil)
        failures += 1
      }
    }
    #expect(failures > 0)
    #expect(throws: ZarrError.self) { try appender.finish() }
    #expect(try ZarrArray.open(in: store).shape[0] == 0)
  }

  @Test("Bytes that are no text are an error that names the chunk, which is not stored")
  func invalidText() throws {
    let store = MemoryStore()
    let appender = try Appender.create(in: store, options: options([2], dataType: .string))
    let error = #expect(throws: ZarrError.self) {
      for element in [[0x61], [0x62], [0x63], [0xff], [0x64]] as [[UInt8]] {
        try appender.append(blob: element.span.bytes)
      }
      try appender.finish()
    }
    guard case .chunk("memory/c/1", _)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(error?.chunkError == .invalidUTF8(index: 1))
    #expect(try store.value(of: "c/1") == nil)
  }

  @Test("An element larger than is allowed is an error at once")
  func tooLarge() throws {
    // No memory is touched for it: the element is only announced.
    let source = GeneratedBlobs(count: 1, byteCount: { _ in 1 << 31 }) { _, _ in }
    let appender = try Appender.create(in: MemoryStore(), options: options([2]))
    let error = #expect(throws: ZarrError.self) { try appender.append(blobs: source) }
    #expect(error?.chunkError == .elementTooLarge(index: 0, byteCount: 1 << 31, limit: 1 << 31 - 1))
    try appender.append(blob: ([1] as [UInt8]).span.bytes)
    #expect(try appender.finish().read().arrays() == [[1]])
  }

  @Test("A monitor stops an appender", arguments: [0, 1 << 20])
  func cancellation(memoryBudget: Int) throws {
    let store = MemoryStore()
    let monitor = ProgressMonitor()
    let appender = try Appender.create(
      in: store, options: options([2]), memoryBudget: memoryBudget, monitor: monitor)
    for element in ArrayElements.numbered(10) { try appender.append(blob: element.span.bytes) }
    monitor.cancel()
    let error = #expect(throws: ZarrError.self) {
      for element in ArrayElements.numbered(10) { try appender.append(blob: element.span.bytes) }
      try appender.finish()
    }
    guard case .cancelled? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(try ZarrArray.open(in: store).shape == [0])
  }

  @Test("Giving up drops what waits, and nothing is stored afterwards", arguments: [0, 1, 4, 40])
  func givingUp(count: Int) throws {
    let probe = StoreProbe(MemoryStore())
    let array = try ZarrArray.create(in: probe, writing: ArrayElements.numbered(3), options: options([2]))
    let appender = try Appender(to: array)
    try appender.append(blobs: ArrayElements.numbered(count, label: "new "))
    appender.cancel()
    let calls = probe.calls
    // Again, for nothing.
    appender.cancel()
    #expect(probe.calls == calls)
    #expect(try ZarrArray.open(in: probe).read().arrays() == ArrayElements.numbered(3))
    let sampling = try Appender.create(in: probe, at: "other")
    try sampling.append(blob: ([1] as [UInt8]).span.bytes)
    sampling.cancel()
    #expect(throws: ZarrError.self) { try ZarrArray.open(in: probe, at: "other") }
  }

  @Test("A last chunk that is damaged is an error that names it")
  func damagedLastChunk() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, writing: ArrayElements.numbered(3), options: options([2]))
    try store.put([1, 2, 3], at: "c/1")
    let error = #expect(throws: ZarrError.self) { try Appender(to: array) }
    guard case .chunk("memory/c/1", _)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }
}
