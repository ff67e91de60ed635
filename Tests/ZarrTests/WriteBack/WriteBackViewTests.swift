import ChunkEngine
import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr

@Suite("Elements set one at a time")
struct WriteBackViewTests {
  private let store = StoreProbe(MemoryStore())

  private func makeArray(
    shape: [Int], chunkShape: [Int], dataType: DataType = .json, in other: (any Store)? = nil,
    access: ArrayAccess = ArrayAccess()
  ) throws -> ZarrArray {
    try ZarrArray.create(
      in: other ?? store, shape: shape,
      options: ArrayOptions(dataType: dataType, chunkSize: .shape(chunkShape)),
      access: access)
  }

  /// How often a chunk was written and read since there were `start` calls.
  private func counts(from start: Int, in store: StoreProbe) -> (writes: Int, reads: Int) {
    let calls = store.calls.dropFirst(start)
    return (
      calls.count { if case .write = $0 { true } else { false } },
      calls.count { if case .read = $0 { true } else { false } }
    )
  }

  @Test("A thousand elements cost one encoding of each chunk, and no reading where chunks become full")
  func full() throws {
    let array = try makeArray(shape: [1000], chunkShape: [100])
    let start = store.calls.count
    try array.withWriteBack(as: JSONValue.self) { view in
      for index in (0..<1000).shuffled() { try view.write(.integer(index), at: index) }
      #expect(counts(from: start, in: store).writes == 0)
    }
    #expect(counts(from: start, in: store) == (10, 0))
    #expect(try array.read(as: JSONValue.self) == (0..<1000).map(JSONValue.integer))
  }

  @Test("Elements that are not set stay as they were")
  func partial() throws {
    let array = try makeArray(shape: [10, 10], chunkShape: [4, 4])
    var expected = (0..<100).map(JSONValue.integer)
    try array.write(expected)
    let start = store.calls.count
    try array.withWriteBack(as: JSONValue.self) { view in
      for index in [0, 9, 35, 36, 99, 53, 9] {
        expected[index] = ["set": .integer(index)]
        try view.write(expected[index], at: index / 10, index % 10)
      }
    }
    // The chunks of (0, 0), (0, 9), (3, 5) with (3, 6), (9, 9) and (5, 3).
    #expect(counts(from: start, in: store) == (5, 5))
    #expect(try array.read(as: JSONValue.self) == expected)
  }

  @Test("What was written is read, whether it is stored or not")
  func reading() throws {
    let array = try makeArray(shape: [20], chunkShape: [5], dataType: .string)
    try array.write((0..<20).map { "\($0)" })
    let view = try WriteBackView(array, of: String.self)
    #expect(try view[3] == "3")
    let start = store.calls.count
    try view.write("three", at: 3)
    #expect(try view[3] == "three")
    #expect(try view[4] == "4")
    #expect(counts(from: start, in: store) == (0, 0), "the chunk is in memory")
    try view.write("", at: 4)
    try view.flush()
    #expect(try array.read([3..<5], as: String.self) == ["three", ""])
    #expect(try view.read(at: [3]) == "three")
    try view.write("drei", at: 3)
    try view.close()
    #expect(try array.read([3..<5], as: String.self) == ["drei", ""])
    #expect(try view[3] == "drei")
  }

  @Test("Elements of chunks that are not stored are the fill value")
  func absent() throws {
    let array = try makeArray(shape: [9], chunkShape: [3], dataType: .number(.int32))
    try array.withWriteBack(as: Int32.self) { view in
      #expect(try view[8] == 0)
      try view.write(-5, at: 7)
      try view.write(0, at: 0)
      #expect(try view[7] == -5)
      #expect(try view[8] == 0)
    }
    #expect(try array.read(as: Int32.self) == [0, 0, 0, 0, 0, 0, 0, -5, 0])
    #expect(try store.list("").count == 2, "a chunk of fill values is not stored")
  }

