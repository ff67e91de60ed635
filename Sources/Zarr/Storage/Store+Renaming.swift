import ChunkEngine

extension Store {
  public func listDirectory(_ prefix: String) throws -> DirectoryListing {
    DirectoryListing(of: try list(prefix), below: prefix)
  }

  public func rename(_ prefix: String, to target: String) throws {
    try renameByCopying(prefix, to: target)
  }

  /// Copies all values below a prefix to one that is free, and removes them.
  func renameByCopying(_ prefix: String, to target: String) throws {
    let move = PrefixMove(prefix, to: target, in: self)
    try move.checkPrefixes()
    let keys = try list(prefix)
    let isTaken = try !target.isEmpty && byteCount(of: StoreKey(target)) != nil
    if try isTaken || !list(target).isEmpty { throw move.occupied }
    try move.check(keys)
    do {
      var arena = ByteArena()
      for key in keys {
        try copy(key, to: try move.newKey(of: key), with: &arena)
      }
    } catch {
      // Whatever this does, the error that counts is the first one.
      try? deleteAll(target)
      throw error
    }
    for key in keys {
      try delete(key)
    }
  }

  /// Copies a value by parts, which all go through `arena`.
  private func copy(_ key: StoreKey, to target: StoreKey, with arena: inout ByteArena) throws {
    let partByteCount = 8 << 20
    // Somebody may have removed it by now.
    guard let byteCount = try byteCount(of: key) else { return }
    var part = ByteArena()
    swap(&part, &arena)
    defer { swap(&part, &arena) }
    try write(target, byteCount: byteCount) { append in
      for start in stride(from: 0, to: byteCount, by: partByteCount) {
        part.removeAll()
        let range = start..<start + min(partByteCount, byteCount - start)
        guard try read(key, range: range, into: &part), part.count == range.count else {
          throw StoreError.notMoved(
            path: "\(location)/\(key)", target: target.description, reason: "it was changed meanwhile")
        }
        try append(part.bytes)
      }
    }
  }
}
