import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Arrays and threads", .timeLimit(.minutes(10)))
struct ArrayConcurrencyTests {
  private let options = ArrayOptions(chunkSize: .rows(100), compressors: [])

  @Test("Threads that write elements of one chunk lose none", arguments: [2, 100])
  func sameChunk(threadCount: Int) throws {
    let directory = try StoreDirectory()
    for store in [MemoryStore(), try FileStore(opening: directory.path)] as [any Store] {
      let array = try ZarrArray.create(in: store, shape: [100], options: options)
      try onThreads(threadCount) { thread in
        for index in stride(from: thread, to: 100, by: threadCount) {
          try array.write(Array("\(index)".utf8), at: [index])
        }
      }
      #expect(try array.read().strings() == (0..<100).map(String.init))
    }
  }

  @Test("Threads that write regions which cross each other's chunks lose no element")
  func crossingRegions() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [24, 24],
      options: ArrayOptions(chunkSize: .shape([7, 5]), compressors: [.zstd()]),
      access: ArrayAccess(workerCount: 3)
    )
    try onThreads(12) { thread in
      // Two rows each.
      let rows = thread * 2..<thread * 2 + 2
      for column in stride(from: 0, to: 24, by: 4) {
        let elements = (0..<8).map { Array("\(thread)/\(column)/\($0)".utf8) }
        try array.write(elements, to: [rows, column..<column + 4])
      }
    }
    for thread in 0..<12 {
      for column in stride(from: 0, to: 24, by: 4) {
        let found = try array.read([thread * 2..<thread * 2 + 2, column..<column + 4]).strings()
        #expect(found == (0..<8).map { "\(thread)/\(column)/\($0)" })
      }
    }
  }

  @Test("Threads that read while another writes see old or new elements, and nothing else")
  func readersAndWriter() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [40], options: ArrayOptions(chunkSize: .rows(10), compressors: [.lz4()]))
    try array.write([[UInt8]](repeating: [1, 1, 1], count: 40))
    try onThreads(6) { thread in
      for round in 0..<30 {
        if thread == 0 {
          try array.write([[UInt8]](repeating: [UInt8](repeating: UInt8(round), count: round), count: 40))
        } else {
          for element in try array.read().arrays() where element != [1, 1, 1] {
            #expect(element.allSatisfy { Int($0) == element.count })
          }
        }
      }
    }
  }

  @Test(
    "A worker's call reads and writes other arrays, and its own", arguments: [1, 8], [1, 8])
  func nestedCalls(outerWorkerCount: Int, innerWorkerCount: Int) throws {
    let elements = ArrayElements.numbered(60)
    func makeArray(_ workerCount: Int) throws -> ZarrArray {
      try ZarrArray.create(
        in: MemoryStore(), writing: elements,
        options: ArrayOptions(chunkSize: .rows(4), compressors: [.zstd()]),
        access: ArrayAccess(workerCount: workerCount))
    }
    let outer = try makeArray(outerWorkerCount)
    let inner = try makeArray(innerWorkerCount)
    let target = try makeArray(innerWorkerCount)
    let seen = Collected(0)
    try outer.scan { region, found in
      #expect(try inner.read(region).arrays() == outer.read(region).arrays())
      try inner.scan(region) { _, deeper in
        let index = region.ranges[0].lowerBound
        let element = try outer.read(at: [index])
        #expect(element == elements[index])
        let count = deeper.count
        seen.change { $0 += count }
      }
      try target.write((0..<found.count).map { _ in [7] as [UInt8] }, to: region)
    }
    #expect(seen.value == 60)
    #expect(try target.read().arrays() == [[UInt8]](repeating: [7], count: 60))

    // A source that reads, while its chunk is locked.
    let copy = GeneratedBlobs(count: 60, byteCount: { elements[$0].count }) {
      index, output throws(ChunkError) in
      guard let element = try? inner.read(at: [index]) else { throw .sourceFailed(reason: "test") }
      for byte in element { output.append(byte) }
    }
    try outer.write(blobs: copy)
    #expect(try outer.read().arrays() == elements)
  }

  @Test("An appender is filled while another array is scanned")
  func appendingWhileScanning() throws {
    let source = try ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(500), options: ArrayOptions(chunkSize: .rows(7)),
      access: ArrayAccess(workerCount: 1))
    let target = MemoryStore()
    let appender = try Appender.create(
      in: target, options: ArrayOptions(chunkSize: .rows(3)), access: ArrayAccess(workerCount: 8),
      memoryBudget: 0)
    // One worker, so one thread at a time, and the chunks in order.
    nonisolated(unsafe) let shared = appender
    try source.scan { _, elements in
      for index in elements.indices { try shared.append(blob: elements[index]) }
    }
    #expect(try appender.finish().read().arrays() == ArrayElements.numbered(500))
  }

  @Test("An error stops the work, and names the lowest chunk of those that failed", arguments: [1, 8])
  func firstError(workerCount: Int) throws {
    let probe = StoreProbe(MemoryStore()) { call in
      if case .read(let key) = call, key.description.hasPrefix("c/") {
        throw StoreProbe.Failure(number: Int(key.description.dropFirst(2)) ?? -1)
      }
    }
    let array = try ZarrArray.create(
      in: probe, shape: [1000], options: ArrayOptions(chunkSize: .rows(1)),
      access: ArrayAccess(workerCount: workerCount))
    let before = probe.calls.count
    let error = #expect(throws: ZarrError.self) { try array.read() }?.probeFailure
    // Workers take chunks in order, so the lowest that failed is one of the first.
    #expect((0..<workerCount).contains(error?.number ?? -1))
    #expect(probe.calls.count - before <= workerCount)
    #expect(throws: ZarrError.self) { try array.scan { _, _ in } }
  }

  @Test("What a scan's body throws comes out as it is")
  func bodyError() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(10), options: ArrayOptions(chunkSize: .rows(3)))
    #expect(throws: StoreProbe.Failure(number: 4)) {
      try array.scan { _, _ in throw StoreProbe.Failure(number: 4) }
    }
    // And the workers are as good as new.
    #expect(try array.read().arrays() == ArrayElements.numbered(10))
  }
}
