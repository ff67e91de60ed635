/// Walks the elements of a chunk in wire form, checking every length before it is used.
///
/// A measured kernel, hence the pointers: an element costs one load, two comparisons and one store.
@safe
struct WireFormCursor: ~Copyable {
  private let codec: String
  private let start: UnsafeRawPointer
  private let end: UnsafeRawPointer
  private var position: UnsafeRawPointer

  /// The index of the element that comes next.
  private(set) var index = 0

  /// The number of elements of the chunk.
  let count: Int

  /// Creates a cursor at the first element of `bytes`, which must have `expectedCount` elements.
  ///
  /// - Precondition: `bytes` outlives the cursor.
  init(_ bytes: RawSpan, expectedCount: Int, codec: String) throws(ChunkError) {
    let byteCount = bytes.byteCount
    guard byteCount >= WireForm.headerByteCount else {
      throw .truncatedHeader(codec: codec, byteCount: byteCount, expected: WireForm.headerByteCount)
    }
    let found = Int(bytes.littleEndianUInt32(at: 0))
    guard found == expectedCount else { throw .countMismatch(found: found, expected: expectedCount) }
    guard let start = unsafe bytes.withUnsafeBytes({ $0.baseAddress }) else {
      throw .truncatedHeader(codec: codec, byteCount: 0, expected: WireForm.headerByteCount)
    }
    unsafe self.start = start
    unsafe end = start + byteCount
    unsafe position = start + WireForm.headerByteCount
    count = found
    self.codec = codec
  }

  /// Stores where the bytes of the next elements begin, one for each of `slots`.
  ///
  /// - Complexity: O(*n*) where *n* is the number of slots. Does not allocate.
  mutating func next(into slots: UnsafeMutableBufferPointer<UnsafeRawPointer>) throws(ChunkError) {
    var position = unsafe self.position
    for slot in 0..<slots.count {
      let available = unsafe end - position - WireForm.lengthByteCount
      guard available >= 0 else {
        throw .elementOverrun(index: index + slot, byteCount: 0, available: available)
      }
      let length = Int(UInt32(littleEndian: unsafe position.loadUnaligned(as: UInt32.self)))
      guard length <= available else {
        throw .elementOverrun(index: index + slot, byteCount: length, available: available)
      }
      unsafe position += WireForm.lengthByteCount
      unsafe slots.initializeElement(at: slot, to: position)
      unsafe position += length
    }
    unsafe self.position = unsafe position
    index += slots.count
  }

  /// Checks the next `count` elements and passes them by.
  mutating func skip(_ count: Int) throws(ChunkError) {
    for _ in 0..<count {
      let available = unsafe end - position - WireForm.lengthByteCount
      guard available >= 0 else { throw .elementOverrun(index: index, byteCount: 0, available: available) }
      let length = Int(UInt32(littleEndian: unsafe position.loadUnaligned(as: UInt32.self)))
      guard length <= available else {
        throw .elementOverrun(index: index, byteCount: length, available: available)
      }
      unsafe position += WireForm.lengthByteCount + length
      index += 1
    }
  }

  /// Passes all elements that are left, and checks that nothing follows them.
  mutating func finish() throws(ChunkError) {
    try skip(count - index)
    let trailing = unsafe end - position
    guard trailing == 0 else { throw .trailingBytes(codec: codec, byteCount: trailing) }
  }
}
