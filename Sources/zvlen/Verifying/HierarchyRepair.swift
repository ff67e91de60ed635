import ChunkEngine
import Zarr

/// Takes damaged chunks out of a node, and out of all nodes below it if it is a group.
struct HierarchyRepair {
  private let node: NodeLocation
  private let access: ArrayAccess

  /// The directory for what is taken out, or nil if that is deleted.
  private let asidePath: String?

  private let output = OutputStream.standard()

  /// Prepares for a node.
  init(_ node: NodeLocation, access: ArrayAccess, asidePath: String?) {
    self.node = node
    self.access = access
    self.asidePath = asidePath
  }

  /// Takes out all that is damaged.
  ///
  /// - Returns: Whether nothing that is damaged is left.
  /// - Throws: `ZarrError.cancelled`, `StoreError`, and what writing the lines throws.
  func run() throws -> Bool {
    var entries = [node.entry]
    try node.group?.walk { entry, _ in entries.append(entry) }
    var isSound = true
    for entry in entries {
      try Interruption.check()
      do {
        guard case .array = try entry.metadata() else { continue }
        if try !repair(entry) { isSound = false }
      } catch let error where error is ZarrError || error is StoreError {
        if case ZarrError.cancelled = error { throw error }
        isSound = false
        try write("damaged: \(error)")
      }
    }
    return isSound
  }

  /// Takes the damaged chunks out of an array, and returns whether none is left.
  private func repair(_ entry: NodeEntry) throws -> Bool {
    var access = access
    access.damageReport = nil
    let array = try ZarrArray.open(in: node.store, at: entry.path.description, access: access)
    if let obstacle = array.readingObstacle {
      try write("damaged: \(array.location): cannot be verified: \(obstacle)")
      return false
    }
    var isSound = true
    for chunks in try damagedChunks(of: entry, access) {
      try Interruption.check()
      do {
        try setAside(chunks[0].key)
        if chunks.contains(where: { $0.innerChunk == nil }) {
          try array.store.delete(chunks[0].key)
        } else {
          for chunk in chunks { try remove(chunk, from: array) }
        }
        for chunk in chunks { try write("taken out: \(chunk)") }
      } catch {
        if case ZarrError.cancelled = error { throw error }
        isSound = false
        for chunk in chunks { try write("damaged: \(chunk)") }
        try write("not taken out: \(error)")
      }
    }
    if isSound {
      try write("ok: \(entry.path == .root ? node.path : "\(node.path)/\(entry.path)")")
    }
    return isSound
  }

  /// Reads all chunks of an array, and returns those that are damaged, the inner chunks of a shard together.
  private func damagedChunks(of entry: NodeEntry, _ access: ArrayAccess) throws -> [[DamagedChunk]] {
    let damage = DamageReport()
    var access = access
    access.damageReport = damage
    let array = try ZarrArray.open(in: node.store, at: entry.path.description, access: access)
    let chunks = try StoredChunks(of: array)
    let progress = ProgressLine("verifying", totalCount: chunks.count)
    defer { progress.clear() }
    try chunks.forEach { elements in
      progress.add(1, byteCount: elements.byteCount)
    } failure: { _, error in
      throw error
    }
    return Dictionary(grouping: damage.chunks, by: \.key)
      .sorted { $0.key.description.utf8.lexicographicallyPrecedes($1.key.description.utf8) }
      .map { $0.value.sorted { $0.innerChunk ?? 0 < $1.innerChunk ?? 0 } }
  }

  /// Writes fill values in place of an inner chunk, which is then no longer in its shard.
  ///
  /// The others stay as they are stored.
  private func remove(_ chunk: DamagedChunk, from array: ZarrArray) throws {
    let fill = RepeatedBlob(array.metadata.fillValue, count: chunk.region.elementCount ?? 0)
    try array.write(fill, to: chunk.region)
  }

  /// Keeps a copy of a value, unless it is to be deleted.
  private func setAside(_ key: StoreKey) throws {
    guard let asidePath else { return }
    let aside = try FileStore(creating: asidePath)
    guard try aside.byteCount(of: key) == nil else {
      throw ToolError("\(asidePath)/\(key) is there already; name another directory with --aside")
    }
    try ValueCopy(key, from: node.store, to: aside).run()
  }

  private func write(_ line: String) throws {
    try output.write("\(OneLine(line))\n")
    try output.flush()
  }
}
