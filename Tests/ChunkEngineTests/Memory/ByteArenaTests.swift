import ChunkEngine
import TestSupport
import Testing

@Suite("Byte arena")
struct ByteArenaTests {
  @Test("A new arena has neither bytes nor memory")
  func empty() {
    let arena = ByteArena()
    let (count, capacity, byteCount) = (arena.count, arena.capacity, arena.bytes.byteCount)
    #expect(count == 0 && capacity == 0 && byteCount == 0)
  }

  @Test(
    "An empty arena takes just what is asked for",
    arguments: [0, 1, 63, 64, 65, 4096, 2 << 20, (4 << 20) + 1])
  func exactCapacity(byteCount: Int) throws {
    var arena = ByteArena()
    try arena.reserve(byteCount)
    let capacity = arena.capacity
    #expect(capacity == byteCount)
  }

  @Test("Bytes survive every move to larger memory")
  func growth() throws {
    var arena = ByteArena()
    var expected: [UInt8] = []
    var generator = SeededGenerator(seed: 1)
    for byteCount in [0, 1, 2, 3, 5, 64, 65, 1000, 0, 100_000] {
      let more = generator.bytes(count: byteCount)
      expected += more
      try arena.append(copying: more.span.bytes)
      let found = [UInt8](copying: arena.bytes)
      #expect(found == expected)
    }
  }

  @Test("Many appends move the arena seldom")
  func amortizedGrowth() throws {
    var arena = ByteArena()
    var capacities: Set<Int> = []
    for value in 0..<10_000 {
      try arena.append(littleEndian: UInt32(value))
      capacities.insert(arena.capacity)
    }
    #expect(capacities.count < 40)
  }

  @Test("An emptied arena keeps its memory")
  func reuse() throws {
    var arena = ByteArena()
    try arena.append(copying: bytes(1, 2, 3).span.bytes)
    arena.removeAll()
    let (count, capacity) = (arena.count, arena.capacity)
    #expect(count == 0 && capacity == 3)
  }

  @Test("A truncated arena has the first bytes only")
  func truncation() throws {
    var arena = ByteArena()
    try arena.append(copying: bytes(1, 2, 3, 4).span.bytes)
    arena.truncate(to: 4)
    arena.truncate(to: 1)
    let found = [UInt8](copying: arena.bytes)
    #expect(found == [1])
  }

  @Test("Numbers are little endian, also those that are overwritten")
  func numbers() throws {
    var arena = ByteArena()
    try arena.append(littleEndian: 0)
    try arena.append(littleEndian: 0x0807_0605)
    arena.overwrite(littleEndian: 0x0403_0201, at: 0)
    arena.overwrite(littleEndian: 0x0807_0605, at: 4)
    let found = [UInt8](copying: arena.bytes)
    #expect(found == [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test("An initializer may write less than it asked for, and what it wrote before an error stays")
  func partialInitialization() throws {
    var arena = ByteArena()
    try arena.append(addingCapacity: 10) { output in output.append(7) }
    #expect(throws: ChunkError.sourceChanged) {
      try arena.append(addingCapacity: 10) { output throws(ChunkError) in
        output.append(8)
        throw .sourceChanged
      }
    }
    let found = [UInt8](copying: arena.bytes)
    #expect(found == [7, 8])
  }

  @Test("Raw room is appended as far as it was written")
  func rawRoom() throws {
    var arena = ByteArena()
    try arena.append(copying: bytes(9).span.bytes)
    try arena.appendUnsafe(addingCapacity: 3) { room in
      #expect(room.count == 3)
      room[0] = 1
      room[1] = 2
      return 2
    }
    let found = [UInt8](copying: arena.bytes)
    #expect(found == [9, 1, 2])
  }

  @Test(
    "Sizes that no memory has are an error", arguments: [Int.max, Int.max - 1, Int.max - 63, -1, Int.min])
  func impossibleSizes(byteCount: Int) throws {
    var arena = ByteArena()
    #expect(throws: ChunkError.outOfMemory(byteCount: byteCount)) { try arena.reserve(byteCount) }
    try arena.append(copying: bytes(1, 2).span.bytes)
    #expect(throws: ChunkError.self) { try arena.reserve(byteCount) }
    let found = [UInt8](copying: arena.bytes)
    #expect(found == [1, 2])
  }

  @Test("Taken bytes outlive the arena, which starts anew")
  func takenBytes() throws {
    var arena = ByteArena()
    try arena.append(copying: bytes(1, 2, 3).span.bytes)
    let taken = try arena.takeBytes()
    try arena.append(copying: bytes(4).span.bytes)
    let again = try arena.takeBytes()
    let nothing = try arena.takeBytes()
    #expect([UInt8](copying: taken.bytes) == [1, 2, 3])
    #expect([UInt8](copying: again.bytes) == [4])
    #expect(nothing.byteCount == 0)
    let capacity = arena.capacity
    #expect(capacity == 0)
  }

  @Test("Elements are appended only when all of them could be written")
  func elements() throws {
    var arena = ByteArena()
    try arena.append(littleEndian: 2)
    #expect(throws: ChunkError.sourceChanged) {
      try arena.appendElements(byteCount: 9, maximumElementByteCount: 10) { writer throws(ChunkError) in
        try writer.append(bytes(1).span.bytes)
        try writer.append(bytes(2).span.bytes)
      }
    }
    let count = arena.count
    #expect(count == 4)
    try arena.appendElements(byteCount: 10, maximumElementByteCount: 10) { writer throws(ChunkError) in
      try writer.append(bytes(1).span.bytes)
      try writer.append(bytes(2).span.bytes)
    }
    let found = [UInt8](copying: arena.bytes)
    #expect(found == referenceWireForm([[1], [2]]))
  }

  @Test("To truncate to more than there is, or to fewer than no bytes, is a programming error")
  func truncationPrecondition() async {
    await #expect(processExitsWith: .failure) {
      var arena = ByteArena()
      arena.truncate(to: 1)
    }
    await #expect(processExitsWith: .failure) {
      var arena = ByteArena()
      arena.truncate(to: -1)
    }
  }

  @Test("To overwrite what is not written is a programming error")
  func overwritingPrecondition() async {
    await #expect(processExitsWith: .failure) {
      var arena = ByteArena()
      try arena.append(copying: bytes(1, 2, 3).span.bytes)
      arena.overwrite(littleEndian: 1, at: 0)
    }
  }

  @Test("To claim more raw bytes than there was room for is a programming error")
  func rawRoomPrecondition() async {
    await #expect(processExitsWith: .failure) {
      var arena = ByteArena()
      try arena.appendUnsafe(addingCapacity: 1) { _ in 2 }
    }
  }

  @Test("To append to a full output is a programming error")
  func fullOutputPrecondition() async {
    await #expect(processExitsWith: .failure) {
      var arena = ByteArena()
      try arena.append(addingCapacity: 1) { output in output.append(copying: bytes(1, 2).span.bytes) }
    }
    await #expect(processExitsWith: .failure) {
      var arena = ByteArena()
      try arena.append(addingCapacity: 3) { output in output.append(littleEndian: 1) }
    }
  }
}
