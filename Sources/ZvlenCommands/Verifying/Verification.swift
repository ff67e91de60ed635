import ArgumentParser
import ChunkEngine
import Synchronization
import Zarr

/// Verifies a node with everything in it, and can remove damaged chunks.
struct HierarchyVerification {
  private let node: NodeLocation
  private let access: ArrayAccess
  private let isDeep: Bool
  private let removal: DamageRemoval?
  private let report: VerificationReport

  /// Prepares for a node.
  init(
    _ node: NodeLocation, access: ArrayAccess, isDeep: Bool = false, removal: DamageRemoval? = nil,
    _ report: VerificationReport
  ) {
    self.node = node
    self.access = access
    self.isDeep = isDeep
    self.removal = removal
    self.report = report
  }

  /// Verifies everything.
  ///
  /// - Throws: `ZarrError.cancelled`, `StoreError`, and what writing the report throws.
  func run() throws {
    var entries = [node.entry]
    do {
      try node.group?.walk { entry, _ in entries.append(entry) }
    } catch let error as ZarrError {
      // A directory cannot be listed.
      try report.add("\(node.path): \(error)", error)
    }
    let arrays = Set(entries.filter { $0.kind == .array }.map(\.path))
    var groups: [NodePath] = []
    var strays = StrayValues(in: node.store)
    for entry in entries {
      try Interruption.check()
      do {
        let metadata = try entry.metadata()
        strays.add(entry.path, metadata)
        switch metadata {
        case .array:
          let verification = ArrayVerification(
            entry, in: node, access: access, isDeep: isDeep, removal: removal, report)
          do {
            try verification.run()
          } catch ZarrError.replaced {
            // The array that is there now may be sound.
            try verification.run()
          }
        default: groups.append(entry.path)
        }
      } catch let error where error is ZarrError || error is StoreError {
        if case ZarrError.cancelled = error { throw error }
        if RootCommand.canRunAgain(after: error) { throw error }
        strays.addUnknown(entry.path)
        try report.add("\(error)", error)
      }
    }
    for group in groups { try verifyFiles(of: group, among: arrays) }
    guard isDeep else { return }
    do {
      try strays.forEach { try report.note("\(node.path)/\($0)") }
    } catch let error as StoreError {
      try report.add("\(error)", error)
    }
  }

  /// Checks that the arrays of an imported directory belong together.
  private func verifyFiles(of group: NodePath, among arrays: Set<NodePath>) throws {
    for name in [FileTreeGroup.blobsName, FileTreeGroup.pathsName] {
      guard arrays.contains(try group.appending(name)) else { return }
    }
    do {
      let files = try FileTreeGroup(in: node.store, at: group, access: access)
      try files.checkPaths()
      let location = group == .root ? node.path : "\(node.path)/\(group)"
      if let index = try PathIndex(in: node.store, at: group, access: access), try !index.leads(to: files) {
        try report.note(
          "\(location)/\(PathIndex.name) does not lead to all paths, so that some are found only by reading all; zvlen "
            + "compact makes it again")
      }
      guard isDeep else { return }
      var sizes = try FileSizes(of: files)
      let wrongCount = try sizes.wrongCount()
      if wrongCount > 0 {
        try report.note(
          "\(location)/\(FileSizes.name) has the wrong size of \(Quantity.count(wrongCount, "file")); remove this array, "
            + "and zvlen compact makes it again")
      }
    } catch let error as ToolError {
      try report.addDamage("\(error)")
    } catch {
      // The array has reported this.
    }
  }
}

