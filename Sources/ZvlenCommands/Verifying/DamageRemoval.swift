import ChunkEngine
import Zarr
import ZarrPlatform

/// Removes damaged chunks from arrays, and keeps them in a directory.
struct DamageRemoval {
  /// The path of the directory, or nil if chunks are deleted.
  private let asidePath: String?

  /// The number of bytes to read at a time.
  private static let blockByteCount = 4 << 20

  /// Prepares for a node.
  ///
  /// - Parameters:
  ///   - node: The path of its directory, or nil if it has none.
  ///   - asidePath: The directory for the chunks, or nil to delete them.
  /// - Throws: ``ToolError`` if the directory is part of an array or group, or could be.
  init(from node: String?, keepingIn asidePath: String?) throws {
    self.asidePath = asidePath
    guard let asidePath else { return }
    let (node, aside) = (node.map(Self.resolve), Self.resolve(asidePath))
    let advice = "; name another directory with --aside"
    if let node, aside.starts(with: node) || node.starts(with: aside) {
      throw ToolError("one of \(asidePath) and the array or group is inside the other\(advice)")
    }
    if Self.kind(of: aside) != nil { throw ToolError("\(asidePath) is itself an array or group\(advice)") }
    for count in aside.indices where Self.kind(of: aside.prefix(count)) == .array {
      throw ToolError("\(asidePath) is inside another array\(advice)")
    }
  }

  /// The default directory, beside a node and named after it.
  static func standardPath(beside node: String) -> String {
    let isNamed = ![nil, ".", ".."].contains(FilePath.names(in: node).last)
    return (isNamed ? node : "/" + resolve(node).joined(separator: "/")) + ".damaged"
  }

  /// Removes a damaged chunk from an array, or the damaged inner chunks from a shard.
  ///
  /// - Returns: The removed chunks, and the path of the kept copy if it does not have the name of the chunk.
  /// - Throws: What reading and removing the chunk throws. Nothing has changed then.
  func run(_ array: ZarrArray, _ indices: [Int]) throws -> (chunks: [DamagedChunk], place: String?) {
    var place: String?
    let chunks = try array.removeDamage(ofChunkAt: indices) { value in
      place = try keep(value, as: array.key(ofChunkAt: indices))
    }
    return (chunks, place)
  }

  /// Keeps a copy of a value, and returns its path if another file has the name of the value.
  private func keep(_ value: any StoredValue, as key: StoreKey) throws -> String? {
    guard let asidePath else { return nil }
    let store = try FileStore(creating: asidePath, durability: .durable)
    var name = key
    var number = 1
    while try !isFree(name, in: store, for: value) {
      number += 1
      name = try StoreKey("\(key)-\(number)")
    }
    // A repair that was stopped may have kept the same bytes. They are written again, to be durable.
    try store.write(name, byteCount: value.byteCount) { append in
      try Self.forEachBlock(of: value) { try append($0) }
    }
    return name == key ? nil : "\(asidePath)/\(name)"
  }

  /// Whether a name is free, or names a value with the same bytes.
  private func isFree(_ name: StoreKey, in store: FileStore, for value: any StoredValue) throws -> Bool {
    let other: any StoredValue
    do {
      guard let found = try store.openValue(name) else { return true }
      other = found
    } catch StoreError.system(_, _, EISDIR) {
      return false
    }
    guard other.byteCount == value.byteCount else { return false }
    var isSame = true
    var arena = ByteArena()
    var start = 0
    try Self.forEachBlock(of: value) { block in
      guard isSame else { return }
      arena.removeAll()
      try other.read(start..<start + block.byteCount, into: &arena)
      isSame = arena.count == block.byteCount && arena.bytes.isEqual(to: block)
      start += block.byteCount
    }
    return isSame
  }

  /// Passes all bytes of a value to `body`.
  ///
  /// - Throws: ``ToolError`` if the value has become shorter, and what `body` throws.
  private static func forEachBlock(of value: any StoredValue, _ body: (RawSpan) throws -> Void) throws {
    var arena = ByteArena()
    var start = 0
    while start < value.byteCount {
      arena.removeAll()
      let end = start + min(value.byteCount - start, blockByteCount)
      try value.read(start..<end, into: &arena)
      guard arena.count == end - start else { throw ToolError("a chunk became shorter while it was copied") }
      try body(arena.bytes)
      start = end
    }
  }

  /// The names on the way from the root directory to a path, with the links of existing directories resolved.
  private static func resolve(_ path: String) -> [Substring] {
    let names = FilePath.names(in: FilePath.absolute(path))
    for count in names.indices.reversed() {
      let existing = "/" + names[...count].joined(separator: "/")
      if let resolved = FilePath.resolved(existing) {
        return FilePath.names(in: resolved) + names[(count + 1)...]
      }
    }
    return names
  }

  /// The kind of node in a directory, or nil.
  private static func kind(of names: some Sequence<Substring>) -> NodeKind? {
    guard let store = try? FileStore(opening: "/" + names.joined(separator: "/")) else { return nil }
    return NodeEntry(in: store, at: .root)?.kind
  }
}
