import ChunkEngine
import Zarr
import ZarrPlatform

/// Writes the files of a group to a directory, or to a store.
struct TreeExport {
  private let group: FileTreeGroup
  private let location: String

  /// Whether to leave out files whose path is in a damaged chunk.
  private let skipsDamagedPaths: Bool

  /// Whether to write the later one of files that conflict.
  private let keepsLast: Bool

  /// The files to write, in order, or nil for all.
  private let chosen: [Int]?

  /// Opens the group of a store, and finds the files to write.
  ///
  /// - Throws: ``ToolError`` for a path or pattern that stands for no file.
  init(
    _ store: any Store, _ paths: [String], access: ArrayAccess, skipsDamagedPaths: Bool, keepsLast: Bool
  ) throws {
    group = try FileTreeGroup(in: store, access: access)
    chosen =
      paths.isEmpty ? nil : Set(try group.files(matching: paths).flatMap { $0.files + $0.below }).sorted()
    location = group.paths.location
    self.skipsDamagedPaths = skipsDamagedPaths
    self.keepsLast = keepsLast
  }

  /// Where files go.
  enum Target {
    /// The path of a directory that exists.
    case directory(String)
    /// A store, whose keys are the paths.
    case store(any Store)
  }

  /// Writes the only file that was chosen to a stream.
  func run(to output: OutputStream, of source: String) throws {
    guard let chosen else {
      throw ToolError(
        "\(source) holds files, and -o needs a directory for them; name one file for standard output")
    }
    guard let file = chosen.first, chosen.count == 1 else {
      throw ToolError(
        "standard output takes one file, and \(chosen.count) were chosen; name a directory, or use zvlen cat")
    }
    let contents = try group.blobs.take([file], monitor: Interruption.monitor)
    try output.flushing { try output.write(contents.blobs[0]) }
    WorkReport.addFile(byteCount: contents.blobs[0].byteCount)
  }

  /// Writes the files.
  ///
  /// - Throws: ``ToolError`` before anything is written if a path could lead out of the target, or conflicts with
  ///   another one.
  func run(to target: Target, overwrites: Bool) throws {
    let count = group.count
    let files = try group.storedFiles()
    if chosen == nil, !skipsDamagedPaths, files != [0..<count], count > 0 {
      let first = files.first?.lowerBound == 0 ? files[0].upperBound : 0
      throw ToolError(
        "\(location): element \(first) is not stored, so its file has no path, and no file is written; "
          + "--replace-damaged leaves out such files")
    }
    let replaced = try checkPaths(of: files)
    // Exports that were killed may have left temporary files. If they cannot be removed, they do no harm.
    if overwrites, case .directory(let path) = target {
      _ = try? FileStore(opening: path).sweepTemporaryFiles()
    }
    if chosen == nil, group.surplus > 0 {
      StandardError.write(
        "zvlen: note: \(Quantity.count(group.surplus, "element")) of \(group.blobs.location) have no path and are not "
          + "written; zvlen cat \(group.blobs.location) \(count) is the first one\n")
    }
    let progress = ProgressLine("exporting", totalCount: chosen?.count ?? count)
    defer { progress.clear() }
    if let chosen {
      let files = chosen.filter { !replaced.contains($0) }
      return try export(files, to: target, overwrites: overwrites, progress)
    }
    // With as many files as a chunk of paths has, paths are read once, and the workers have chunks to share.
    let chunkCount = group.blobs.chunkShape[0]
    let workerCount = group.blobs.access.workerCount
    let wanted = max(
      group.paths.chunkShape[0], chunkCount.multipliedReportingOverflow(by: workerCount).partialValue)
    let step = (max(1, wanted) - 1) / chunkCount * chunkCount + chunkCount
    for range in files {
      var start = range.lowerBound
      while start < range.upperBound {
        let end = start + min(step, range.upperBound - start)
        try export(start..<end, without: replaced, to: target, overwrites: overwrites, progress)
        start = end
      }
    }
  }

  /// Writes files that were chosen.
  private func export(
    _ files: [Int], to target: Target, overwrites: Bool, _ progress: ProgressLine
  ) throws {
    try group.blobs.forEachPart(of: files) { part, contents in
      let paths = try group.paths.take(Array(part), monitor: Interruption.monitor)
      var written: [(index: Int, path: RelativePath)] = []
      for (index, file) in part.enumerated() {
        if let path = try path(paths.blobs[index], file: file) { written.append((index, path)) }
      }
      try write(written, contents.blobs, to: target, overwrites: overwrites)
      progress.add(contents.count, byteCount: contents.blobs.byteCount)
    }
  }

