import ChunkEngine
import Zarr
import ZarrRemote

/// The root of a store where a command puts an array or group.
///
/// Nothing can be moved to its place in such a store. Chunks are written where they stay, and the documents that make
/// them an array come last, the one of the root after all others: readers find nothing before. What is known of a new
/// node until then, and the position of an import, have a name of their own:
///
///     zarr.json, c/0, c/1, …         the array or group
///     .zvlen/import.json             says that an import or copy has begun, and how far it is
///     .zvlen/import-documents.json   the documents of a new node, for an import that can go on
///     .zvlen/new/…                   the values of a node that takes the place of another one, as StagedNode says
///
/// What is written to an archive is seen when all of it is, so that nothing of this is needed there.
final class StoreDestination: NodeDestination {
  let continuesExisting: Bool
  let store: any Store

  private let place: StorePlace
  private let options: DestinationOptions
  private let hierarchy: EnclosingHierarchy?

  /// The store of a new node that is not visible yet, or nil if it is continued, shared or in an archive.
  private let unpublished: UnpublishedStore?

  /// The values of a new node that takes the place of another one, or nil.
  private let staged: StagedNode?

  /// Whether it is taking that place, so that there is no way back.
  private var isPlacing = false

  /// Keeps other commands away that write a new node, or go on with an import.
  private let lock: (any StoreLock)?

  /// The name of what is neither a node nor a chunk.
  static let ownName = ".zvlen"

  /// The key of the position of an import.
  static var recordKey: StoreKey { get throws { try StoreKey("\(ownName)/import.json") } }

  private static var documentsKey: StoreKey {
    get throws { try StoreKey("\(ownName)/import-documents.json") }
  }

  /// What to do about an import that cannot go on.
  static let beginningAgain = "use --overwrite to begin again"

  var name: String { place.name }
  var ownPaths: [String] { [] }

  /// Checks that data can go to a store, and makes room for it.
  ///
  /// - Throws: ``ToolError`` that says why data cannot go there, and `StoreError`.
  init(_ place: StorePlace, _ options: DestinationOptions) throws {
    self.place = place
    self.options = options
    let base = place.store
    if place.isArchive, options.resumes || options.isShared {
      throw ToolError(
        "\(place.name) is an archive, which is written as a whole: --resume and --part need another place")
    }
    let isNode = try Self.isNode(base)
    continuesExisting = isNode && options.appends
    if continuesExisting {
      hierarchy = EnclosingHierarchy(above: try place.above())
      (unpublished, staged) = (nil, nil)
      store = base
      lock = options.resumes ? try Self.lock(place) : nil
      return
    }
    if isNode, !options.overwrites {
      // An import that was killed may not have told the groups above.
      try? Location.store(place).hierarchy?.refreshConsolidatedMetadata()
      throw ToolError("\(place.name) exists already; \(options.advice)")
    }
    hierarchy = try EnclosingHierarchy(
      of: place.above().filter { NodeEntry(in: $0.store, at: .root)?.kind != nil })
    try hierarchy?.check(options.format)
    try place.check(options.format)
    if place.isArchive {
      if isNode { try Self.clear(base) } else { try Self.checkFree(place) }
      (unpublished, staged, store, lock) = (nil, nil, base, nil)
      return
    }
    if options.isShared {
      // What the parts make alike is made in memory, and then put where one of them is first.
      (unpublished, staged, store, lock) = (nil, nil, MemoryStore(), nil)
      return
    }
    lock = try Self.lock(place)
    do {
      guard try Self.isNode(base) == isNode else {
        throw ToolError(
          "\(place.name) \(isNode ? "was removed" : "is there now"): another command did that meanwhile")
      }
      let hasRecord = try base.byteCount(of: Self.recordKey) != nil
      let isBegun = try !isNode && (hasRecord || StagedNode.exists(in: base))
      staged = isNode ? try StagedNode(base) : nil
      if isBegun, options.overwrites {
        try Self.begin(base, isBegun: hasRecord)
        try Self.clear(base)
        try StagedNode.remove(from: base)
      } else if isBegun, !options.resumes || !hasRecord {
        throw ToolError(
          "an import or copy to \(place.name) has begun and is not complete; if it was stopped, --resume goes on with an "
            + "import that had this option, and --overwrite begins again")
      } else if !isBegun, !isNode {
        try Self.checkFree(place)
        if !options.resumes { try Self.begin(base, isBegun: false) }
      }
      let unpublished = try UnpublishedStore(
        staged?.values ?? base, publishingTo: base, documentsKey: options.resumes ? Self.documentsKey : nil)
      self.unpublished = unpublished
      store = unpublished
    } catch StoreError.changed {
      lock?.unlock()
      throw ToolError("another import or copy to \(place.name) has just begun")
    } catch {
      lock?.unlock()
      throw error
    }
  }

