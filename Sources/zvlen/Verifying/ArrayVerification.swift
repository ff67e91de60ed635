import ChunkEngine
import Synchronization
import Zarr

/// Reads every chunk of an array, and takes out what is damaged if that is asked for.
struct ArrayVerification {
  private let entry: NodeEntry
  private let path: String
  private let store: FileStore
  private let access: ArrayAccess
  private let isDeep: Bool
  private let removal: DamageRemoval?
  private let report: VerificationReport

  /// Prepares for an array.
  init(
    _ entry: NodeEntry, in node: NodeLocation, access: ArrayAccess, isDeep: Bool, removal: DamageRemoval?,
    _ report: VerificationReport
  ) {
    self.entry = entry
    path = entry.path == .root ? node.path : "\(node.path)/\(entry.path)"
    store = node.store
    var access = access
    // All that cannot be read is to be known; the elements are not used.
    access.damageReport = DamageReport(of: [.damaged, .limit, .unsupported, .unavailable])
    self.access = access
    self.isDeep = isDeep
    self.removal = removal
    self.report = report
  }

  /// Reads all chunks, and says what was found.
  ///
  /// - Throws: `ZarrError` if the array cannot be opened or somebody wants an end, and what writing the report
  ///   throws.
  func run() throws {
    let array = try ZarrArray.open(in: store, at: entry.path.description, access: access)
    if let obstacle = array.readingObstacle {
      return try report.addUnchecked("\(path): \(obstacle)")
    }
    let chunks = try StoredChunks(of: array)
    let progress = ProgressLine("verifying", totalCount: chunks.count)
    defer { progress.clear() }
    let isSound = Atomic(true)
    let encoding = isDeep ? try EncodingCheck(of: array) : nil
    try chunks.forEach { elements in
      try check(elements, array.dataType)
      progress.add(1, byteCount: elements.byteCount)
    } finally: { position, region in
      try encoding?.check(region, ofChunkAt: position)
    } failure: { position, error in
      if case ZarrError.cancelled = error { throw error }
      try array.checkIsInPlace()
      isSound.store(false, ordering: .relaxed)
      progress.clear()
      let reason = (error as? ZarrError)?.chunkError ?? error
      try report.add("\(store.location)/\(array.key(ofChunkAt: position)): \(reason)", reason)
    }
    progress.clear()
    try array.checkIsInPlace()
    if try settle(access.damageReport?.chunks ?? [], of: array), isSound.load(ordering: .relaxed) {
      let counts = "\(Quantity.count(chunks.count, "chunk")), \(Quantity.count(array.count, "element"))"
      try report.confirm(removal == nil ? "\(path): \(counts)" : path)
    }
    guard isDeep, let row = chunks.firstMissingRow else { return }
    try report.note("\(path): nothing is stored of its elements from row \(row) on, of \(array.shape[0])")
  }

  /// Says which chunks could not be read, takes out those that are damaged if that is asked for, and returns
  /// whether none is left.
  private func settle(_ chunks: [DamagedChunk], of array: ZarrArray) throws -> Bool {
    guard let removal else {
      for chunk in chunks { try report.add("\(chunk)", chunk.reason) }
      return chunks.isEmpty
    }
    var damaged: [DamagedChunk] = []
    for chunk in chunks {
      if FailureKind(of: chunk.reason) == .damaged {
        damaged.append(chunk)
      } else {
        try report.add("\(chunk)", chunk.reason)
      }
    }
    var isSound = damaged.count == chunks.count
    // What is stored under one key goes together.
    let groups = Dictionary(grouping: damaged, by: \.indices).sorted {
      $0.key.lexicographicallyPrecedes($1.key)
    }
    for (indices, chunks) in groups {
      try Interruption.check()
      do {
        let removed = try removal.run(array, indices)
        for chunk in removed.chunks {
          try report.addRemoved("\(chunk)\(removed.place.map { "; kept as \($0)" } ?? "")")
        }
        let known = Set(removed.chunks.map(\.innerChunk))
        // Of very many in one shard not all are listed.
        if removed.chunks.contains(where: { $0.furtherCount > 0 }) { continue }
        for chunk in chunks where !known.contains(chunk.innerChunk) && !known.contains(nil) {
          try report.note("\(chunk.path) was replaced meanwhile, and is no longer damaged")
        }
      } catch {
        if case ZarrError.cancelled = error { throw error }
        isSound = false
        for chunk in chunks { try report.addDamage("\(chunk)") }
        try report.addNotRemoved(error)
      }
    }
    return isSound
  }

  /// Checks what other readers refuse of text.
  private func check(_ elements: BlobSpan, _ dataType: DataType) throws {
    if dataType == .string {
      for index in elements.indices where !elements[index].isWellFormedText {
        throw ChunkError.invalidUTF8(index: index)
      }
    }
    if dataType == .json {
      var scratch: [UInt8] = []
      for index in elements.indices {
        do throws(JSONError) {
          try JSONElement.checkStored(elements[index], scratch: &scratch)
        } catch {
          throw ToolError("element \(index) is not JSON: \(error.message) (byte \(error.byteOffset))")
        }
      }
    }
  }
}
