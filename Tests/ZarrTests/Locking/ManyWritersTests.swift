import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Many writers in one process", .timeLimit(.minutes(10)))
struct ManyWritersTests {
  /// How an array is divided.
  enum Division: CaseIterable {
    case chunks
    case shards

    var options: ArrayOptions {
      switch self {
      case .chunks: ArrayOptions(chunkSize: .rows(100))
      case .shards: ArrayOptions(chunkSize: .rows(10), shardSize: .rows(100))
      }
    }
  }

  @Test(
    "Threads that each have the array for themselves lose no element of a chunk or a shard",
    arguments: Division.allCases, [false, true])
  func valuesOfOneArray(division: Division, isFile: Bool) throws {
    let directory = try StoreDirectory()
    let memory = MemoryStore()
    // A store in a directory is opened by each thread.
    @Sendable func store() throws -> any Store { isFile ? try FileStore(opening: directory.path) : memory }
    _ = try ZarrArray.create(in: store(), at: "a", shape: [200], options: division.options)
    try onThreads(20) { thread in
      let array = try ZarrArray.open(in: store(), at: "a")
      for index in stride(from: thread, to: 200, by: 20) {
        try array.write(Array("\(index)".utf8), at: [index])
      }
    }
    #expect(try ZarrArray.open(in: store(), at: "a").read().strings() == (0..<200).map(String.init))
    #expect(try directory.leftLocks() == [])
  }

  @Test("Threads with write-back views of their own lose no element", arguments: Division.allCases)
  func views(division: Division) throws {
    let store = MemoryStore()
    _ = try ZarrArray.create(in: store, shape: [200], options: division.options)
    try onThreads(10) { thread in
      // So little memory that chunks are stored time and again.
      try ZarrArray.open(in: store).withWriteBack(as: [UInt8].self, memoryBudget: 2000) { view in
        for index in stride(from: thread, to: 200, by: 10) {
          try view.write(Array("\(index)".utf8), at: index)
          #expect(try view.read(at: [index]) == Array("\(index)".utf8))
        }
      }
    }
    #expect(try ZarrArray.open(in: store).read().strings() == (0..<200).map(String.init))
  }

  @Test("One who replaces a whole chunk and one who sets an element of it do it one after the other")
  func wholeAndPart() throws {
    let store = MemoryStore()
    // The part is merged only after the whole was to be written: without a lock that would be undone.
    let gate = StoreGate()
    let isArmed = Collected(false)
    let probe = StoreProbe(store) { call in
      if case .read(let key) = call, key.description == "c/0", isArmed.value { gate.open() }
    }
    let options = ArrayOptions(chunkSize: .rows(2))
    let array = try ZarrArray.create(in: probe, writing: ["a", "b"], options: options)
    isArmed.change { $0 = true }
    try onThreads(2) { thread in
      if thread == 0 {
        try array.write(["x"], to: [0..<1])
      } else {
        gate.wait()
        try ZarrArray.open(in: probe).write(["c", "d"])
      }
    }
    #expect(try array.read().strings() == ["c", "d"])
  }

  @Test(
    "Values of one array do not undo each other's changes of the metadata", arguments: ZarrFormat.allCases)
  func metadata(format: ZarrFormat) throws {
    let store = MemoryStore()
    let first = try ZarrArray.create(
      in: store, shape: [1], options: ArrayOptions(chunkSize: .rows(2), zarrFormat: format))
    let second = try ZarrArray.open(in: store)
    try first.setAttributes(["a": 1])
    try second.resize(to: [5])
    #expect(second.metadata.attributes == ["a": 1])
    #expect(first.shape == [1])
    try first.reload()
    #expect(first.shape == [5])
    try first.setAttributes(["b": 2])
    let now = try ZarrArray.open(in: store).metadata
    #expect(now.shape == [5])
    #expect(now.attributes == ["b": 2])
  }

  @Test("An array that was replaced or removed is not taken for the one that was opened")
  func replaced() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, shape: [4], options: ArrayOptions(chunkSize: .rows(2)))
    _ = try ZarrArray.create(
      in: store, shape: [4], options: ArrayOptions(chunkSize: .rows(3), overwrites: true))
    for change in [{ try array.reload() }, { try array.resize(to: [9]) }] {
      let error = #expect(throws: ZarrError.self) { try change() }
      guard case .replaced("memory")? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
    try store.delete(StoreKey("zarr.json"))
    let error = #expect(throws: ZarrError.self) { try array.reload() }
    guard case .notFound? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }
}
