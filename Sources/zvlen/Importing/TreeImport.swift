import ChunkEngine
import Glibc
import Zarr

/// Puts the files of directories into a group: their contents in the array `blobs`, their paths in `paths`.
struct TreeImport: ImportWork {
  /// The directories, in the order in which their files are imported.
  private let trees: [DirectoryTree]

  private let settings: ImportSettings

  /// How many files there are and how large they are, which decides the chunks, and how long it is going to
  /// take.
  private let total: Total

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
    trees.sort { $0.prefix.utf8.lexicographicallyPrecedes($1.prefix.utf8) }
    self.trees = trees
    total = try Self.count(trees)
  }

  func job() throws -> JSONObject {
    [
      "directories": .array(trees.map { .string(NodeDestination.resolve($0.path)) }),
      "files": .integer(total.fileCount), "bytes": .integer(total.byteCount),
      "fingerprint": .integer(Int(truncatingIfNeeded: total.fingerprint)),
      "options": .object(settings.encoding.json),
    ]
  }

  func run(to destination: NodeDestination, record: ImportRecord?) throws {
    var (blobs, paths, check, position) = try begin(at: destination, record)
    let progress = ProgressLine("importing", totalCount: total.byteCount)
    defer { progress.clear() }
    var storedCount = position.elementCount
    position.elementCount = 0
    do {
      for tree in trees {
        try tree.forEachFile { file in
          try Interruption.check()
          position.elementCount += 1
          if storedCount > 0 {
            storedCount -= 1
            return
          }
          let byteCount = try append(file, &check, to: blobs)
          try append(file.relativePath, to: paths)
          progress.add(byteCount, byteCount: byteCount)
          guard let record, record.isDue else { return }
          try blobs.checkpoint()
          try paths.checkpoint()
          try record.save(position)
        }
      }
      try blobs.finish()
      try paths.finish()
      position.isComplete = true
      try record?.save(position)
    } catch {
      blobs.cancel()
      paths.cancel()
      throw error
    }
  }

  func isStored(in store: FileStore) throws -> Bool {
    guard try FileTreeGroup.isComplete(in: store) else { return false }
    let group = try FileTreeGroup(in: store, access: settings.access)
    guard group.blobs.shape == [total.fileCount],
      group.blobs.dataType == (settings.encoding.type ?? .bytes).dataType
    else { return false }
    let check = ElementCheck(settings.encoding.type, dataType: group.blobs.dataType)
    var blobs = StoredElements(0..<total.fileCount, of: group.blobs)
    var paths = StoredElements(0..<total.fileCount, of: group.paths)
    let progress = ProgressLine("comparing", totalCount: total.byteCount)
    defer { progress.clear() }
    do {
      for tree in trees {
        try tree.forEachFile { file in
          try Interruption.check()
          // SAFETY: Bytes have no padding.
          guard paths.count > 0, try paths.takeNext(equalTo: unsafe file.relativePath.utf8Span.span.bytes)
          else {
            throw OtherElement()
          }
          let source = try open(file)
          let bytes = try source.bytes(limit: settings.largestElementByteCount)
          // SAFETY: As above.
          guard try blobs.takeNext(equalTo: check.content(of: unsafe bytes.span.bytes)) else {
            throw OtherElement()
          }
          progress.add(bytes.count, byteCount: bytes.count)
        }
      }
    } catch is OtherElement {
      return false
    }
    return paths.count == 0
  }

  /// Imports a part of the files into a group that other imports fill with theirs.
  ///
  /// All of them count all files, and so come to the same group, whoever makes it, and to the same parts. The
  /// chunks of contents and of paths end at different files.
  func run(_ part: ImportPart, to destination: NodeDestination) throws {
    let (newBlobs, newPaths, check, _) = try begin(at: destination, nil)
    let models = [try newBlobs.finish(), try newPaths.finish()]
    for model in models { try model.resize(to: [total.fileCount]) }

    let arrays = try destination.share(models, access: settings.access)
    let rows = arrays.map { part.rows(of: $0) }
    let fillers = try zip(rows, arrays).map { try settings.filling($0, of: $1) }
    var elementCheck = check
    let progress = ProgressLine("importing", totalCount: total.byteCount / part.count)
    defer { progress.clear() }
    do {
      var index = 0
      for tree in trees {
        try tree.forEachFile { file in
          try Interruption.check()
          if rows[0].contains(index) {
            let byteCount = try append(file, &elementCheck, to: fillers[0])
            progress.add(byteCount, byteCount: byteCount)
          }
          if rows[1].contains(index) { try append(file.relativePath, to: fillers[1]) }
          index += 1
        }
      }
      for filler in fillers { try filler.finish() }
    } catch {
      for filler in fillers { filler.cancel() }
      throw error
    }
  }

  /// What there is to import.
  private struct Total {
    var fileCount = 0
    var byteCount = 0
    var pathByteCount = 0

    /// Tells other files from these: a hash of the paths, sizes and times of change (FNV-1a).
    var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ file: FoundFile, _ status: FileStatus) {
      fileCount += 1
      byteCount += status.byteCount
      pathByteCount += file.relativePath.utf8.count
      // No path has a NUL.
      for byte in file.relativePath.utf8 { mix(UInt64(byte)) }
      for number in [0, status.byteCount] + status.modification { mix(UInt64(bitPattern: Int64(number))) }
    }

    private mutating func mix(_ value: UInt64) {
      fingerprint = (fingerprint ^ value) &* 0x100_0000_01b3
    }
  }

  private static func count(_ trees: [DirectoryTree]) throws -> Total {
    var total = Total()
    for tree in trees {
      try tree.forEachFile { file in
        total.add(file, try FileStatus(of: file.name, in: file.directory, path: file.location))
      }
    }
    return total
  }

  /// Creates or opens the arrays, and finds where to go on.
  private func begin(
    at destination: NodeDestination, _ record: ImportRecord?
  ) throws -> (blobs: Appender, paths: Appender, ElementCheck, ImportPosition) {
    let store = destination.store
    let encoding = settings.encoding
    var position = record?.position ?? ImportPosition()
    let isFound = record?.isFound == true
    if try destination.continuesExisting || isFound && FileTreeGroup.isComplete(in: store) {
      let group = try FileTreeGroup(in: store, access: settings.access, cutsLonger: isFound)
      try settings.checkContinuable(group.blobs, type: encoding.type)
      let count = group.blobs.shape[0]
      if !isFound { position.firstElement = count }
      guard position.firstElement + position.elementCount <= count else {
        throw ToolError("\(destination.path) has fewer files than the import had stored in it")
      }
      position.elementCount = count - position.firstElement
      try record?.save(position)
      return (
        try settings.continuing(group.blobs), try settings.continuing(group.paths),
        ElementCheck(encoding.type, dataType: group.blobs.dataType), position
      )
    }
    position = ImportPosition()
    try record?.save(position)
    // A stopped import may have created one of the arrays.
    _ = try ZarrGroup.create(
      in: store, zarrFormat: (encoding.zarrFormat ?? .version3).zarrFormat, overwrites: isFound)
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
      ElementCheck(type, dataType: type.dataType), position
    )
  }

  /// Appends what a file holds, and returns how many bytes that are.
  private func append(
    _ file: FoundFile, _ check: inout ElementCheck, to blobs: Appender
  ) throws -> Int {
    let source = try open(file)
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
            let content = check.content(of: bytes)
            try expect(content, at: bytes.byteCount - content.byteCount, &check, file)
            if content.byteCount < bytes.byteCount, let start = buffer.baseAddress {
              // SAFETY: What was read is moved to where it begins without the byte order mark.
              unsafe memmove(
                start + count, start + count + bytes.byteCount - content.byteCount, content.byteCount)
            }
            count += content.byteCount
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

  /// Throws if what a file holds cannot be an element.
  private func expect(
    _ content: RawSpan, at byteOffset: Int, _ check: inout ElementCheck, _ file: FoundFile
  ) throws(ToolError) {
    guard let problem = check.problem(of: content) else { return }
    let form = problem.isEncoding ? SourceForm(content, isText: true) : nil
    throw ToolError(
      "\(file.location) \(problem.reason) (byte \(byteOffset + problem.byteOffset))"
        + (form.map { "; it \($0)" } ?? "") + "; --type bytes takes any file")
  }

  private func open(_ file: FoundFile) throws(ToolError) -> OpenFile {
    // It may have become a pipe since it was found, which nobody may be writing to.
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
    let source = try OpenFile(file.name, in: file.directory, flags: flags, path: file.location)
    guard try source.status().isRegularFile else {
      throw ToolError("\(file.location) is no regular file any more; import the directory again")
    }
    return source
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
