/// Elements that somebody else keeps, in C order: what `Span` is to an array.
///
/// The compiler does not let a span, nor an element of it, outlive the memory of the elements.
@safe
public struct BlobSpan: ~Escapable {
  private let slots: UnsafePointer<UnsafeRawPointer>?

  /// The first element, if all have the same size and there are no slots.
  private let packed: UnsafeRawPointer?

  /// The bytes of every element, if all have the same size, or -1.
  private let fixedByteCount: Int

  /// From the slot of an element to that of the next: 1, or 0 where all are the same element.
  private let stride: Int

  /// The number of elements.
  public let count: Int

  /// Shows the elements that slots point to, behind their lengths.
  @_lifetime(immortal)
  init(slots: UnsafePointer<UnsafeRawPointer>?, count: Int, stride: Int = 1) {
    unsafe self.slots = unsafe slots
    unsafe packed = nil
    fixedByteCount = -1
    self.stride = stride
    self.count = count
  }

  /// Shows elements of one size: back to back, or the same one again and again if `isRepeated`.
  @_lifetime(immortal)
  init(packed: UnsafeRawPointer, elementByteCount: Int, count: Int, isRepeated: Bool = false) {
    unsafe slots = nil
    unsafe self.packed = unsafe packed
    fixedByteCount = elementByteCount
    stride = isRepeated ? 0 : 1
    self.count = count
  }

  /// The elements back to back, or nil if they are of variable size, or one is shown again and again.
  public var packedBytes: RawSpan? {
    @_lifetime(copy self)
    get {
      guard let packed = unsafe packed, stride == 1 || count <= 1 else { return nil }
      // SAFETY: Whoever made the span has as many elements there, so the product is in range.
      let bytes = unsafe RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(start: packed, count: count &* fixedByteCount))
      return unsafe _overrideLifetime(bytes, copying: self)
    }
  }

  /// The bytes of every element, if all have the same size because their type says so.
  public var elementByteCount: Int? { fixedByteCount < 0 ? nil : fixedByteCount }

  /// Whether there are no elements.
  public var isEmpty: Bool { count == 0 }

  /// The indices of the elements.
  public var indices: Range<Int> { 0..<count }

  /// The bytes of the element at `index`.
  ///
  /// - Precondition: `index` is in ``indices``.
  /// - Complexity: O(1). Copies nothing.
  public subscript(index: Int) -> RawSpan {
    @_lifetime(copy self)
    get {
      let element = unsafe RawSpan(_unsafeBytes: element(index))
      return unsafe _overrideLifetime(element, copying: self)
    }
  }

  /// The number of bytes of all elements together, without their lengths.
  ///
  /// - Complexity: O(*n*) where *n* is the number of elements.
  public var byteCount: Int {
    if fixedByteCount >= 0 { return count &* fixedByteCount }
    var total = 0
    for index in indices {
      unsafe total += element(index).count
    }
    return total
  }

  /// The bytes of the element at `index`, for kernels.
  @inline(__always)
  func element(_ index: Int) -> UnsafeRawBufferPointer {
    guard index >= 0, index < count else {
      preconditionFailure("index \(index) is outside of \(count) elements")
    }
    guard let slots = unsafe slots else { return unsafe packedElement(index) }
    let start = unsafe slots[index &* stride]
    // SAFETY: A slot points behind the length of an element whose bytes were checked to be there.
    let length = unsafe (start - WireForm.lengthByteCount).loadUnaligned(as: UInt32.self)
    return unsafe UnsafeRawBufferPointer(start: start, count: Int(UInt32(littleEndian: length)))
  }

  /// The bytes of an element of fixed size.
  ///
  /// - Precondition: The index is inside of the elements.
  private func packedElement(_ index: Int) -> UnsafeRawBufferPointer {
    guard let packed = unsafe packed else { preconditionFailure("there are elements and no memory of them") }
    return unsafe UnsafeRawBufferPointer(
      start: packed + index &* stride &* fixedByteCount, count: fixedByteCount)
  }
}
