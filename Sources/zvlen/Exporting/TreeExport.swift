import ChunkEngine
import Zarr

/// Writes the files of a group below a directory.
struct TreeExport {
  private let group: FileTreeGroup
  private let location: String

  /// Whether files without a path, as damaged chunks leave them, are left out.
  private let skipsDamagedPaths: Bool

  /// Opens the group of a store.
  init(_ store: FileStore, access: ArrayAccess, skipsDamagedPaths: Bool) throws {
    group = try FileTreeGroup(in: store, access: access)
    location = group.paths.location
    self.skipsDamagedPaths = skipsDamagedPaths
  }

  /// Writes all files.
  ///
  /// - Throws: ``ToolError`` before anything is written if a path could lead out of the directory, or is there
  ///   twice.
  func run(to directory: String, overwrites: Bool) throws {
    let count = group.paths.count
    try checkPaths(count: count)
    let progress = ProgressLine("exporting", totalCount: count)
    defer { progress.clear() }
    // As many files as the paths of a chunk: they are read once, and the workers have chunks to share.
    let chunkCount = group.blobs.chunkShape[0]
    let workerCount = group.blobs.access.workerCount
    let wanted = max(
      group.paths.chunkShape[0], chunkCount.multipliedReportingOverflow(by: workerCount).partialValue)
    let step = (max(1, wanted) - 1) / chunkCount * chunkCount + chunkCount
    var start = 0
    while start < count {
      let end = start + min(step, count - start)
      try export(start..<end, to: directory, overwrites: overwrites, progress)
      start = end
    }
  }

  private func export(
    _ files: Range<Int>, to directory: String, overwrites: Bool, _ progress: ProgressLine
  ) throws {
    let paths = try group.paths.read([files], monitor: Interruption.monitor)
    try group.blobs.scan([files], monitor: Interruption.monitor) { region, contents in
      let writer = try DirectoryWriter(below: directory, overwrites: overwrites)
      for index in contents.indices {
        try Interruption.check()
        let file = region.ranges[0].lowerBound + index
        guard let path = try path(paths, at: file - files.lowerBound, file: file) else { continue }
        try writer.write(contents[index], to: path)
      }
      progress.add(contents.count, byteCount: contents.byteCount)
    }
  }

  /// Reads and checks all paths, and reports those that differ only in case.
  private func checkPaths(count: Int) throws {
    var check = PathCheck()
    try forEachPath(in: 0..<count) { _, path in check.add(path.description) }
    guard check.needsSecondPass() else { return }
    try forEachPath(in: 0..<count) { file, path in
      do {
        try check.compare(path.description, index: file)
      } catch {
        throw ToolError("\(location): \(error)")
      }
    }
    for (first, second) in check.collisions {
      StandardError.write(
        "zvlen: note: \(JSONValue.string(first)) and \(JSONValue.string(second)) are one path where case does not count\n"
      )
    }
  }

  /// Reads and checks paths.
  private func forEachPath(in files: Range<Int>, _ body: (Int, RelativePath) throws -> Void) throws {
    try group.paths.forEachBlock(of: files, monitor: Interruption.monitor) { block in
      for index in block.elements.indices {
        let file = block.offset + index
        guard let path = try path(block.elements, at: index, file: file) else { continue }
        try body(file, path)
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
