/// Bytes that no longer change and that any number of threads and views hold together.
///
/// At least 64 bytes behind them belong to the same allocation and to nobody else, so that kernels may copy
/// short elements in moves of fixed width. Chunks that were decoded by one worker may lie in one allocation,
/// which is freed with the last holder of any of them.
@safe
public final class SharedBytes: Sendable {
  private let allocation: Allocation

  /// Where the bytes begin in the allocation.
  private let offset: Int

  /// The number of bytes.
  public let byteCount: Int

  /// Holds bytes of an allocation, which nobody writes any more.
  ///
  /// - Precondition: They are inside of the allocation.
  init(_ allocation: Allocation, offset: Int = 0, byteCount: Int) {
    precondition(
      offset >= 0 && byteCount >= 0 && offset <= allocation.byteCount - byteCount,
      "there are not as many bytes")
    self.allocation = allocation
    self.offset = offset
    self.byteCount = byteCount
  }

  /// The bytes.
  ///
  /// - Complexity: O(1)
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: baseAddress, count: byteCount))
      return unsafe _overrideLifetime(bytes, borrowing: self)
    }
  }

  /// The first byte.
  var baseAddress: UnsafeRawPointer { unsafe UnsafeRawPointer(allocation.start + offset) }
}
