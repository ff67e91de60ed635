/// Bytes that no longer change and that any number of threads and views hold together.
///
/// The memory has slack behind its bytes, as ``RawMemory`` says, and is freed with the last holder.
@safe
public final class SharedBytes: Sendable {
  // SAFETY: The memory is written before it gets here and only read from then on.
  private nonisolated(unsafe) let memory: UnsafeMutableRawPointer?

  /// The number of bytes.
  public let byteCount: Int

  /// Takes over memory that ``RawMemory`` allocated.
  init(adopting memory: UnsafeMutableRawPointer?, byteCount: Int) {
    unsafe self.memory = unsafe memory
    self.byteCount = byteCount
  }

  deinit {
    unsafe RawMemory.deallocate(memory)
  }

  /// The bytes.
  ///
  /// - Complexity: O(1)
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: memory, count: byteCount))
      return unsafe _overrideLifetime(bytes, borrowing: self)
    }
  }

  /// The first byte, or `nil` when there is no memory.
  var baseAddress: UnsafeRawPointer? { unsafe UnsafeRawPointer(memory) }
}
