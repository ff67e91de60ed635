extension ZarrNode {
  /// Copies the node, with all that is below it, to a place where nothing is yet.
  ///
  ///     let node = try ZarrNode.open(in: FileStore(opening: "old.zarr"))
  ///     let report = try node.copy(
  ///       to: FileStore(creating: "new.zarr"), options: CopyOptions(zarrFormat: .version3, shards: .size(.bytes(64 << 20))))
  ///
  /// Groups, attributes and names of dimensions are copied too, and where a group holds consolidated
  /// metadata, its copy does. Chunks that are not stored are not stored in the copy. Where an array and its
  /// copy have the same chunks and codecs, what is stored is copied without decoding it.
  ///
  /// Going from Zarr v2 to v3, the codecs keep what they do and get the names that Zarr v3 has for them.
  /// Objects in JSON or MessagePack become the data type `json`, and categories become text. Names of
  /// dimensions, which xarray keeps in the attribute `_ARRAY_DIMENSIONS` in Zarr v2, become the field of v3.
  /// Going back, it is the other way round, and an array that has what Zarr v2 lacks is an error that names
  /// it. Where dimensions have names, the element that xarray takes for a missing one goes with them: the
  /// fill value of Zarr v2 becomes the attribute `_FillValue`, and the other way round; an array without the
  /// attribute has no fill value in Zarr v2, and chunks that would then read as something else are stored.
  ///
  /// The copy appears when it is whole, and is gone if it cannot be finished. If it is compared with the
  /// source afterwards, others may see it before that.
  ///
  /// - Parameters:
  ///   - store: The store that the copy goes to, which can be that of the node.
  ///   - path: The path of the copy in the store, nothing for its root. Groups above it that do not exist are
  ///     created.
  ///   - options: What the copy is like.
  ///   - monitor: Follows the work and can stop it. Elements that are compared count once more.
  /// - Returns: What was copied, and what was left out.
  /// - Throws: ``ZarrError/alreadyExists(path:)`` if there is anything at the path,
  ///   ``ZarrError/different(path:from:index:)`` if the comparison finds a difference, and others of
  ///   ``ZarrError``.
  /// - Complexity: O(*n*) in the size of what is stored; see
  ///   `ZarrArray.write(contentsOf:memoryBudget:monitor:)` for arrays with other chunks.
  @available(*, noasync)
  @discardableResult
  public func copy(
    to store: any Store, at path: String = "", options: CopyOptions = CopyOptions(),
    monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> CopyReport {
    let path = try ZarrArray.nodePath(path, in: store)
    return try zarrErrors(at: ZarrArray.location(store, path), following: monitor) {
      try HierarchyCopy(source: self, store: store, path: path, options: options, monitor: monitor).run()
    }
  }
}

/// What was copied of a hierarchy.
public struct CopyReport: Hashable, Sendable {
  /// A node that was left out, with all that is below it.
  public struct LeftOut: Hashable, Sendable {
    /// Where the node is, for messages.
    public let location: String
    /// Why it was not copied.
    public let reason: String

    init(_ entry: NodeEntry, _ error: any Error) {
      if case ZarrError.metadata(let location, let reason) = error {
        self.init(location: location, reason: "\(reason)")
      } else {
        self.init(location: entry.location, reason: "\(error)")
      }
    }

    init(location: String, reason: String) {
      self.location = location
      self.reason = reason
    }
  }

  /// The number of arrays that were copied.
  public internal(set) var arrayCount = 0

  /// How many of them were copied as they are stored, without decoding.
  public internal(set) var undecodedArrayCount = 0

  /// The number of groups that were copied.
  public internal(set) var groupCount = 0

  /// The elements that were copied, and what they take in the store.
  ///
  /// The bytes of elements are those of arrays that were decoded.
  package internal(set) var copied = ProgressMonitor.Progress()

  /// What was left out.
  public internal(set) var leftOut: [LeftOut] = []

  /// Where the arrays are whose fill value xarray takes for a missing element in Zarr v2, but not in the
  /// copy: in Zarr v3 it knows none for their data type.
  public internal(set) var arraysLosingMissingValue: [String] = []
}
