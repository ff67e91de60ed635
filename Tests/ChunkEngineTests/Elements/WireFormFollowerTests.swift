import TestSupport
import Testing

@testable import ChunkEngine

@Suite("Wire form that is looked at while it is decoded")
struct WireFormFollowerTests {
  /// Shows a follower the first bytes of a chunk, again and again some more, and returns how many it wanted.
  private func follow(
    _ chunk: [UInt8], by step: Int, _ follower: WireFormFollower
  ) throws(ChunkError) -> Int {
    var shown = 0
    // No memory after the chunk, and none of it is there before it is shown.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk.count, alignment: 1)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0xff)
    repeat {
      let next = min(chunk.count, shown + step)
      memory[shown..<next].copyBytes(from: chunk[shown..<next])
      shown = next
      let decoded = UnsafeRawBufferPointer(rebasing: memory[..<shown]).bytes
      guard try follower.take(decoded, of: chunk.count) else { return shown }
    } while shown < chunk.count
    return shown
  }

  @Test(
    "Damage has the error that it has in a whole chunk, in whatever parts", arguments: DamagedWireForm.all)
  func damage(damage: DamagedWireForm) {
    guard damage.count < 1000 else { return }
    for step in 1...max(1, damage.bytes.count) {
      for runCount in Set([0, damage.count]) {
        let follower = WireFormFollower(codec: "vlen-bytes")
        follower.begin(
          count: damage.count, runs: [ElementRun(chunkIndex: 0, selectionIndex: 0, count: runCount)])
        #expect(throws: damage.error, "\(step)") { try follow(damage.bytes, by: step, follower) }
      }
    }
  }

  @Test("Elements are found in whatever parts", arguments: 1...60)
  func elements(step: Int) throws {
    let elements = (0..<30).map { [UInt8](repeating: UInt8($0), count: $0 * 7 % 19) }
    let chunk = referenceWireForm(elements)
    let runs = [(0, 3), (5, 1), (9, 0), (9, 20)].map {
      ElementRun(chunkIndex: $0, selectionIndex: 0, count: $1)
    }
    let follower = WireFormFollower(codec: "vlen-bytes")
    follower.begin(count: 30, runs: runs)
    #expect(try follow(chunk, by: step, follower) == chunk.count)
    #expect(follower.isDone && follower.payloadByteCount == elements.reduce(0) { $0 + $1.count })
    var count = 0
    follower.show { count = $0.count }
    #expect(count == 24)
  }

  @Test(
    "Nothing is wanted after the last element that is, but for what is decoded with it", arguments: 0..<30)
  func stopping(index: Int) throws {
    let elements = (0..<30).map { [UInt8](repeating: UInt8($0), count: $0 * 7 % 19) }
    let chunk = referenceWireForm(elements)
    let end = 4 + elements[...index].reduce(0) { $0 + 4 + $1.count }
    for step in 1...40 {
      let follower = WireFormFollower(codec: "vlen-bytes")
      follower.begin(
        count: 30, runs: [ElementRun(chunkIndex: index, selectionIndex: 0, count: 1)], stopsAfterRuns: true)
      #expect(try follow(chunk, by: step, follower) == min(chunk.count, (end + step - 1) / step * step))
      #expect(follower.isDone)
    }
  }
}
