import ChunkEngine
import Synchronization
import Zarr

/// Reads every chunk of an array.
struct ArrayVerification {
  private let entry: NodeEntry
  private let path: String
  private let store: FileStore
  private let access: ArrayAccess
  private let isDeep: Bool
  private let report: VerificationReport

  /// Prepares for an array.
  init(
    _ entry: NodeEntry, in node: NodeLocation, access: ArrayAccess, isDeep: Bool,
    _ report: VerificationReport
  ) {
    self.entry = entry
    path = entry.path == .root ? node.path : "\(node.path)/\(entry.path)"
    store = node.store
    var access = access
    access.damageReport = DamageReport()
    self.access = access
    self.isDeep = isDeep
    self.report = report
  }

  /// Reads all chunks, and says what was found.
  ///
  /// - Throws: `ZarrError` if the array cannot be opened or somebody wants an end, and what writing the report
  ///   throws.
  func run() throws {
    let array = try ZarrArray.open(in: store, at: entry.path.description, access: access)
    if let obstacle = array.readingObstacle {
      return try report.add("\(path): cannot be verified: \(obstacle)")
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
      isSound.store(false, ordering: .relaxed)
      progress.clear()
      let reason = (error as? ZarrError)?.chunkError ?? error
      try report.add("\(array.location)/\(array.key(ofChunkAt: position)): \(reason)")
    }
    progress.clear()
    let damaged = access.damageReport?.chunks ?? []
    for chunk in damaged { try report.add("\(chunk)") }
    if damaged.isEmpty, isSound.load(ordering: .relaxed) {
      try report.confirm(
        "\(path): \(Quantity.count(chunks.count, "chunk")), \(Quantity.count(array.count, "element"))")
    }
    guard isDeep, let row = chunks.firstMissingRow else { return }
    try report.note("\(path): nothing is stored of its elements from row \(row) on, of \(array.shape[0])")
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
