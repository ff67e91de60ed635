import TestSupport
import Testing

@testable import ChunkEngine

@Suite("Wire form cursor")
struct WireFormCursorTests {
  @Test("Damage has an error of its own", arguments: DamagedWireForm.all)
  func damage(damage: DamagedWireForm) throws {
    // No memory after the chunk: AddressSanitizer sees what is read there.
    withAllocation(damage.bytes) { start in
      let bytes = UnsafeRawBufferPointer(start: start, count: damage.bytes.count).bytes
      #expect(throws: damage.error) {
        var cursor = try WireFormCursor(bytes, expectedCount: damage.count, codec: "vlen-bytes")
        try cursor.finish()
      }
      guard damage.count < 10 else { return }
      let slots = UnsafeMutableBufferPointer<UnsafeRawPointer>.allocate(capacity: damage.count)
      defer { slots.deallocate() }
      #expect(throws: damage.error) {
        var cursor = try WireFormCursor(bytes, expectedCount: damage.count, codec: "vlen-bytes")
        try cursor.next(into: slots)
        try cursor.finish()
      }
    }
  }

  @Test("Elements can be passed by in any steps")
  func skipping() throws {
    let chunk = referenceWireForm([[1], [], [2, 3], [4]])
    var cursor = try WireFormCursor(chunk.span.bytes, expectedCount: 4, codec: "vlen-bytes")
    try cursor.skip(0)
    try cursor.skip(1)
    try cursor.skip(2)
    let index = cursor.index
    #expect(index == 3)
    try cursor.finish()
    try cursor.finish()
  }

  @Test("A chunk of no elements has a header only")
  func noElements() throws {
    let header = bytes(0, 0, 0, 0)
    var cursor = try WireFormCursor(header.span.bytes, expectedCount: 0, codec: "vlen-bytes")
    try cursor.finish()
    let more = bytes(0, 0, 0, 0, 0)
    var longer = try WireFormCursor(more.span.bytes, expectedCount: 0, codec: "vlen-bytes")
    var failure: ChunkError?
    do throws(ChunkError) { try longer.finish() } catch { failure = error }
    #expect(failure == .trailingBytes(codec: "vlen-bytes", byteCount: 1))
  }
}
