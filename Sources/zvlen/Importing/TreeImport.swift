import ChunkEngine
import Glibc
import Zarr

/// Puts the files of directories into a group: their contents in the array `blobs`, their paths in `paths`.
struct TreeImport {
  /// The directories, in the order in which their files are imported.
  private let trees: [DirectoryTree]

  private let settings: ImportSettings

  /// Takes directories; if there are several, the last name of each stands in front of the paths in it.
  ///
  /// - Throws: ``ToolError`` if two directories have the same name.
  init(_ paths: [String], excluding ownPaths: [String], settings: ImportSettings) throws {
    self.settings = settings
    let excluded = Set(try ownPaths.compactMap { try FileStatus(of: $0)?.identity })
    var trees: [DirectoryTree] = []
    for path in paths {
      var tree = DirectoryTree(path: path, prefix: paths.count > 1 ? try Self.name(of: path) + "/" : "")
      if let other = trees.first(where: { $0.prefix.utf8.elementsEqual(tree.prefix.utf8) }) {
        throw ToolError(
          "\(other.path) and \(path) have the same last name, so that their files would have the same paths; "
            + "import the directory above them")
      }
      tree.excluded = excluded
      trees.append(tree)
    }
    self.trees = trees.sorted { $0.prefix.utf8.lexicographicallyPrecedes($1.prefix.utf8) }
  }

  /// Imports all files.
  func run(to destination: NodeDestination) throws {
    // How many files there are and how large they are decides the chunks, and how long it is going to take.
    let total = try count()
    var (blobs, paths, check) = try appenders(to: destination, total)
    let progress = ProgressLine("importing", totalCount: total.byteCount)
    defer { progress.clear() }
    do {
      for tree in trees {
        try tree.forEachFile { file in
          try Interruption.check()
          let byteCount = try append(file, &check, to: blobs)
          try append(file.relativePath, to: paths)
          progress.add(byteCount, byteCount: byteCount)
        }
      }
      try blobs.finish()
      try paths.finish()
    } catch {
      blobs.cancel()
      paths.cancel()
      throw error
    }
  }

  /// The number of files, and the bytes of their contents and paths.
  private struct Total {
    var fileCount = 0
    var byteCount = 0
    var pathByteCount = 0
  }

  private func count() throws -> Total {
    var total = Total()
    for tree in trees {
      try tree.forEachFile { file in
        total.fileCount += 1
        total.byteCount += try FileStatus(of: file.name, in: file.directory, path: file.location).byteCount
        total.pathByteCount += file.relativePath.utf8.count
      }
    }
    return total
  }

  private func appenders(
    to destination: NodeDestination, _ total: Total
  ) throws -> (blobs: Appender, paths: Appender, ElementCheck) {
    let store = destination.store
    let encoding = settings.encoding
    if destination.continuesExisting {
      let group = try FileTreeGroup(in: store, access: settings.access)
      try settings.checkContinuable(group.blobs, type: encoding.type)
      return (
        try settings.continuing(group.blobs), try settings.continuing(group.paths),
        ElementCheck(encoding.type, dataType: group.blobs.dataType)
      )
    }
    _ = try ZarrGroup.create(in: store, zarrFormat: (encoding.zarrFormat ?? .version3).zarrFormat)
    let type = encoding.type ?? .bytes
    // Paths have no such size that chunks of them would have to be even.
    var pathEncoding = encoding
    pathEncoding.evenChunks = false
    return (
      try settings.create(
        in: store, at: FileTreeGroup.blobsName,
        options: encoding.arrayOptions(type, forElements: total.fileCount, byteCount: total.byteCount)),
      try settings.create(
        in: store, at: FileTreeGroup.pathsName,
        options: pathEncoding.arrayOptions(
          .string, forElements: total.fileCount, byteCount: total.pathByteCount)),
      ElementCheck(type, dataType: type.dataType)
    )
  }

  /// Appends what a file holds, and returns how many bytes that are.
  private func append(
    _ file: FoundFile, _ check: inout ElementCheck, to blobs: Appender
  ) throws -> Int {
    let source = try OpenFile(
      file.name, in: file.directory, flags: O_RDONLY | O_NOFOLLOW, path: file.location)
    let byteCount = try source.status().byteCount
    guard byteCount <= settings.largestElementByteCount else {
      throw settings.tooLarge(file.location, byteCount: byteCount)
    }
    var failure: ToolError?
    var readByteCount = 0
    do {
      try blobs.append(addingCapacity: byteCount) { output throws(ChunkError) in
        do throws(ToolError) {
          readByteCount = try unsafe output.withUnsafeMutableBytes { buffer, count throws(ToolError) in
            // SAFETY: The file is read into the free capacity, and counted as far as it was read.
            let read = try unsafe source.readFully(
              into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            let bytes = unsafe RawSpan(
              _unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[count..<count + read]))
            if let problem = check.problem(of: bytes) { throw ToolError("\(file.location) \(problem)") }
            count += read
            return read
          }
        } catch {
          failure = error
          throw .sourceFailed(reason: error.description)
        }
      }
    } catch {
      throw failure ?? error
    }
    return readByteCount
  }

  private func append(_ path: String, to paths: Appender) throws {
    // SAFETY: Bytes have no padding.
    try paths.append(unsafe path.utf8Span.span.bytes)
  }

  /// The last name of a directory's path, which may end in a slash or be `.`.
  private static func name(of path: String) throws -> String {
    guard let resolved = unsafe realpath(path, nil) else {
      throw ToolError(operation: "open", path: path, code: errno)
    }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved).split(separator: "/").last.map(String.init) ?? "root"
  }
}
