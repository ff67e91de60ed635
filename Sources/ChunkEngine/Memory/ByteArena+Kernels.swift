extension ByteArena {
  /// Appends `byteCount` bytes that `kernel` makes of `source`.
  ///
  /// - Parameters:
  ///   - byteCount: What the kernel writes.
  ///   - source: What the kernel reads.
  ///   - kernel: Is handed the first byte of `source` and the first of the memory for `byteCount` bytes, and
  ///     writes all of these. It is not called if there is nothing to read or nothing to write.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `kernel` throws; the arena is then as before.
  /// - Complexity: That of the kernel.
  mutating func append(
    byteCount: Int, from source: RawSpan,
    _ kernel: (UnsafeRawPointer, UnsafeMutableRawPointer) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    try append(addingCapacity: byteCount) { output throws(ChunkError) in
      try unsafe output.appendUnsafe { target throws(ChunkError) in
        guard byteCount > 0, let target = target.baseAddress,
          let source = unsafe source.withUnsafeBytes({ $0.baseAddress })
        else { return 0 }
        // SAFETY: The span outlives this call, so its first byte is there during it.
        try unsafe kernel(source, target)
        return byteCount
      }
    }
  }
}