  @Test("Memory is bounded, and each chunk is written once where they are set one after the other")
  func budget() throws {
    let array = try makeArray(shape: [400], chunkShape: [10], dataType: .bytes)
    let view = try WriteBackView(array, of: [UInt8].self, memoryBudget: 100_000)
    let start = store.calls.count
    for index in 0..<400 {
      try view.write(Array(repeating: UInt8(index % 256), count: 1000), at: index)
    }
    let before = counts(from: start, in: store).writes
    #expect(before >= 30 && before < 40)
    try view.close()
    #expect(counts(from: start, in: store) == (40, 0))
    #expect(
      try array.read(as: [UInt8].self) == (0..<400).map { Array(repeating: UInt8($0 % 256), count: 1000) })
  }

  @Test("The chunks that were used last stay in memory")
  func leastRecentlyUsed() throws {
    let array = try makeArray(shape: [300], chunkShape: [1], dataType: .bytes)
    let view = try WriteBackView(array, of: [UInt8].self, memoryBudget: 20_000)
    let element = [UInt8](repeating: 1, count: 1000)
    for index in 0..<300 {
      try view.write(element, at: index)
      // Used again and again, and so never stored to make room.
      try view.write(element + [UInt8(index % 256)], at: 0)
    }
    let zero = array.key(ofChunkAt: [0])
    #expect(!store.calls.contains(.write(zero)))
    try view.close()
    #expect(store.calls.count { $0 == .write(zero) } == 1)
    #expect(try array.read(at: [0]).count == 1001)
  }

  @Test("A chunk that cannot be stored is not lost")
  func failure() throws {
    let isBroken = Mutex(false)
    let broken = StoreProbe(MemoryStore()) { call in
      if case .write(let key) = call, key.description.hasSuffix("/2"), isBroken.withLock({ $0 }) {
        throw StoreProbe.Failure(number: 7)
      }
    }
    let array = try makeArray(shape: [50], chunkShape: [10], in: broken)
    let view = try WriteBackView(array, of: JSONValue.self)
    for index in 0..<50 { try view.write(.integer(index), at: index) }
    isBroken.withLock { $0 = true }
    #expect(#expect(throws: ZarrError.self) { try view.flush() }?.probeFailure?.number == 7)
    #expect(#expect(throws: ZarrError.self) { try view.close() }?.probeFailure?.number == 7)
    #expect(try view[25] == 25)
    isBroken.withLock { $0 = false }
    let start = broken.calls.count
    try view.close()
    #expect(counts(from: start, in: broken).writes >= 1)
    #expect(try array.read(as: JSONValue.self) == (0..<50).map(JSONValue.integer))
  }

  @Test("When room cannot be made, the error is thrown and nothing is lost")
  func failureToMakeRoom() throws {
    let isBroken = Mutex(true)
    let broken = StoreProbe(MemoryStore()) { call in
      if case .write(let key) = call, key.description.contains("c/"), isBroken.withLock({ $0 }) {
        throw StoreProbe.Failure(number: 8)
      }
    }
    let array = try makeArray(shape: [40], chunkShape: [2], dataType: .string, in: broken)
    let view = try WriteBackView(array, of: String.self, memoryBudget: 1000)
    var failures = 0
    for index in 0..<40 {
      do {
        try view.write("\(index)", at: index)
      } catch {
        #expect(error.probeFailure?.number == 8)
        failures += 1
      }
    }
    #expect(failures > 10)
    isBroken.withLock { $0 = false }
    try view.close()
    #expect(try array.read(as: String.self) == (0..<40).map(String.init))
  }

  @Test("What cannot be an element, or is outside of the array, changes nothing")
  func refusals() throws {
    let array = try makeArray(shape: [4, 2], chunkShape: [2, 2])
    let view = try WriteBackView(array, of: JSONValue.self)
    for indices in [[4, 0], [0, 2], [-1, 0], [0], [0, 0, 0], [Int.max, 0]] {
      #expect(throws: ZarrError.self) { try view.write(1, at: indices) }
      #expect(throws: ZarrError.self) { try view.read(at: indices) }
    }
    let deep = (0..<600).reduce(JSONValue.null) { value, _ in [value] }
    #expect(throws: ZarrError.self) { try view.write(deep, at: 0, 0) }
    #expect(try view[0, 0] == .null)
    #expect(throws: ZarrError.self) { try WriteBackView(array, of: Int.self) }
    #expect(throws: ZarrError.self) { try WriteBackView(array, of: Double.self) }
    let start = store.calls.count
    try view.close()
    #expect(counts(from: start, in: store).writes == 0)
  }

  @Test("What was written before an error is stored")
  func errorInside() throws {
    let array = try makeArray(shape: [4], chunkShape: [4])
    #expect(throws: StoreProbe.Failure()) {
      try array.withWriteBack(as: JSONValue.self) { view in
        try view.write("kept", at: 1)
        throw StoreProbe.Failure()
      }
    }
    #expect(try array.read(as: JSONValue.self) == [.null, "kept", .null, .null])
  }

  @Test("A view that is dropped stores what it has")
  func dropped() throws {
    let array = try makeArray(shape: [4], chunkShape: [4])
    do {
      let view = try WriteBackView(array, of: JSONValue.self)
      try view.write(1, at: 2)
    }
    #expect(try array.read(as: JSONValue.self) == [.null, .null, 1, .null])
  }

  @Test("What others write to a chunk meanwhile is kept")
  func others() throws {
    let array = try makeArray(shape: [4], chunkShape: [4])
    let view = try WriteBackView(array, of: JSONValue.self)
    try view.write("mine", at: 0)
    try array.write("theirs" as JSONValue, at: [3])
    try view.close()
    #expect(try array.read(as: JSONValue.self) == ["mine", .null, .null, "theirs"])
  }

  @Test("Threads set elements of the same chunks")
  func threads() throws {
    let array = try makeArray(shape: [800], chunkShape: [16], dataType: .number(.int64))
    let view = try WriteBackView(array, of: Int.self, memoryBudget: 20_000)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for index in stride(from: thread, to: 800, by: 8) {
        do {
          try view.write(index * 3, at: index)
          let read = try view[index]
          if read != index * 3 { Issue.record("element \(index) is \(read)") }
        } catch {
          Issue.record(error)
        }
      }
    }
    try view.close()
    #expect(try array.read(as: Int.self) == (0..<800).map { $0 * 3 })
  }
}