  deinit { lock?.unlock() }

  func checkOutside(of directories: [String]) {}

  func named(_ error: any Error) -> any Error { error }

  func check(against record: ImportRecord?) throws {
    guard continuesExisting, let record, record.isFound else { return }
    if record.position.isComplete { return try Self.sweep(place.store) }
    guard try place.store.byteCount(of: Self.documentsKey) != nil else { return }
    throw ToolError(
      "an import to \(name) was stopped before it was there, and something else is there now; name another place, or "
        + Self.beginningAgain)
  }

  /// Whether no other part has made the node of some models.
  private func hasToMake(_ models: [ZarrArray]) throws -> Bool {
    guard try !Self.isNode(place.store) else { return false }
    do {
      // Another part may have begun to.
      try Self.checkFree(
        place, but: Set(UnpublishedStore.documentNames + models.compactMap { $0.path.names.first }))
      return true
    } catch let error as ToolError {
      // Or it has made it since, and written to it.
      guard try Self.isNode(place.store) else { throw error }
      return false
    }
  }

  func share(_ models: [ZarrArray]) throws -> any Store {
    let base = place.store
    if try hasToMake(models) {
      try hierarchy?.createGroups()
      // All models are in memory. Nothing is stored of them but documents.
      try UnpublishedStore.publish(documentsOf: store, to: base)
    }
    try hierarchy?.refreshConsolidatedMetadata()
    return base
  }

  func commit() throws {
    if !continuesExisting {
      try lock?.check()
      try hierarchy?.createGroups()
      do {
        try staged?.place { isPlacing = true }
      } catch StoreError.changed where !isPlacing {
        throw ToolError("\(name) was changed while this command ran; what is there now stays")
      }
      try lock?.check()
      do {
        try unpublished?.publish()
      } catch StoreError.changed {
        throw ToolError(
          "\(name) was free when this command began, and is not any more; what is there now stays")
      }
      if staged != nil { try StagedNode.remove(from: place.store) }
      // The position of an import that can go on is the caller's.
      if !options.resumes { try place.store.delete(Self.recordKey) }
    }
    try hierarchy?.refreshConsolidatedMetadata()
    // If nothing was left to append, no lock was taken over.
    if continuesExisting, options.resumes { try Self.sweepLocks(place.store) }
    try place.store.finish()
  }

  func discard() {
    // Elements that were appended so far stay.
    if continuesExisting { try? hierarchy?.refreshConsolidatedMetadata() }
    guard unpublished != nil, !options.resumes, !isPlacing else { return }
    do {
      // Another command may have gone on, or the node may be complete.
      try lock?.check()
      if staged != nil { return try StagedNode.remove(from: place.store) }
      if try Self.isNode(place.store) { return }
      try Self.clear(place.store)
      try place.store.delete(Self.recordKey)
    } catch {
      // What is left says so, and the error that counts is another one.
    }
  }

  /// Removes what an import may have left that was stopped when its node was there.
  ///
  /// It may also have left its locks.
  static func sweep(_ store: any Store) throws {
    try store.delete(documentsKey)
    try sweepLocks(store)
  }

  /// Removes locks that commands have left that were killed.
  private static func sweepLocks(_ store: any Store) throws {
    for name in ["", FileTreeGroup.blobsName, FileTreeGroup.pathsName, PathIndex.name, FileSizes.name] {
      try (store as? S3Store)?.sweepLocks(below: name)
    }
  }

