import ChunkEngine
import Glibc
import Synchronization
import TestSupport
import Testing
import Zarr

@Suite("Observing arrays")
struct ArrayObserverTests {
  /// Collects events.
  private final class Events: Sendable {
    private let events = Mutex<[ArrayObserver.Event]>([])

    var access: ArrayAccess {
      ArrayAccess(
        workerCount: 2, observer: ArrayObserver { event in self.events.withLock { $0.append(event) } })
    }

    /// Takes the events of these kinds so far.
    func take() -> [ArrayObserver.Event] {
      events.withLock { events in
        defer { events = [] }
        return events
      }
    }
  }

  @Test("Each call is reported once, with what it did", arguments: [nil, ChunkSize.rows(8)])
  func calls(shardSize: ChunkSize?) throws {
    let events = Events()
    let options = ArrayOptions(chunkSize: .rows(4), shardSize: shardSize, compressors: [])
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [16], options: options, access: events.access)
    #expect(events.take().isEmpty)

    let elements = ArrayElements.numbered(16)
    let byteCount = elements.reduce(0) { $0 + $1.count }
    let monitor = ProgressMonitor()
    try array.write(elements, monitor: monitor)
    _ = try array.read(monitor: monitor)
    try array.scan { _, _ in }

    let calls = events.take()
    #expect(try array.read(at: [5]) == elements[5])
    #expect(try array.read(at: [5], as: [UInt8].self) == elements[5])
    let singles = events.take()
    #expect(singles.map(\.kind) == [.read, .read])
    for call in singles {
      #expect(call.progress.elementCount == 1 && call.progress.elementByteCount == elements[5].count)
      #expect(call.progress.storedByteCount > 0 && call.error == nil)
    }
    #expect(throws: ZarrError.self) { try array.read(at: [16]) }
    #expect(events.take().map(\.error).contains { $0 is ZarrError })

    #expect(calls.map(\.kind) == [.write, .read, .scan])
    for call in calls {
      #expect(call.path == "memory")
      #expect(call.error == nil)
      #expect(call.progress.elementCount == 16)
      #expect(call.progress.elementByteCount == byteCount)
      #expect(call.progress.storedByteCount >= byteCount)
      #expect((2...4).contains(call.progress.chunkCount))
      #expect(call.progress.elapsed > .zero)
    }
    // The caller's own monitor follows the calls as before.
    #expect(monitor.progress.elementCount == 32)
    #expect(monitor.progress.totalElementCount == 16)
  }

  @Test("A call that fails is reported with its error")
  func failure() throws {
    let events = Events()
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, writing: ArrayElements.numbered(4), options: ArrayOptions(chunkSize: .rows(2)),
      access: events.access)
    _ = events.take()
    try store.put([1, 2, 3], at: "c/1")
    #expect(throws: ZarrError.self) { try array.read() }
    let calls = events.take()
    #expect(calls.map(\.kind) == [.read])
    #expect(calls[0].error is ZarrError)
  }

  @Test("An appender reports what each checkpoint has stored")
  func appending() throws {
    let events = Events()
    let appender = try Appender.create(
      in: MemoryStore(), options: ArrayOptions(chunkSize: .rows(3)), access: events.access)
    for count in [6, 3] {
      for element in ArrayElements.numbered(count) { try appender.append(blob: element.span.bytes) }
      try appender.checkpoint()
      let stored = events.take()
      #expect(stored.map(\.kind) == [.append])
      #expect(stored.first?.progress.elementCount == count)
    }
    try appender.finish()
  }

  @Test("A long wait for another writer is reported")
  func waiting() throws {
    let events = Events()
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [2], options: ArrayOptions(chunkSize: .rows(2)), access: events.access)
    // Both write a part of one chunk, and hold its lock while the element is made.
    let slow = GeneratedBlobs(count: 1) { _ throws(ChunkError) in
      1
    } initializingWith: { _, output throws(ChunkError) in
      usleep(20_000)
      output.append(7)
    }
    try onThreads(2) { try array.write(blobs: slow, to: [$0..<$0 + 1]) }
    let waits = events.take().filter { $0.kind == .lockWait }
    #expect(waits.count == 1)
    #expect(waits.allSatisfy { $0.progress.elapsed >= .milliseconds(1) })
  }

  @Test("A write that another writer has overtaken is reported when it is done again")
  func retry() throws {
    let events = Events()
    let directory = try StoreDirectory()
    let base = try FileStore(opening: directory.path)
    let options = ArrayOptions(chunkSize: .rows(2))
    let other = try ZarrArray.create(in: base, writing: ["a", "b"], options: options)
    let array = try ZarrArray.open(
      in: StoreInterloper(base) { try other.write(["c", "d"]) }, access: events.access)
    try array.write(["e"], to: [0..<1])
    #expect(events.take().map(\.kind) == [.retry, .write])
    #expect(try other.read().strings() == ["e", "d"])
  }

  @Test("A change of the metadata that another writer has overtaken is reported when it is done again")
  func metadataRetry() throws {
    let events = Events()
    let directory = try StoreDirectory()
    let base = try FileStore(opening: directory.path, usesLocks: false)
    let other = try ZarrArray.create(
      in: base, writing: ["a", "b"], options: ArrayOptions(chunkSize: .rows(2)))
    let array = try ZarrArray.open(
      in: StoreInterloper(base) { try other.resize(to: [1]) }, access: events.access)
    try array.setAttributes(["a": 1])
    #expect(events.take().map(\.kind).contains(.retry))
    try other.reload()
    #expect(other.shape == [1] && other.metadata.attributes == ["a": 1])
  }
}