  private func export(
    _ files: Range<Int>, without replaced: Set<Int>, to target: Target, overwrites: Bool,
    _ progress: ProgressLine
  ) throws {
    let paths = try group.paths.read([files], monitor: Interruption.monitor)
    try group.blobs.scan([files], monitor: Interruption.monitor) { region, contents in
      let written = try contents.indices.compactMap { index -> (index: Int, path: RelativePath)? in
        let file = region.ranges[0].lowerBound + index
        guard !replaced.contains(file),
          let path = try path(paths.blobs[file - files.lowerBound], file: file)
        else { return nil }
        return (index, path)
      }
      try write(written, contents, to: target, overwrites: overwrites)
      progress.add(contents.count, byteCount: contents.byteCount)
    }
  }

  /// Writes some of the contents of files to their paths.
  private func write(
    _ written: [(index: Int, path: RelativePath)], _ contents: BlobSpan, to target: Target, overwrites: Bool
  ) throws {
    switch target {
    case .directory(let path):
      let writer = try DirectoryWriter(below: path, overwrites: overwrites)
      for (index, path) in written {
        try Interruption.check()
        try writer.write(contents[index], to: path)
        WorkReport.addFile(byteCount: contents[index].byteCount)
      }
    case .store(let store):
      StandardStreams.noteOutput()
      // Copies, which other threads may read.
      let files = written.map { index, path in (path: path, bytes: [UInt8](copying: contents[index])) }
      try store.forEachIndex(below: files.count) {
        try Self.write(files[$0].bytes, to: files[$0].path, of: store, overwrites: overwrites)
        WorkReport.addFile(byteCount: files[$0].bytes.count)
      }
    }
  }

  private static func write(
    _ bytes: [UInt8], to path: RelativePath, of store: any Store, overwrites: Bool
  ) throws {
    do {
      try store.write(
        StoreKey(path.description), over: overwrites ? .anything : .seen(nil), byteCount: bytes.count
      ) { append in
        // SAFETY: Bytes have no padding.
        try append(unsafe bytes.span.bytes)
      }
    } catch StoreError.changed(let path) {
      throw ToolError("\(path) exists already; --overwrite replaces such files")
    }
  }

  /// Reads and checks all paths, and reports those that differ only in case.
  ///
  /// - Returns: The files that later ones replace.
  private func checkPaths(of files: [Range<Int>]) throws -> Set<Int> {
    var check = PathCheck()
    try forEachPath(in: files) { _, path in check.add(path.description) }
    guard check.needsSecondPass() else { return [] }
    var suspects: [(file: Int, path: String)] = []
    try forEachPath(in: files) { file, path in
      if keepsLast {
        if check.isSuspect(path.description) { suspects.append((file, path.description)) }
      } else if let conflict = check.conflict(of: path.description, index: file) {
        let text = conflict.description("element \(conflict.first.index)", "element \(file)")
        throw ToolError(
          "\(location): \(text), and no file is written; --keep-last writes the later one of such files")
      }
    }
    var replaced: Set<Int> = []
    // A file that conflicts with a later one is left out.
    for (file, path) in suspects.reversed() where check.conflict(of: path, index: file) != nil {
      replaced.insert(file)
    }
    if !replaced.isEmpty {
      StandardError.write(
        "zvlen: note: \(Quantity.count(replaced.count, "file")) are not written, because a later one has the same path "
          + "or needs it as a directory; the first one is element \(replaced.min() ?? 0)\n")
    }
    for (first, second) in check.collisions {
      StandardError.write(
        "zvlen: note: \(JSONValue.string(first)) and \(JSONValue.string(second)) are one path where case does not count\n"
      )
    }
    return replaced
  }

  /// Reads and checks the paths of the files to write.
  private func forEachPath(in files: [Range<Int>], _ body: (Int, RelativePath) throws -> Void) throws {
    if let chosen {
      return try group.paths.forEachPart(of: chosen) { part, paths in
        for (index, file) in part.enumerated() {
          if let path = try path(paths.blobs[index], file: file) { try body(file, path) }
        }
      }
    }
    for range in files {
      try group.paths.forEachBlock(of: range, monitor: Interruption.monitor) { block in
        let paths = block.elements.blobs
        for index in block.elements.indices {
          let file = block.offset + index
          if let path = try path(paths[index], file: file) { try body(file, path) }
        }
      }
    }
  }

