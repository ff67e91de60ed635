/// Elements that somebody else keeps, in C order: what `Span` is to an array.
///
/// The compiler does not let a span, nor an element of it, outlive the memory of the elements.
@safe
public struct BlobSpan: ~Escapable {
  private let slots: UnsafePointer<UnsafeRawPointer>?

  /// From the slot of an element to that of the next: 1, or 0 where all are the same element.
  private let stride: Int

  /// The number of elements.
  public let count: Int

  @_lifetime(immortal)
  init(slots: UnsafePointer<UnsafeRawPointer>?, count: Int, stride: Int = 1) {
    unsafe self.slots = unsafe slots
    self.stride = stride
    self.count = count
  }

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
    var total = 0
    for index in indices {
      unsafe total += element(index).count
    }
    return total
  }

  /// The bytes of the element at `index`, for kernels.
  @inline(__always)
  func element(_ index: Int) -> UnsafeRawBufferPointer {
    guard index >= 0, index < count, let slots = unsafe slots else {
      preconditionFailure("index \(index) is outside of \(count) elements")
    }
    let start = unsafe slots[index &* stride]
    // SAFETY: A slot points behind the length of an element whose bytes were checked to be there.
    let length = unsafe (start - WireForm.lengthByteCount).loadUnaligned(as: UInt32.self)
    return unsafe UnsafeRawBufferPointer(start: start, count: Int(UInt32(littleEndian: length)))
  }
}
