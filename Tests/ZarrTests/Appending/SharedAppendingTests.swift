import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Several appenders to one array", .timeLimit(.minutes(10)))
struct SharedAppendingTests {
  /// How an array is divided, with chunks that the elements of a test do not fill evenly.
  enum Division: CaseIterable {
    case chunks
    case shards
    case evenChunks
    case version2

    var options: ArrayOptions {
      switch self {
      case .chunks: ArrayOptions(dataType: .string, chunkSize: .rows(7))
      case .shards: ArrayOptions(dataType: .string, chunkSize: .rows(3), shardSize: .rows(12))
      case .evenChunks: ArrayOptions(dataType: .string, chunkSize: .evenBytes(60))
      case .version2: ArrayOptions(dataType: .string, chunkSize: .rows(7), zarrFormat: .version2)
      }
    }
  }

  private func array(_ division: Division = .chunks, in store: any Store = MemoryStore()) throws -> ZarrArray
  {
    try Appender.create(in: store, options: division.options).finish()
  }

  @Test("Appenders take turns, and each continues after the others", arguments: Division.allCases)
  func turns(division: Division) throws {
    let directory = try StoreDirectory()
    for store in [MemoryStore(), try FileStore(opening: directory.path)] as [any Store] {
      let array = try array(division, in: store)
      // One of them uses the same value of the array, the other one its own.
      let appenders = [try Appender(to: array), try Appender(to: ZarrArray.open(in: store))]
      var expected: [String] = []
      for (round, count) in [5, 1, 8, 2, 2, 30, 7, 1].enumerated() {
        let elements = (0..<count).map { "\(round) \($0)" }
        let appender = appenders[round % 2]
        try appender.append(contentsOf: elements.prefix(1))
        try appender.append(contentsOf: Array(elements.dropFirst()))
        try appender.checkpoint()
        expected += elements
        #expect(try ZarrArray.open(in: store).read().strings() == expected)
      }
      #expect(appenders.map(\.appendedCount) == [22, 34])
      for appender in appenders { try appender.finish() }
      #expect(try ZarrArray.open(in: store).read().strings() == expected)
    }
    #expect(try directory.leftLocks() == [])
  }