/// Reads every chunk of an array, and can remove damaged chunks.
private struct ArrayVerification {
  private let entry: NodeEntry
  private let path: String
  private let store: any Store
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
    // The report takes every chunk that cannot be read. Elements are not used.
    access.damageReport = DamageReport(of: [.damaged, .limit, .unsupported, .unavailable])
    self.access = access
    self.isDeep = isDeep
    self.removal = removal
    self.report = report
  }

  /// Reads all chunks and reports what it finds.
  ///
  /// - Throws: `ZarrError` if the array cannot be opened or a signal came, and what writing the report throws.
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

  /// Reports the chunks that could not be read, removes damaged ones if asked to, and returns whether all are sound
  /// now.
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
    // A value is removed as a whole.
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
        // A shard with very many damaged chunks does not list all of them.
        if removed.chunks.contains(where: { $0.furtherCount > 0 }) { continue }
        for chunk in chunks where !known.contains(chunk.innerChunk) && !known.contains(nil) {
          try report.note("\(chunk.path) was replaced meanwhile and is not damaged any more")
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

  /// Checks text and JSON, which other readers may refuse.
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

/// The lines of `zvlen verify` and `zvlen repair`, written as soon as they are known.
///
/// Each call takes words that begin with the path of what it reports.
final class VerificationReport: Sendable {
  private struct State: @unchecked Sendable {
    // SAFETY: It is used only while the mutex is held.
    let output = OutputStream.standard()
    var hasDamage = false
    var hasUnchecked = false
  }

  private let state = Mutex(State())
  private let isJSON: Bool

  /// Prepares for a command.
  ///
  /// - Parameter isJSON: Whether each line is an object with `kind` and `text`.
  init(isJSON: Bool) { self.isJSON = isJSON }

  /// Ends the command with code 1 for damage, or with code 2 if there is none but not everything could be checked.
  ///
  /// - Throws: `ExitCode`, unless everything is sound.
  func finish() throws {
    let (hasDamage, hasUnchecked) = state.withLock { ($0.hasDamage, $0.hasUnchecked) }
    if hasDamage { throw ExitCode.failure }
    if hasUnchecked { throw ExitCode(2) }
  }

  /// Reports something that is damaged or could not be checked.
  ///
  /// - Throws: The error, if the command can start again.
  func add(_ words: String, _ error: any Error) throws {
    if RootCommand.canRunAgain(after: error) { throw error }
    if error is ToolError || FailureKind(of: error) == .damaged {
      try addDamage(words)
    } else {
      try addUnchecked(words + ReadingOptions.advice(for: error))
    }
  }

  /// Reports something that could not be checked.
  func addUnchecked(_ words: String) throws { try write("not checked", words) { $0.hasUnchecked = true } }

  /// Reports damage.
  func addDamage(_ words: String) throws { try write("damaged", words) { $0.hasDamage = true } }

  /// Reports something sound.
  func confirm(_ words: String) throws { try write("ok", words) }

  /// Reports something that is not damage.
  func note(_ words: String) throws { try write("note", words) }

  /// Reports damage that was removed.
  func addRemoved(_ words: String) throws { try write("taken out", words) }

  /// Reports why damage was not removed.
  func addNotRemoved(_ error: any Error) throws { try write("not taken out", "\(error)") }

  private func write(_ kind: String, _ words: String, _ change: (inout State) -> Void = { _ in }) throws {
    try state.withLock { state in
      change(&state)
      let object: JSONValue = ["kind": .string(kind), "text": .string(words)]
      try state.output.write(isJSON ? "\(object)\n" : "\(OneLine("\(kind): \(words)"))\n")
      try state.output.flush()
    }
  }
}

/// Encodes the elements of an array again, in memory, and checks that they decode to the same bytes.
private struct EncodingCheck {
  private let array: ZarrArray

  /// An array in memory with the same documents.
  private let copy: ZarrArray

  /// Whether elements decode to the same bytes.
  ///
  /// Codecs that round do not promise that.
  private let isExact: Bool

  /// The codecs that compute with numbers, without the prefix of numcodecs.
  private static let computing: Set<String> = [
    "astype", "bitround", "cast_value", "delta", "fixedscaleoffset", "quantize", "scale_offset",
  ]

  /// The maximum size of a document.
  private static let documentLimit = MetadataLimits().byteCount

  /// Prepares for an array, or returns nil if it cannot be written.
  ///
  /// - Throws: `ZarrError` and `StoreError`
  init?(of array: ZarrArray) throws {
    let store = MemoryStore()
    for name in ["zarr.json", ".zattrs", ".zarray"] {
      guard
        let document = try array.store.bytes(
          of: try StoreKey(array.path.key(name)), limit: Self.documentLimit)
      else { continue }
      try store.write(try StoreKey(name), document.rawSpan)
    }
    var access = array.access
    access.damageReport = nil
    copy = try ZarrArray.open(in: store, access: access)
    guard copy.readingObstacle == nil else { return nil }
    self.array = array
    isExact = array.metadata.codecs.allSatisfy { codec in
      !Self.computing.contains(codec.name.split(separator: ".").last.map(String.init) ?? "")
    }
  }

  /// Encodes the elements of a chunk, and decodes them again.
  ///
  /// - Throws: `ZarrError`, and ``ToolError`` if the elements differ.
  func check(_ region: ArrayRegion, ofChunkAt position: [Int]) throws {
    let elements = try array.read(region)
    defer { try? copy.store.delete(copy.key(ofChunkAt: position)) }
    do {
      try copy.write(checked: elements, to: region)
    } catch ZarrError.notWritable {
      // An unknown codec was left out.
      return
    } catch {
      try Self.checkDamage(error)
      throw ToolError("cannot be encoded again: \(Self.reason(error))")
    }
    let again: BlobView
    do {
      again = try copy.read(region)
    } catch {
      try Self.checkDamage(error)
      throw ToolError("cannot be read when it is encoded again: \(Self.reason(error))")
    }
    guard isExact else { return }
    for index in elements.indices where !elements.blobs[index].isEqual(to: again.blobs[index]) {
      throw ToolError("element \(index) of the chunk differs after it is encoded again")
    }
  }

  /// Throws an error again if the elements are not its cause.
  private static func checkDamage(_ error: any Error) throws {
    if [.limit, .unavailable].contains(FailureKind(of: error)) { throw error }
  }

  private static func reason(_ error: any Error) -> any Error {
    (error as? ZarrError)?.chunkError ?? error
  }
}

/// The values of a store that belong to no node, or to none of the elements of an array.
struct StrayValues {
  private enum Node {
    case group
    case array(ArrayMetadata, chunkCounts: [Int])
    /// The contents are not known.
    case unknown
  }

  private let store: any Store
  private var nodes: [NodePath: Node] = [:]

  /// The names of the documents of nodes.
  private static let documents: Set<String> = ["zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"]

  /// Prepares for a store, without any nodes.
  init(in store: any Store) {
    self.store = store
  }

  /// Adds a node.
  mutating func add(_ path: NodePath, _ metadata: NodeMetadata) {
    switch metadata {
    case .array(let array):
      nodes[path] = .array(array, chunkCounts: array.chunkGrid.chunkCounts(of: array.shape))
    default: nodes[path] = .group
    }
    addDirectories(above: path)
  }

  /// Adds the directories above a node that are not nodes.
  private mutating func addDirectories(above path: NodePath) {
    var next = path.parent
    while let directory = next, nodes[directory] == nil {
      nodes[directory] = .group
      next = directory.parent
    }
  }

  /// Adds a node with damaged metadata.
  mutating func addUnknown(_ path: NodePath) {
    nodes[path] = .unknown
    addDirectories(above: path)
  }

  /// Calls `body` with the key of each value that should not be there, followed by the reason.
  ///
  /// - Throws: `StoreError`, and what `body` throws.
  func forEach(_ body: (String) throws -> Void) throws {
    let keys = try store.list("").map(\.description).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for key in keys {
      // What imports and other writers keep beside an array or group belongs to it.
      if key.split(separator: "/").contains(Substring(StoreDestination.ownName)) { continue }
      if let reason = reason(against: key) { try body("\(key) \(reason)") }
    }
    for name in try (store as? FileStore)?.temporaryFiles() ?? [] {
      try body("\(name) is a temporary or lock file of a writer")
    }
  }

  /// The reason why a key should not be there, or nil.
  private func reason(against key: String) -> String? {
    let names = key.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    var path = NodePath.root
    for (index, name) in names.enumerated() {
      guard let node = nodes[path] else { return "belongs to no array or group" }
      let rest = names[index...].joined(separator: "/")
      switch node {
      case .unknown: return nil
      case .group where index == names.count - 1:
        return Self.documents.contains(name) ? nil : "belongs to no array or group"
      case .group: break
      case .array(let metadata, let counts):
        if Self.documents.contains(rest) { return nil }
        guard let position = metadata.chunkKeyEncoding.indices(ofKey: rest, rank: counts.count) else {
          return "is not a chunk of its array"
        }
        let isInside = zip(position, counts).allSatisfy { $0 < $1 }
        return isInside ? nil : "is a chunk outside of the shape \(metadata.shape) of its array"
      }
      guard let next = try? path.appending(existing: name) else { return "belongs to no array or group" }
      path = next
    }
    return nil
  }
}
