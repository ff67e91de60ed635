public import ChunkEngine

extension ZarrGroup {
  /// Creates a group below this one, and those between them that do not exist.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - attributes: What to say about the new group.
  ///   - overwrites: Whether a node that is there already is removed, with all that it holds.
  /// - Returns: The new group.
  /// - Throws: As ``create(in:at:attributes:zarrFormat:overwrites:)``.
  @discardableResult
  public func createGroup(
    at path: String, attributes: JSONObject = [:], overwrites: Bool = false
  ) throws -> ZarrGroup {
    let place = try newPlace(path)
    return try changing([place.path]) { format in
      try ZarrGroup.create(
        in: store, at: place.path, GroupMetadata(attributes: attributes, zarrFormat: format),
        overwrites: overwrites)
    }
  }

  /// Creates an array below this group of which nothing is written yet, and the groups between them that do
  /// not exist.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - shape: The number of elements along each dimension.
  ///   - options: What the array is like. Its chunk size cannot be in bytes. Its version of the format is
  ///     that of the group.
  ///   - access: How the array is worked on.
  /// - Returns: The array.
  /// - Throws: As ``ZarrArray/create(in:at:shape:options:access:)``.
  @discardableResult
  public func createArray(
    at path: String, shape: [Int], options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess()
  ) throws -> ZarrArray {
    let place = try newPlace(path)
    return try changing([place.path]) { format in
      var options = options
      options.zarrFormat = format
      return try ZarrArray.create(
        in: store, at: place.path, shape: shape, meanByteCount: nil, options: options, access: access)
    }
  }

  /// Creates an array of the given elements below this group, and the groups between them that do not exist.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - elements: The elements in C order.
  ///   - shape: The number of elements along each dimension; one dimension unless it is said.
  ///   - options: What the array is like. Its version of the format is that of the group.
  ///   - access: How the array is worked on.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The array.
  /// - Throws: As ``ZarrArray/create(in:at:writing:shape:options:access:monitor:)-(_,_,BlobSource,_,_,_,_)``.
  @discardableResult
  public func createArray(
    at path: String, writing elements: any BlobSource, shape: [Int]? = nil,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    monitor: ProgressMonitor? = nil
  ) throws -> ZarrArray {
    let place = try newPlace(path)
    return try changing([place.path]) { format in
      var options = options
      options.zarrFormat = format
      return try ZarrArray.create(
        in: store, at: place.path, writing: elements, shape: shape, options: options, access: access,
        monitor: monitor)
    }
  }

  /// Removes a node below this group, with all that it holds.
  ///
  /// If this is interrupted the node may still be there, with a part of what it held. A node that takes its place
  /// meanwhile stays, and is an error.
  ///
  /// - Parameter path: The path from this group.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)`` and ``StoreError``.
  /// - Complexity: O(*n*) in the number of values that are removed.
  public func remove(_ path: String) throws {
    let place = try existingPlace(path)
    let documents = try place.documents()
    try changing([place.path]) { _ in try place.remove(documents) }
  }

  /// Gives a node below this group another path, with all that it holds.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - target: The new path from this group. Groups above it that do not exist are created.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/alreadyExists(path:)`` if there is a node at the
  ///   new
  ///   path, ``ZarrError/metadata(path:reason:)``, and ``StoreError``, in particular
  ///   ``StoreError/notMoved(path:target:reason:)`` if the new path is in the node itself.
  /// - Complexity: O(1) in a ``FileStore``; other stores may copy all values.
  public func move(_ path: String, to target: String) throws {
    let source = try existingPlace(path)
    let destination = try newPlace(target)
    let move = PrefixMove(source.path.description, to: destination.path.description, in: store)
    try move.checkPrefixes()
    try changing([source.path, destination.path]) { format in
      let document = try NodeDocument.read(from: store, at: source.path, limits)
      if let document, document.format != format {
        throw ZarrError.mixedFormats(path: source.location, found: document.format, expected: format)
      }
      try destination.prepare(for: format, overwrites: false)
      try store.rename(source.path.description, to: destination.path.description)
    }
  }

  /// The place of a new node, whose names have to follow all rules.
  private func newPlace(_ text: String) throws -> NodePlace {
    let relative = try ZarrArray.nodePath(text, in: store)
    guard !relative.names.isEmpty else {
      throw ZarrError.alreadyExists(path: location)
    }
    return NodePlace(store: store, path: path.appending(relative))
  }

  /// The place of a node that is there, below this group.
  private func existingPlace(_ text: String) throws -> NodePlace {
    let relative = try NodePath(existing: text, in: store)
    guard !relative.names.isEmpty else {
      throw ZarrError.metadata(
        path: location,
        reason: MetadataError(
          code: .invalidPath, field: "", message: "a group cannot be moved or removed by itself"))
    }
    let place = NodePlace(store: store, path: path.appending(relative))
    guard try NodeMetadata.exists(in: store, at: place.path) else {
      throw ZarrError.notFound(path: place.location)
    }
    return place
  }
}