  @Test("Who cannot wait any longer is told who appends, and loses nothing")
  func timeout() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(opening: directory.path)
    let array = try array(in: store)
    let first = try Appender(to: array)
    let second = try Appender(to: array, lockTimeout: .milliseconds(20))
    let third = try Appender(to: ZarrArray.open(in: FileStore(opening: directory.path)), lockTimeout: .zero)
    try first.append(contentsOf: ["a", "b"])
    for appender in [second, third] {
      let error = #expect(throws: ZarrError.self) { try appender.append(contentsOf: ["c"]) }?.storeError
      guard case .locked? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
      #expect(appender.appendedCount == 0)
      // Without elements there is nothing to wait for.
      try appender.checkpoint()
    }
    try first.checkpoint()
    try second.append(contentsOf: ["c"])
    try second.finish()
    try first.append(contentsOf: ["d"])
    first.cancel()
    try third.append(contentsOf: ["e"])
    try third.finish()
    #expect(try ZarrArray.open(in: store).read().strings() == ["a", "b", "c", "e"])
  }

  @Test("An appender that is dropped lets others append")
  func dropped() throws {
    let array = try array()
    func appendAndForget() throws {
      let appender = try Appender(to: array)
      for index in 0..<100 { try appender.append(contentsOf: ["\(index)"]) }
    }
    try appendAndForget()
    let appender = try Appender(to: array, lockTimeout: .zero)
    try appender.append(contentsOf: ["x"])
    #expect(try appender.finish().read().strings() == ["x"])
  }

  @Test("Many threads append at once, and readers see nothing but whole checkpoints")
  func threads() throws {
    let store = MemoryStore()
    _ = try array(in: store)
    try onThreads(12) { thread in
      if thread < 4 {
        for _ in 0..<20 {
          let elements = try ZarrArray.open(in: store).read().strings()
          #expect(elements.count.isMultiple(of: 5) && !elements.contains(""))
        }
        return
      }
      let appender = try Appender(to: ZarrArray.open(in: store))
      for round in 0..<6 {
        try appender.append(contentsOf: (0..<5).map { "\(thread) \(round) \($0)" })
        try appender.checkpoint()
      }
      try appender.finish()
    }
    let elements = try ZarrArray.open(in: store).read().strings()
    let expected = (4..<12).flatMap { thread in
      (0..<6).flatMap { round in (0..<5).map { "\(thread) \(round) \($0)" } }
    }
    // Sorted by thread they are in order, and each checkpoint is in one piece.
    for thread in 4..<12 {
      #expect(
        elements.filter { $0.hasPrefix("\(thread) ") } == expected.filter { $0.hasPrefix("\(thread) ") })
    }
    #expect(elements.count == expected.count)
    for start in stride(from: 0, to: elements.count, by: 5) {
      #expect(Set(elements[start..<start + 5].map { $0.dropLast(2) }).count == 1)
    }
  }

  @Test("Where there are no locks, an appender whose array was resized by others is an error")
  func noLocks() throws {
    let base = MemoryStore()
    _ = try array(in: base)
    // Two machines that do not know of each other.
    let appenders = try (0..<2).map { _ in
      try Appender(to: ZarrArray.open(in: StoreWithoutLocks(base)))
    }
    for (number, appender) in appenders.enumerated() {
      try appender.append(contentsOf: (0..<10).map { "\(number) \($0)" })
    }
    try appenders[0].finish()
    let error = #expect(throws: ZarrError.self) { try appenders[1].finish() }
    #expect(error?.storeError == .lockLost(path: "memory"))
    #expect(try ZarrArray.open(in: base).shape == [10])
  }

  @Test("Rows are filled in place, by several appenders at once", arguments: [Division.chunks, .shards])
  func filling(division: Division) throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, shape: [100], options: division.options)
    let regions = array.alignedRegions(count: 4)
    let appenders = try regions.map { try Appender(filling: $0.ranges[0], of: array) }
    for step in 0..<100 {
      for (region, appender) in zip(regions, appenders) where step < region.ranges[0].count {
        try appender.append(contentsOf: ["\(region.ranges[0].lowerBound + step)"])
      }
    }
    for (number, appender) in appenders.enumerated() {
      // The last chunk extends past the end of the array.
      if number < 3 {
        #expect(throws: ZarrError.self) { try appender.append(contentsOf: ["one too many"]) }
      }
      try appender.finish()
    }
    #expect(try array.read().strings() == (0..<100).map(String.init))
    #expect(try ZarrArray.open(in: store).shape == [100])
  }

  @Test("Rows that are not whole chunks, or not all filled, are an error")
  func fillingErrors() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: (0..<17).map(String.init), options: ArrayOptions(chunkSize: .rows(5)))
    for rows in [1..<5, 0..<4, 15..<16, 5..<11] {
      let error = #expect(throws: ZarrError.self) { try Appender(filling: rows, of: array) }
      guard case .notWritable? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
    #expect(throws: ZarrError.self) { try Appender(filling: 15..<20, of: array) }

    let few = try Appender(filling: 5..<15, of: array)
    try few.append(contentsOf: ["a", "b"])
    #expect(throws: ZarrError.self) { try few.finish() }
    few.cancel()
    // The last chunk has places that are no part of the array.
    let many = try Appender(filling: 15..<17, of: array)
    try many.append(contentsOf: ["a", "b", "c"])
    #expect(throws: ZarrError.self) { try many.finish() }
    many.cancel()
    let none = try Appender(filling: 10..<10, of: array)
    #expect(throws: ZarrError.self) { try none.append(contentsOf: ["a"]) }
    try none.finish()
    #expect(try array.read().strings() == (0..<17).map(String.init))
  }
}
