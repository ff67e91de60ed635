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
    var copies: [StoreKey] = []
    do {
      var arena = ByteArena()
      for key in keys {
        let newKey = try move.newKey(of: key)
        // Others may have put something there by now, which stays.
        guard try byteCount(of: newKey) == nil else { throw move.occupied }
        copies.append(newKey)
        // Somebody may have removed it by now.
        _ = try copy(key, to: newKey, in: self, with: &arena)
      }
    } catch {
      // Whatever this does, the error that counts is the first one.
      for key in copies { try? delete(key) }
      throw error
    }
    for key in keys {
      try delete(key)
    }
  }
}
