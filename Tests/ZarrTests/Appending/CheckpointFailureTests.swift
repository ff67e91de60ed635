import ChunkEngine
import Synchronization
import TestSupport
import Testing
import Zarr

/// An appender whose store fails, stops or loses what was not synchronized, at every call in turn.
@Suite("Checkpoints of stores that fail", .timeLimit(.minutes(10)))
struct CheckpointFailureTests {
  typealias Layout = CheckpointTests.Layout

  static let layouts = CheckpointTests.layouts

  /// Numbers the calls of a store, and makes some of them fail.
  private final class Faults: Sendable {
    private let count = Atomic(0)
    let isFailing: @Sendable (_ number: Int) -> Bool

    init(_ isFailing: @escaping @Sendable (_ number: Int) -> Bool) { self.isFailing = isFailing }

    var callCount: Int { count.load(ordering: .sequentiallyConsistent) }

    func store(_ base: any Store) -> StoreProbe {
      StoreProbe(base) { _ in
        let number = self.count.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue
        if self.isFailing(number) { throw StoreProbe.Failure(number: number) }
      }
    }
  }

  private static let rowCount = 11

  private func row(_ number: Int, _ layout: Layout) -> [[UInt8]] {
    (0..<layout.rowCount).map { Array("row \(number), element \($0)".utf8) }
  }

  private func rows(_ count: Int, _ layout: Layout) -> [[UInt8]] {
    (0..<count).flatMap { row($0, layout) }
  }

  /// Appends rows to what is there, with a checkpoint after every second one.
  ///
  /// - Returns: The rows that are safe when the work ends or fails.
  private func work(_ layout: Layout, in store: any Store, checkpointed: inout Int) throws {
    let appender: Appender
    var count = 0
    if let array = try? ZarrArray.open(in: store) {
      count = array.shape[0]
      appender = try Appender(to: array, evenChunkByteCount: 30)
    } else {
      appender = try Appender.create(
        in: store, rowShape: layout.rowShape, options: layout.options, access: ArrayAccess(workerCount: 2))
    }
    defer { appender.cancel() }
    while count < Self.rowCount {
      try appender.append(blobs: row(count, layout))
      count += 1
      if count.isMultiple(of: 2) {
        try appender.checkpoint()
        checkpointed = count
      }
    }
    try appender.finish()
    checkpointed = count
  }

  @Test(
    "A store that stops at any call loses nothing of a checkpoint, and work goes on there", arguments: layouts
  )
  func stopping(layout: Layout) throws {
    var last = 0
    while true {
      let stop = last
      let base = MemoryStore()
      let faults = Faults { $0 >= stop }
      var checkpointed = 0
      do {
        try work(layout, in: faults.store(base), checkpointed: &checkpointed)
        #expect(checkpointed == Self.rowCount)
        break
      } catch {
        #expect((error as? ZarrError)?.probeFailure != nil, "stopped at call \(stop)")
      }
      if let array = try? ZarrArray.open(in: base) {
        #expect(array.shape[0] >= checkpointed)
        #expect(try array.read().arrays() == rows(array.shape[0], layout), "stopped at call \(stop)")
      } else {
        #expect(checkpointed == 0)
      }
      try work(layout, in: base, checkpointed: &checkpointed)
      #expect(try ZarrArray.open(in: base).read().arrays() == rows(Self.rowCount, layout))
      last += 1
    }
    #expect(last > 10)
  }

  @Test("A call that fails once is made again, whichever it is", arguments: layouts, [0, 1 << 20])
  func retrying(layout: Layout, memoryBudget: Int) throws {
    var number = 0
    while true {
      let failing = number
      let base = MemoryStore()
      let faults = Faults { $0 == failing }
      let store = faults.store(base)
      func retried<Result>(_ call: () throws -> Result) throws -> Result {
        do { return try call() } catch ZarrError.store(_, is StoreProbe.Failure) { return try call() }
      }
      let appender = try retried {
        try Appender.create(
          in: store, rowShape: layout.rowShape, options: layout.options, memoryBudget: memoryBudget)
      }
      for row in 0..<Self.rowCount {
        for element in self.row(row, layout) {
          try retried { try appender.append(blob: element.span.bytes) }
        }
        if row == 4 { try retried { try appender.checkpoint() } }
      }
      #expect(appender.appendedCount == Self.rowCount * layout.rowCount)
      _ = try retried { try appender.finish() }
      let array = try ZarrArray.open(in: base)
      #expect(try array.read().arrays() == rows(Self.rowCount, layout), "call \(failing) failed")
      guard faults.callCount > failing else { break }
      number += 1
    }
    #expect(number > 3)
  }

  @Test("A retried source continues after the elements that were appended")
  func sources() throws {
    let failing = Atomic(true)
    let store = StoreProbe(MemoryStore()) { call in
      if case .write(let key) = call, key.description.hasPrefix("c/"),
        failing.load(ordering: .sequentiallyConsistent)
      {
        throw StoreProbe.Failure()
      }
    }
    let appender = try Appender.create(
      in: store, options: ArrayOptions(chunkSize: .rows(3)), memoryBudget: 0)
    let elements = ArrayElements.numbered(100)
    for _ in 0..<5 {
      let error = #expect(throws: ZarrError.self) {
        let rest = Array(elements[appender.appendedCount...])
        try appender.append(blobs: rest)
      }
      #expect(error?.probeFailure != nil)
      #expect(appender.appendedCount < 20)
    }
    failing.store(false, ordering: .sequentiallyConsistent)
    let rest = Array(elements[appender.appendedCount...])
    try appender.append(blobs: rest)
    #expect(try appender.finish().read().arrays() == elements)
  }

  @Test("A crash of the machine loses nothing of a checkpoint", arguments: layouts, [1, 2, 3])
  func machineCrash(layout: Layout, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var stop = 0
    while true {
      let volatile = StoreVolatile()
      let limit = stop
      // Before or after a call, which is when a checkpoint has or has not returned.
      let count = Atomic(0)
      let store = StoreProbe(volatile) { _ in
        if count.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue >= limit {
          throw StoreProbe.Failure()
        }
      }
      var checkpointed = 0
      let isDone = (try? work(layout, in: store, checkpointed: &checkpointed)) != nil
      let found = try volatile.crash(using: &generator)
      if let array = try? ZarrArray.open(in: found) {
        #expect(array.shape[0] >= checkpointed)
        #expect(try array.read().arrays() == rows(array.shape[0], layout), "seed \(seed), call \(stop)")
      } else {
        #expect(checkpointed == 0)
      }
      if isDone { break }
      stop += 1
    }
  }

  @Test("The shape is the last thing that is written, also of an array that is created with its elements")
  func documentsLast() throws {
    let probe = StoreProbe(MemoryStore())
    try ZarrArray.create(
      in: probe, writing: ArrayElements.numbered(20), options: ArrayOptions(chunkSize: .rows(3)))
    let writes = probe.calls.compactMap { if case .write(let key) = $0 { key.description } else { nil } }
    #expect(writes.last == "zarr.json")
    #expect(writes.count { $0 == "zarr.json" } == 1)
    #expect(writes.count == 8)
  }
}
