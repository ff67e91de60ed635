import Zarr
import ZarrPlatform

/// The regular files of a directory and of all directories in it.
///
/// Links are not followed. Files come in byte order of their paths, without a list of all of them: names in a directory
/// are sorted as if the names of directories ended with a slash.
struct DirectoryTree {
  private struct Entry {
    let sortingKey: [UInt8]
    let name: String
    /// The name on disk, as ``FileName`` spells it.
    let systemName: String
    let isDirectory: Bool
  }

  /// The path of the directory.
  let path: String

  /// The beginning of all paths: nothing, or a name and a slash.
  let prefix: String

  /// What the names are in that are not UTF-8.
  let nameEncoding: NameEncoding

  /// The destination of the import, to skip it and what commands keep beside it.
  var own = OwnPaths()

  init(path: String, prefix: String = "", nameEncoding: NameEncoding = .octets) {
    self.path = path
    self.prefix = prefix
    self.nameEncoding = nameEncoding
  }

  /// Calls `body` with each file.
  ///
  /// - Parameters:
  ///   - leftOut: Is called with the path of each thing that is no such file.
  ///   - body: Is called with each file.
  /// - Throws: ``ToolError`` for a directory that cannot be read and two names that are the same text, and what the
  ///   closures throw.
  func forEachFile(
    leftOut: (LeftOut.Kind, String) -> Void = { _, _ in }, _ body: (FoundFile) throws -> Void
  ) throws {
    let root = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
    try visit(root, relativePath: prefix, leftOut, body)
  }

  private func visit(
    _ directory: borrowing OpenFile, relativePath: String, _ leftOut: (LeftOut.Kind, String) -> Void,
    _ body: (FoundFile) throws -> Void
  ) throws {
    let identity = try directory.status().identity
    if own.identities.contains(identity) { return leftOut(.destination, directory.path) }
    try Interruption.check()
    let entries = try entries(of: directory, leftOut) { own.contains($0, in: identity) }
    if entries.isEmpty, directory.path != path { leftOut(.emptyDirectory, directory.path) }
    for entry in entries {
      let location = "\(directory.path)/\(entry.name)"
      guard entry.isDirectory else {
        try body(
          FoundFile(
            name: entry.systemName, directory: directory.number, relativePath: relativePath + entry.name,
            location: location))
        continue
      }
      let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
      let child: OpenFile
      do throws(ToolError) {
        child = try OpenFile(entry.systemName, in: directory.number, flags: flags, path: location)
      } catch {
        guard error.code == EACCES else { throw error }
        leftOut(.unreadable, location)
        continue
      }
      try visit(child, relativePath: "\(relativePath)\(entry.name)/", leftOut, body)
    }
  }

  /// The directories and regular files in a directory, sorted.
  private func entries(
    of directory: borrowing OpenFile, _ leftOut: (LeftOut.Kind, String) -> Void, isOwn: (String) -> Bool
  ) throws -> [Entry] {
    let path = directory.path
    var entries: [Entry] = []
    for (bytes, type) in try directory.entries() {
      let systemName = FileName.text(of: bytes)
      let name = FileName.text(of: bytes, nameEncoding)
      let location = "\(path)/\(name)"
      if isOwn(name) { continue }
      var isDirectory = type == Int(DT_DIR)
      if ![Int(DT_DIR), Int(DT_REG)].contains(type) {
        // Some file systems do not list the type.
        let status =
          type == Int(DT_UNKNOWN) ? try FileStatus(of: systemName, in: directory.number, path: location) : nil
        guard let status, status.isDirectory || status.isRegularFile else {
          leftOut(type == Int(DT_LNK) || status?.isLink == true ? .link : .special, location)
          continue
        }
        isDirectory = status.isDirectory
      }
      if !isDirectory,
        unsafe faccessat(directory.number, FileName.systemName(of: systemName), R_OK, AT_EACCESS) != 0,
        errno == EACCES
      {
        leftOut(.unreadable, location)
        continue
      }
      entries.append(
        Entry(
          sortingKey: isDirectory ? Array("\(name)/".utf8) : Array(name.utf8), name: name,
          systemName: systemName, isDirectory: isDirectory))
    }
    entries.sort { $0.sortingKey.lexicographicallyPrecedes($1.sortingKey) }
    if nameEncoding != .octets {
      for (entry, next) in zip(entries, entries.dropFirst())
      where entry.name.utf8.elementsEqual(next.name.utf8) {
        throw ToolError(
          "\(path) has two names that are both \(JSONValue.string(entry.name)) in UTF-8; rename one, or leave out "
            + "--name-encoding")
      }
    }
    return entries
  }
}

/// Where an import writes, which is not among its sources.
struct OwnPaths {
  /// The directories that it writes.
  private(set) var identities: Set<FileIdentity> = []

  /// The directories that they are in, and their names.
  private var places: [(parent: FileIdentity, name: String)] = []

  init() {}

  /// Looks at paths, which need not exist.
  init(_ paths: [String]) throws {
    for path in paths {
      if let status = try FileStatus(of: path) { identities.insert(status.identity) }
      if let parent = try FileStatus(of: FilePath.parent(of: path)) {
        places.append((parent.identity, FilePath.name(of: path)))
      }
    }
  }

  /// Whether a name is of what a command keeps beside the destination: records, temporary and lock files.
  func contains(_ name: String, in directory: FileIdentity) -> Bool {
    places.contains { place in
      place.parent == directory
        && (name.hasPrefix(".\(place.name).")
          && (name.hasSuffix(".partial") || name.hasSuffix(".import.json"))
          || name.hasSuffix(".zarr-vlen.lock"))
    }
  }
}

/// What is in a directory and is not imported.
struct LeftOut {
  /// Why.
  enum Kind: Int, CaseIterable {
    case link, special, emptyDirectory, executable, unreadable, destination
  }

  private var counts = [Int](repeating: 0, count: Kind.allCases.count)
  private var first: [Kind: String] = [:]

  /// Counts a thing.
  mutating func add(_ kind: Kind, _ location: String) {
    counts[kind.rawValue] += 1
    if first[kind] == nil { first[kind] = location }
  }

  /// Whether something is missing that should have been imported.
  var hasUnreadable: Bool { first[.unreadable] != nil }

  /// All of them in words, or nil if there are none.
  var words: String? {
    func count(_ kind: Kind, _ noun: String, plural: String? = nil) -> String? {
      let count = counts[kind.rawValue]
      guard count > 0 else { return nil }
      return count == 1 ? "1 \(noun)" : "\(count) \(plural ?? noun + "s")"
    }
    let parts = [
      count(.link, "link"), count(.special, "pipe, socket or device", plural: "pipes, sockets and devices"),
      count(.emptyDirectory, "directory without files", plural: "directories without files"),
      count(.executable, "permission to execute", plural: "permissions to execute"),
      count(.unreadable, "file without read permission", plural: "files without read permission").map {
        "\($0) (\(first[.unreadable] ?? ""))"
      },
      first[.destination].map { "the destination \($0)" },
    ].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}

/// A regular file that was found in a directory.
struct FoundFile {
  /// Its name in its directory, as ``FileName`` spells it.
  let name: String

  /// Its directory, open while the file is passed on.
  let directory: Int32

  /// Its path from the directory where the search began.
  let relativePath: String

  /// The path that errors show.
  let location: String
}