  /// What an import or copy has stored that was stopped, or is still running.
  static func unfinishedKeys(in store: any Store) throws -> [StoreKey] {
    let staged = try StagedNode.keys(in: store)
    guard try !isNode(store) else { return staged }
    return try staged.isEmpty && store.byteCount(of: recordKey) == nil ? [] : store.list("")
  }

  /// When it last said how far it had come, in seconds since 1970, or nil if it has not.
  static func timeOfUnfinished(in store: any Store) throws -> Int? {
    try ImportRecord.timeOfWriting(in: store, recordKey)
  }

  /// Removes what an import or copy has stored that was stopped.
  ///
  /// - Throws: ``ToolError`` if it is running.
  static func removeUnfinished(from place: StorePlace) throws {
    let lock = try lock(place)
    defer { lock?.unlock() }
    // It may be complete by now, or removed.
    guard try !unfinishedKeys(in: place.store).isEmpty else { return }
    if try !isNode(place.store) {
      try clear(place.store)
      try place.store.delete(recordKey)
    }
    try StagedNode.remove(from: place.store)
    try lock?.check()
    try sweep(place.store)
  }

  /// Removes everything but what an import keeps for itself, first what makes it an array or group.
  static func clear(_ store: any Store) throws {
    for name in UnpublishedStore.documentNames.reversed() { try store.delete(StoreKey(name)) }
    try store.delete(documentsKey)
    let listing = try store.listDirectory("")
    for name in listing.prefixes where name != ownName { try store.deleteAll(name) }
    for name in listing.values { try store.delete(StoreKey(name)) }
    // What other writers have left beside the array.
    for name in ["segments", "commits", "parts"] { try store.deleteAll("\(ownName)/\(name)") }
  }

  /// Checks that nothing would be mixed with the new node.
  ///
  /// - Parameters:
  ///   - place: The place of the node.
  ///   - names: What else may be there.
  /// - Throws: ``ToolError`` and `StoreError`.
  private static func checkFree(_ place: StorePlace, but names: Set<String> = []) throws {
    let listing = try place.store.listDirectory("")
    // A store may name prefixes below which there is nothing any more.
    let isFree =
      try listing.values.allSatisfy(names.contains)
      && listing.prefixes.allSatisfy {
        try names.contains($0) || $0 == ownName || !place.store.hasKey(below: $0)
      }
    guard isFree else {
      throw ToolError("\(place.name) holds values that are not a Zarr array or group; name another place")
    }
  }

  /// Whether an array or group is at the root of a store.
  static func isNode(_ store: any Store) throws -> Bool {
    try ["zarr.json", ".zarray", ".zgroup"].contains { try store.byteCount(of: StoreKey($0)) != nil }
  }

  /// Whether a key is neither that of a document nor of a chunk.
  static func isOwn(_ key: StoreKey) -> Bool { key.description.utf8.starts(with: "\(ownName)/".utf8) }

  /// Says that something begins, unless another command has said so.
  private static func begin(_ store: any Store, isBegun: Bool) throws {
    let bytes = ImportRecord.bytes(of: [:], ImportPosition())
    try store.write(recordKey, over: isBegun ? .anything : .seen(nil), bytes.rawSpan)
  }

  /// Keeps other commands away, after the end of the lease of one that was killed.
  private static func lock(_ place: StorePlace) throws -> (any StoreLock)? {
    do {
      guard let store = place.store as? S3Store else {
        return try place.store.lock("import", below: "", timeout: .zero)
      }
      let progress = ProgressLine("waiting")
      defer { progress.clear() }
      return try (Interruption.monitor as ProgressMonitor?).whileCurrent {
        try store.lockOnceAbandoned("import", below: "")
      }
    } catch StoreError.locked(_, let owner) {
      throw ToolError(
        "another import or copy to \(place.name) is running\(owner.map { " (\($0))" } ?? ""); try again when it has ended"
      )
    } catch StoreError.notLockable {
      return nil
    }
  }
}
