import ChunkEngine

extension Store {
  /// Copies a value to another key or store by parts, which all go through `arena`.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - target: The key that it gets.
  ///   - other: The store that it goes to.
  ///   - arena: Where the parts are meanwhile.
  ///   - requests: What makes room for the parts, if many values are copied at a time.
  /// - Returns: The size of the value in bytes, or nil if there is none.
  /// - Throws: ``StoreError``, also if the value is changed meanwhile.
  func copy(
    _ key: StoreKey, to target: StoreKey, in other: any Store, with arena: inout ByteArena,
    _ requests: ManyRequests? = nil
  ) throws -> Int? {
    let partByteCount = 8 << 20
    guard let value = try openValue(key) else { return nil }
    let byteCount = value.byteCount
    let heldByteCount = min(byteCount, partByteCount)
    requests?.begin(heldByteCount)
    defer {
      if let requests {
        arena = ByteArena()
        requests.end(heldByteCount)
      }
    }
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
        // Another writer may have removed it by now.
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

/// Another prefix for the keys below one, and the rules that this follows in every store.
struct PrefixMove {
  private let prefix: String
  private let target: String
  private let location: String

  /// Plans a move.
  init(_ prefix: String, to target: String, in store: any Store) {
    self.prefix = prefix
    self.target = target
    location = store.location
  }

  /// Whether a key is one of those that get another prefix.
  func takes(_ key: StoreKey) -> Bool { Self.isBelow(key.description, prefix) }

  /// Whether a key is one of those that get another prefix, or is where they go.
  func involves(_ key: StoreKey) -> Bool { takes(key) || isInTheWay(key) }

  /// The key that a value gets.
  func newKey(of key: StoreKey) throws(StoreError) -> StoreKey {
    let suffix = String(Substring(key.description.utf8.dropFirst(prefix.isEmpty ? 0 : prefix.utf8.count + 1)))
    return try StoreKey(target.isEmpty ? suffix : "\(target)/\(suffix)")
  }

  /// Checks that the two prefixes are ones, and neither is inside of the other's place.
  func checkPrefixes() throws(StoreError) {
    for text in [prefix, target] where !text.isEmpty {
      _ = try StoreKey(text)
    }
    if prefix.isEmpty || Self.isBelow(target, prefix) {
      throw refusal("it cannot be moved into itself")
    }
    if ExactString(prefix) == ExactString(target) {
      throw refusal("it is there already")
    }
  }

  /// Checks that there is something to move, and nothing where it goes.
  ///
  /// - Parameter keys: All keys that the move involves.
  /// - Throws: ``StoreError/notMoved(path:target:reason:)`` and ``StoreError/invalidKey(_:reason:)``.
  func check(_ keys: [StoreKey]) throws(StoreError) {
    try checkPrefixes()
    if keys.contains(where: isInTheWay) { throw occupied }
    if !keys.contains(where: takes) { throw nothing }
  }

  /// There is nothing to move.
  var nothing: StoreError { refusal("there is nothing below it") }

  /// There is something where the values would go.
  var occupied: StoreError { refusal("there is something already") }

  private func isInTheWay(_ key: StoreKey) -> Bool {
    Self.isBelow(key.description, target) || ExactString(key.description) == ExactString(target)
  }

  private static func isBelow(_ text: String, _ prefix: String) -> Bool {
    prefix.isEmpty
      || text.utf8.count > prefix.utf8.count && text.utf8.starts(with: prefix.utf8)
        && text.utf8.dropFirst(prefix.utf8.count).first == UInt8(ascii: "/")
  }

  private func refusal(_ reason: String) -> StoreError {
    .notMoved(path: "\(location)/\(prefix)", target: target, reason: reason)
  }
}
