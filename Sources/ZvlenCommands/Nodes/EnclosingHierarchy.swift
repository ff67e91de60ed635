import Zarr

/// The groups that a node is in.
struct EnclosingHierarchy {
  /// A place that the node is in.
  struct Place {
    /// A store with the place as its root.
    let store: any Store

    /// The path of the node from there.
    let path: String
  }

  /// The places that are groups, nearest first.
  private let groups: [Place]

  /// The version of the nearest place, or nil if that is not a group.
  private let format: ZarrFormat?

  /// Looks for groups among the places of a new node.
  ///
  /// The result is nil if there are none.
  ///
  /// - Parameter places: Those above the node that exist, nearest first.
  /// - Throws: ``ToolError`` if the nearest is an array, and what reading its metadata throws.
  init?(of places: [Place]) throws {
    switch try places.first.flatMap({ try NodeEntry(in: $0.store, at: .root)?.metadata() }) {
    case .array?:
      throw ToolError(
        "\(places[0].store.location) is an array and cannot contain another one; name another directory")
    case .group(let metadata)?: format = metadata.zarrFormat
    default: format = nil
    }
    groups = Self.groups(among: places)
    if groups.isEmpty { return nil }
  }

  /// Looks for groups among the places above an existing node.
  ///
  /// The result is nil if there are none.
  init?(above places: [Place]) {
    format = nil
    groups = Self.groups(among: places)
    if groups.isEmpty { return nil }
  }

  /// The directories above a path, nearest first.
  ///
  /// A directory without a document belongs to the group above it. Those that cannot be opened are left out.
  ///
  /// - Parameters:
  ///   - path: The path of the node.
  ///   - directory: The first of them, or nil for the one that the path is in.
  /// - Returns: The directories.
  static func places(above path: String, from directory: String? = nil) -> [Place] {
    let names = FilePath.names(in: path)
    let count = directory.map { FilePath.names(in: $0).count } ?? names.count - 1
    return (0...max(0, count)).reversed().compactMap { count in
      guard let store = try? FileStore(opening: "/" + names[..<count].joined(separator: "/")) else {
        return nil
      }
      return Place(store: store, path: names[count...].joined(separator: "/"))
    }
  }

  private static func groups(among places: [Place]) -> [Place] {
    places.filter { place in
      if case .group? = try? NodeEntry(in: place.store, at: .root)?.metadata() { true } else { false }
    }
  }

  /// Checks that the hierarchy can contain a node of a Zarr version.
  func check(_ format: ZarrFormat) throws(ToolError) {
    guard let expected = self.format, format != expected else { return }
    throw ToolError(
      "\(groups[0].store.location) is a group of Zarr v\(expected.rawValue), and so are all of its members; use "
        + "--zarr-format \(expected.rawValue)")
  }

  /// Creates the groups between the nearest place, if that is a group, and the node.
  func createGroups() throws {
    guard format != nil else { return }
    try ZarrGroup.open(in: groups[0].store, usingConsolidatedMetadata: false)
      .createGroups(above: groups[0].path)
  }

  /// Updates what the consolidated metadata of the groups says about the node.
  func refreshConsolidatedMetadata() throws {
    for group in groups {
      // A command that was killed while it wrote them may have left temporary files.
      for name in ["zarr.json", ".zmetadata"] {
        try (group.store as? FileStore)?.sweepTemporaryFiles(of: StoreKey(name))
      }
      try ZarrGroup.open(in: group.store, usingConsolidatedMetadata: false)
        .refreshConsolidatedMetadata(of: group.path)
    }
  }
}
