public import ChunkEngine

extension BlobView {
  /// The elements as numbers, where they are, without a copy.
  ///
  ///     let heights = try array.read()
  ///     if let heights = heights.packed(as: Float.self) {
  ///       for index in heights.indices { … heights[index] … }
  ///     }
  ///
  /// - Parameter type: The type of the numbers, which is that of the array.
  /// - Returns: The numbers, or nil if elements have another size than these, or do not lie as they must.
  /// - Complexity: O(1)
  @_lifetime(borrow self)
  public func packed<Number: PackedElement>(as type: Number.Type) -> Span<Number>? {
    guard let bytes = packedBytes, blobs.elementByteCount == MemoryLayout<Number>.stride else { return nil }
    let isAligned = unsafe bytes.withUnsafeBytes { bytes in
      Int(bitPattern: bytes.baseAddress) % MemoryLayout<Number>.alignment == 0
    }
    guard isAligned else { return nil }
    return Span(_bytes: bytes)
  }
}
