import ChunkEngine

extension Store {
  /// Copies a value to another key or store by parts, which all go through `arena`.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - target: The key that it gets.
  ///   - other: The store that it goes to.
  ///   - arena: Where the parts are meanwhile.
  /// - Returns: The size of the value in bytes, or nil if there is none.
  /// - Throws: ``StoreError``, also if the value is changed meanwhile.
  func copy(
    _ key: StoreKey, to target: StoreKey, in other: any Store, with arena: inout ByteArena
  ) throws -> Int? {
    let partByteCount = 8 << 20
    guard let value = try openValue(key) else { return nil }
    let byteCount = value.byteCount
    var part = ByteArena()
    swap(&part, &arena)
    defer { swap(&part, &arena) }
    try other.write(target, byteCount: byteCount) { append in
      for start in stride(from: 0, to: byteCount, by: partByteCount) {
        part.removeAll()
        let range = start..<start + min(partByteCount, byteCount - start)
        try value.read(range, into: &part)
        guard part.count == range.count else {
          throw StoreError.notMoved(
            path: "\(location)/\(key)", target: target.description, reason: "it was changed meanwhile")
        }
        try append(part.bytes)
      }
    }
    return byteCount
  }
}
