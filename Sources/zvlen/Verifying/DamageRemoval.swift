import ChunkEngine
import Foundation
import Zarr

/// Takes damaged chunks out of arrays, and keeps what is taken out in a directory.
struct DamageRemoval {
  /// The path of the directory, or nil if nothing is kept.
  private let asidePath: String?

  /// The bytes that are read at a time.
  private static let blockByteCount = 4 << 20

  /// Prepares for a node.
  ///
  /// - Parameters:
  ///   - node: The path of the node.
  ///   - asidePath: The path of the directory for what is taken out, or nil if that is deleted.
  /// - Throws: ``ToolError`` if the directory is, or may be, a part of what is stored of an array or group.
  init(from node: String, keepingIn asidePath: String?) throws {
    self.asidePath = asidePath
    guard let asidePath else { return }
    let (node, aside) = (Self.resolve(node), Self.resolve(asidePath))
    let advice = "; name another directory with --aside"
    guard !aside.starts(with: node), !node.starts(with: aside) else {
      throw ToolError("\(asidePath) and the array or group have one in the other\(advice)")
    }
    if Self.kind(of: aside) != nil { throw ToolError("\(asidePath) is an array or group itself\(advice)") }
    for count in aside.indices where Self.kind(of: aside.prefix(count)) == .array {
      throw ToolError("\(asidePath) is inside of another array\(advice)")
    }
  }

  /// The directory beside a node that is named after it.
  static func standardPath(beside node: String) -> String {
    let isNamed = ![".", ".."].contains(URL(fileURLWithPath: node).relativePath.split(separator: "/").last)
    return (isNamed ? node : "/" + resolve(node).joined(separator: "/")) + ".damaged"
  }

  /// Takes a chunk out of an array if it is damaged, of a shard the damaged inner chunks.
  ///
  /// - Returns: What was taken out, and where it is kept if that is another name than its own.
  /// - Throws: What reading and removing it throws; all is then as it was.
  func run(_ array: ZarrArray, _ indices: [Int]) throws -> (chunks: [DamagedChunk], place: String?) {
    var place: String?
    let chunks = try array.removeDamage(ofChunkAt: indices) { value in
      place = try keep(value, as: array.key(ofChunkAt: indices))
    }
    return (chunks, place)
  }

  /// Keeps a copy of a value, and returns where if something else has its name.
  private func keep(_ value: any StoredValue, as key: StoreKey) throws -> String? {
    guard let asidePath else { return nil }
    let store = try FileStore(creating: asidePath, durability: .durable)
    var name = key
    var number = 1
    while try !isFree(name, in: store, for: value) {
      number += 1
      name = try StoreKey("\(key)-\(number)")
    }
    // The same bytes, which somebody may have kept who was stopped then, are written again to be safe.
    try store.write(name, byteCount: value.byteCount) { append in
      try Self.forEachBlock(of: value) { try append($0) }
    }
    return name == key ? nil : "\(asidePath)/\(name)"
  }

  /// Whether nothing has a name, or a value of the same bytes.
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

  /// Hands all bytes of a value to `body`.
  ///
  /// - Throws: `StoreError.changed` if it has fewer than it had, and what `body` throws.
  private static func forEachBlock(of value: any StoredValue, _ body: (RawSpan) throws -> Void) throws {
    var arena = ByteArena()
    var start = 0
    while start < value.byteCount {
      arena.removeAll()
      let end = start + min(value.byteCount - start, blockByteCount)
      try value.read(start..<end, into: &arena)
      guard arena.count == end - start else { throw ToolError("a chunk was cut while it was copied") }
      try body(arena.bytes)
      start = end
    }
  }

  /// The names that lead from the root of the system to a path, links resolved as far as there is something.
  private static func resolve(_ path: String) -> [Substring] {
    var url = URL(fileURLWithPath: path).standardizedFileURL
    var rest: [String] = []
    while url.path != "/" {
      if let resolved = unsafe realpath(url.path, nil) {
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved).split(separator: "/") + rest.reversed().map { $0[...] }
      }
      rest.append(url.lastPathComponent)
      url.deleteLastPathComponent()
    }
    return rest.reversed().map { $0[...] }
  }

  /// What kind of node is in a directory, if there is one.
  private static func kind(of names: some Sequence<Substring>) -> NodeKind? {
    guard let store = try? FileStore(opening: "/" + names.joined(separator: "/")) else { return nil }
    return NodeEntry(in: store, at: .root)?.kind
  }
}
