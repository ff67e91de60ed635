import ChunkEngine
import Zarr

/// Writes the files of a group below a directory.
struct TreeExport {
  private let group: FileTreeGroup
  private let location: String

  /// Whether files without a path, as damaged chunks leave them, are left out.
  private let skipsDamagedPaths: Bool

  /// Whether of files that cannot be in one directory the later one is written, and not an error.
  private let keepsLast: Bool

  /// Opens the group of a store.
  init(_ store: FileStore, access: ArrayAccess, skipsDamagedPaths: Bool, keepsLast: Bool) throws {
    group = try FileTreeGroup(in: store, access: access)
    location = group.paths.location
    self.skipsDamagedPaths = skipsDamagedPaths
    self.keepsLast = keepsLast
  }

  /// Writes all files.
  ///
  /// - Throws: ``ToolError`` before anything is written if a path could lead out of the directory, or cannot
  ///   be with another one.
  func run(to directory: String, overwrites: Bool) throws {
    let count = group.count
    let files = try group.storedFiles()
    if !skipsDamagedPaths, files != [0..<count], count > 0 {
      let first = files.first?.lowerBound == 0 ? files[0].upperBound : 0
      throw ToolError(
        "\(location): element \(first) is not stored, so that there is no path for its file, and no file is written; "
          + "--replace-damaged leaves out such files")
    }
    let replaced = try checkPaths(of: files)
    // What exports that were killed have left; what cannot be swept is in nobody's way.
    if overwrites { _ = try? FileStore(opening: directory).sweepTemporaryFiles() }
    if group.surplus > 0 {
      StandardError.write(
        "zvlen: note: \(Quantity.count(group.surplus, "element")) of \(group.blobs.location) have no path and are not "
          + "written; zvlen cat \(group.blobs.location) \(count) is the first one\n")
    }
    let progress = ProgressLine("exporting", totalCount: count)
    defer { progress.clear() }
    // As many files as the paths of a chunk: they are read once, and the workers have chunks to share.
    let chunkCount = group.blobs.chunkShape[0]
    let workerCount = group.blobs.access.workerCount
    let wanted = max(
      group.paths.chunkShape[0], chunkCount.multipliedReportingOverflow(by: workerCount).partialValue)
    let step = (max(1, wanted) - 1) / chunkCount * chunkCount + chunkCount
    for range in files {
      var start = range.lowerBound
      while start < range.upperBound {
        let end = start + min(step, range.upperBound - start)
        try export(start..<end, without: replaced, to: directory, overwrites: overwrites, progress)
        start = end
      }
    }
  }

  private func export(
    _ files: Range<Int>, without replaced: Set<Int>, to directory: String, overwrites: Bool,
    _ progress: ProgressLine
  ) throws {
    let paths = try group.paths.read([files], monitor: Interruption.monitor)
    try group.blobs.scan([files], monitor: Interruption.monitor) { region, contents in
      let writer = try DirectoryWriter(below: directory, overwrites: overwrites)
      for index in contents.indices {
        try Interruption.check()
        let file = region.ranges[0].lowerBound + index
        guard !replaced.contains(file),
          let path = try path(paths, at: file - files.lowerBound, file: file)
        else { continue }
        try writer.write(contents[index], to: path)
      }
      progress.add(contents.count, byteCount: contents.byteCount)
    }
  }

  /// Reads and checks all paths, and reports those that differ only in case.
  ///
  /// - Returns: The files that later ones take the place of.
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
    // From the last one on, whatever cannot be with those behind it goes.
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

  /// Reads and checks paths.
  private func forEachPath(in files: [Range<Int>], _ body: (Int, RelativePath) throws -> Void) throws {
    for range in files {
      try group.paths.forEachBlock(of: range, monitor: Interruption.monitor) { block in
        for index in block.elements.indices {
          let file = block.offset + index
          guard let path = try path(block.elements, at: index, file: file) else { continue }
          try body(file, path)
        }
      }
    }
  }

  /// The path of a file, or nil if it is lost.
  private func path(_ paths: BlobView, at index: Int, file: Int) throws -> RelativePath? {
    if skipsDamagedPaths, paths[index].isEmpty { return nil }
    let text: String
    do {
      text = try paths.string(at: index)
    } catch {
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
