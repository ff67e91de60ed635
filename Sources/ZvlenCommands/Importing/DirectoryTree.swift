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
    let isDirectory: Bool
  }

  /// The path of the directory.
  let path: String

  /// The beginning of all paths: nothing, or a name and a slash.
  let prefix: String

  /// Directories to skip, such as the one that is written to.
  var excluded: Set<FileIdentity> = []

  init(path: String, prefix: String = "") {
    self.path = path
    self.prefix = prefix
  }

  /// Calls `body` with each file.
  ///
  /// - Throws: ``ToolError`` for a file or directory that cannot be read and a name that is not UTF-8, and what `body`
  ///   throws.
  func forEachFile(_ body: (FoundFile) throws -> Void) throws {
    let root = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
    try visit(root, relativePath: prefix, body)
  }

  private func visit(
    _ directory: borrowing OpenFile, relativePath: String, _ body: (FoundFile) throws -> Void
  ) throws {
    if !excluded.isEmpty, excluded.contains(try directory.status().identity) { return }
    try Interruption.check()
    for entry in try entries(of: directory) {
      let location = "\(directory.path)/\(entry.name)"
      if entry.isDirectory {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
        let child = try OpenFile(entry.name, in: directory.number, flags: flags, path: location)
        try visit(child, relativePath: "\(relativePath)\(entry.name)/", body)
      } else {
        try body(
          FoundFile(
            name: entry.name, directory: directory.number, relativePath: relativePath + entry.name,
            location: location))
      }
    }
  }

  /// The directories and regular files in a directory, sorted.
  private func entries(of directory: borrowing OpenFile) throws -> [Entry] {
    let path = directory.path
    var entries: [Entry] = []
    for (bytes, type) in try directory.entries()
    where [Int(DT_DIR), Int(DT_REG), Int(DT_UNKNOWN)].contains(type) {
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw ToolError(
          "\(path)/\(String(decoding: bytes, as: UTF8.self)): the name is not UTF-8, as text in Zarr must "
            + "be; rename the file")
      }
      var isDirectory = type == Int(DT_DIR)
      if type == Int(DT_UNKNOWN) {
        // Some file systems do not list the type.
        let status = try FileStatus(of: name, in: directory.number, path: "\(path)/\(name)")
        guard status.isDirectory || status.isRegularFile else { continue }
        isDirectory = status.isDirectory
      }
      entries.append(
        Entry(
          sortingKey: isDirectory ? bytes + [UInt8(ascii: "/")] : bytes, name: name, isDirectory: isDirectory)
      )
    }
    entries.sort { $0.sortingKey.lexicographicallyPrecedes($1.sortingKey) }
    return entries
  }
}

/// A regular file that was found in a directory.
struct FoundFile {
  /// Its name in its directory.
  let name: String

  /// Its directory, open while the file is passed on.
  let directory: Int32

  /// Its path from the directory where the search began.
  let relativePath: String

  /// The path that errors show.
  let location: String
}
