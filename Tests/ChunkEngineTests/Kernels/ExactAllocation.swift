/// Calls `body` with the address of a copy of `bytes` that ends with its allocation.
///
/// The copy begins `alignment` bytes into the allocation. AddressSanitizer then sees every read after the
/// bytes and, where `alignment` is 0, every read before them.
func withAllocation<Result>(
  _ bytes: some Collection<UInt8>, alignment: Int = 0, _ body: (UnsafeRawPointer?) throws -> Result
) rethrows -> Result {
  let allocation = UnsafeMutableRawBufferPointer.allocate(byteCount: alignment + bytes.count, alignment: 16)
  defer { allocation.deallocate() }
  let copy = UnsafeMutableRawBufferPointer(rebasing: allocation[alignment...])
  copy.copyBytes(from: bytes)
  return try body(UnsafeRawPointer(copy.baseAddress))
}
