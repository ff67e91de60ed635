import Zarr

/// The description of a group by `zvlen info`.
struct GroupDescription {
  private let path: String

  /// The number of files of an imported directory, or nil for another group.
  private let fileCount: Int?

  /// The index of their paths, or nil if there is none.
  private let index: (isSound: Bool, storedByteCount: Int)?

  /// The number of files whose sizes are known, in all of them, or nil if there are no sizes.
  private let sizes: (fileCount: Int, totalCount: Int, storedByteCount: Int)?

  /// The descriptions of its members.
  var members: [JSONValue] = []

  /// Describes a group, and reads all paths and their index if it is an imported directory.
  ///
  /// - Throws: What reading throws.
  init(of group: NodePath, in store: any Store, path: String, _ access: ArrayAccess) throws {
    self.path = path
    var (fileCount, index): (Int?, (isSound: Bool, storedByteCount: Int)?) = (nil, nil)
    var known: (fileCount: Int, totalCount: Int, storedByteCount: Int)?
    do {
      let files = try FileTreeGroup(in: store, at: group, access: access)
      var count = 0
      try files.forEachRawPath(in: 0..<files.count) { _, _ in count += 1 }
      index = try PathIndex(in: store, at: group, access: access).map {
        (try $0.covers(files), try $0.storedByteCount())
      }
      var sizes = try FileSizes(of: files)
      known = try sizes.coverage().map { ($0.fileCount, files.count, $0.storedByteCount) }
      fileCount = count
    } catch {
      // Most groups hold no files. What is wrong with an array is said of it.
      if case ZarrError.cancelled = error { throw error }
      if RootCommand.canRunAgain(after: error) { throw error }
    }
    (self.fileCount, self.index, sizes) = (fileCount, index, known)
  }

  /// The description as JSON.
  var json: JSONValue {
    var object: JSONObject = ["path": .string(path), "node_type": "group"]
    if let fileCount {
      object["file_count"] = .integer(fileCount)
      object["path_index"] =
        index.map { ["is_sound": .bool($0.isSound), "stored_bytes": .integer($0.storedByteCount)] } ?? .null
      object["size_index"] =
        sizes.map {
          ["is_complete": .bool($0.fileCount == $0.totalCount), "stored_bytes": .integer($0.storedByteCount)]
        } ?? .null
    }
    object["members"] = .array(members)
    return .object(object)
  }

  /// The description as lines of text.
  ///
  /// - Parameter memberCount: The number of its members.
  /// - Returns: One line, or more for an imported directory.
  func lines(_ memberCount: Int) -> [String] {
    let line = "\(path): group of \(Quantity.count(memberCount, "member"))"
    guard let fileCount else { return [line] }
    let words =
      index.map { index in
        (index.isSound ? "leads to all paths" : "does not lead to all paths; zvlen compact makes it again")
          + ", \(Quantity.exactBytes(index.storedByteCount)) stored"
      } ?? "none; zvlen compact makes one"
    let sizeWords =
      sizes.map { sizes in
        (sizes.fileCount == sizes.totalCount
          ? "has all sizes"
          : "has \(sizes.fileCount) of \(sizes.totalCount) sizes; zvlen compact adds the others")
          + ", \(Quantity.exactBytes(sizes.storedByteCount)) stored"
      } ?? "none; zvlen compact makes one"
    return [
      line, "  files          \(fileCount)", "  path index     \(words)", "  size index     \(sizeWords)",
    ]
  }
}