  /// The path of a file, or nil if its chunk is damaged or it is removed.
  private func path(_ bytes: RawSpan, file: Int) throws -> RelativePath? {
    if skipsDamagedPaths && bytes.isEmpty || group.isRemoved(file, bytes) { return nil }
    // SAFETY: The bytes are read inside of the closure only.
    guard let text = unsafe bytes.withUnsafeBytes({ unsafe String(validating: $0, as: UTF8.self) }) else {
      throw ToolError("\(location): element \(file) is not UTF-8, and nothing is written")
    }
    do {
      return try RelativePath(text)
    } catch {
      throw ToolError(
        "\(location): element \(file), \(JSONValue.string(text)), \(error); such a path could lead out of the "
          + "directory, and no file is written")
    }
  }
}

/// Writes files in a directory and the directories in it, and nowhere else.
///
/// Each directory is opened by its name in its parent, and links are not followed. The directories of the last file
/// stay open, because the next file is often in them too.
private final class DirectoryWriter {
  /// An open directory, and its name in its parent.
  private final class Level {
    let name: String
    let directory: OpenFile

    init(name: String, directory: consuming OpenFile) {
      self.name = name
      self.directory = directory
    }
  }

  private let root: Level
  private var levels: [Level] = []
  private let overwrites: Bool

  /// Writes in the existing directory at `path`.
  init(below path: String, overwrites: Bool) throws {
    root = Level(name: path, directory: try OpenFile(path, flags: O_RDONLY | O_DIRECTORY))
    self.overwrites = overwrites
  }

  /// Writes a file, and makes missing directories.
  ///
  /// - Throws: ``ToolError``, also if the file exists and must not be replaced.
  func write(_ bytes: RawSpan, to path: RelativePath) throws {
    StandardStreams.noteOutput()
    let parent = try level(of: path.directories)
    let location = "\(parent.directory.path)/\(path.name)"
    let number = parent.directory.number
    // The old file stays until the new one is complete.
    let name = overwrites ? TemporaryName.make(for: path.name) : path.name
    do {
      // It must be a new file, never one that a link leads to.
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
      let file = try OpenFile(name, in: number, flags: flags, path: location)
      // Sweeps leave locked files alone.
      if overwrites { _ = file.lock() }
      do {
        try file.write(bytes)
        if unsafe overwrites
          && renameat(number, FileName.systemName(of: name), number, FileName.systemName(of: path.name)) != 0
        {
          throw ToolError(operation: "replace", path: location, code: errno)
        }
      } catch {
        _ = unsafe unlinkat(number, FileName.systemName(of: name), 0)
        throw error
      }
    } catch let error as ToolError where error.code == EEXIST {
      throw ToolError("\(location) exists already; --overwrite replaces such files")
    }
  }

  /// Opens the directory with the given names, and makes missing directories.
  private func level(of names: ArraySlice<String>) throws(ToolError) -> Level {
    let common = zip(levels, names).prefix { $0.name.utf8.elementsEqual($1.utf8) }.count
    levels.removeSubrange(common...)
    for name in names.dropFirst(common) {
      let parent = (levels.last ?? root).directory.number
      let location = "\((levels.last ?? root).directory.path)/\(name)"
      guard unsafe mkdirat(parent, FileName.systemName(of: name), 0o777) == 0 || errno == EEXIST else {
        throw ToolError(operation: "make the directory", path: location, code: errno)
      }
      let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
      do throws(ToolError) {
        levels.append(
          Level(name: name, directory: try OpenFile(name, in: parent, flags: flags, path: location)))
      } catch {
        guard error.code == ENOTDIR || error.code == ELOOP else { throw error }
        throw ToolError("\(location) is a link or a file, and a directory is needed there; remove it")
      }
    }
    return levels.last ?? root
  }
}

/// A path that stays inside the directory that it is used in.
private struct RelativePath: CustomStringConvertible {
  /// The names of the directories.
  let directories: ArraySlice<String>

  /// The name of the file.
  let name: String

  /// The whole path.
  let description: String

  /// Checks an untrusted path.
  ///
  /// - Throws: ``ToolError`` with the reason if the path could lead elsewhere: it is absolute, contains `..`, or has a
  ///   name that system calls would take for another one.
  init(_ text: String) throws(ToolError) {
    let names = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    for name in names {
      let reason: String? =
        if text.utf8.isEmpty {
          "is empty"
        } else if text.utf8.first == UInt8(ascii: "/") {
          "is absolute"
        } else if name.utf8.isEmpty {
          "has an empty name in it"
        } else if name.utf8.elementsEqual("..".utf8) || name.utf8.elementsEqual(".".utf8) {
          "has \"\(name)\" in it"
        } else if name.utf8.contains(0) {
          "has a NUL character in it"
        } else {
          nil
        }
      if let reason { throw ToolError(reason) }
    }
    description = text
    directories = names.dropLast()
    name = names.last ?? ""
  }
}
