import ChunkEngine
import Zarr
import ZarrPlatform

/// Imports the files of directories into a group: array `blobs` has their contents, and `paths` has their paths.
struct TreeImport: ImportWork {
  /// The directories, in the order in which their files are imported.
  private var trees: [DirectoryTree]

  private let settings: ImportSettings

  /// The number and sizes of the files, which decide the chunks.
  ///
  /// Nil until they are counted.
  private var counted: Total?

  /// What is in the directories and is not imported.
  private(set) var leftOut = LeftOut()

  private var total: Total { counted ?? Total() }

  /// Prepares to import directories.
  ///
  /// If there are several, the paths of each begin with its last name.
  ///
  /// - Throws: ``ToolError`` if two directories have the same last name.
  init(_ paths: [String], settings: ImportSettings) throws {
    self.settings = settings
    var trees: [DirectoryTree] = []
    for path in paths {
      let tree = DirectoryTree(
        path: path, prefix: paths.count > 1 ? try Self.name(of: path) + "/" : "",
        nameEncoding: settings.nameEncoding)
      if let other = trees.first(where: { $0.prefix.utf8.elementsEqual(tree.prefix.utf8) }) {
        throw ToolError(
          "\(other.path) and \(path) have the same last name, so that their files would have the same paths; "
            + "import the directory above them")
      }
      trees.append(tree)
    }
    trees.sort { $0.prefix.utf8.lexicographicallyPrecedes($1.prefix.utf8) }
    self.trees = trees
  }

  var job: JSONObject {
    var job: JSONObject = [
      "directories": .array(trees.map { .string(FilePath.resolve($0.path)) }),
      "options": .object(settings.encoding.json),
    ]
    if settings.nameEncoding != .octets { job["name-encoding"] = .string(settings.nameEncoding.rawValue) }
    return job
  }

  mutating func survey(excluding ownPaths: [String]) throws {
    let own = try OwnPaths(ownPaths)
    for index in trees.indices { trees[index].own = own }
    guard counted == nil else { return }
    var total = Total()
    var leftOut = LeftOut()
    for tree in trees {
      try tree.forEachFile {
        leftOut.add($0, $1)
      } _: { file in
        try Interruption.check()
        let status = try FileStatus(of: file.name, in: file.directory, path: file.location)
        if status.isExecutable { leftOut.add(.executable, file.location) }
        total.add(file, status)
      }
    }
    (counted, self.leftOut) = (total, leftOut)
  }

  func isUnchanged(since position: ImportPosition) -> Bool { position.files == total.files }

  private func forEachFile(_ body: (FoundFile) throws -> Void) throws {
    for tree in trees {
      try tree.forEachFile { file in
        try Interruption.check()
        try body(file)
      }
    }
  }

  func run(to destination: any NodeDestination, record: ImportRecord?) throws {
    if let record, record.isFound, record.position.isComplete, destination.hasNode,
      isUnchanged(since: record.position)
    {
      return
    }
    let lock = destination.continuesExisting ? try FileTreeGroup.lock(destination.store) : nil
    defer { lock?.unlock() }
    var state = try begin(at: destination, record)
    let progress = ProgressLine("importing", totalCount: total.byteCount)
    defer { progress.clear() }
    do {
      try forEachFile { file in
        guard state.imported?.contains(file.relativePath) != true else { return }
        if record != nil {
          state.position.files.add(
            file.relativePath, try FileStatus(of: file.name, in: file.directory, path: file.location))
        }
        if try state.takeStored(file) { return }
        if let stored = state.existing[Array(file.relativePath.utf8)] {
          if try settings.existing == .skip || isUnchanged(file, &state, stored) {
            state.skippedCount += 1
            return
          }
          state.replaced.append(stored)
        }
        let byteCount = try append(file, &state.check, to: state.blobs)
        try append(file.relativePath, to: state.paths)
        state.note(byteCount)
        state.position.elementCount += 1
        progress.add(byteCount, byteCount: byteCount)
        WorkReport.addFile(byteCount: byteCount)
        guard let record, record.isDue else { return }
        try checkpoint(state)
        try record.save(state.position)
      }
      if let count = state.stored?.count, count > 0 { throw state.others(count) }
      if settings.existing == .replace, let group = state.group, !state.replaced.isEmpty {
        // From the new length of the contents on, the old files are removed.
        try FileRemoval(state.replaced.sorted(), fileCount: group.count + state.blobs.appendedCount)
          .save(in: destination.store, at: .root)
      }
      try checkpoint(state)
      try state.paths.finish()
      try state.blobs.finish()
      let group = try FileTreeGroup(changing: destination.store, access: settings.access)
      try PathIndex.update(of: group)
      var sizes = try FileSizes(of: group)
      try sizes.record(state.byteCounts, from: state.firstNoted)
      // A stopped import has read the files before these.
      let first = state.position.firstElement
      if first < state.firstNoted { try FileSizes.complete(group, first..<state.firstNoted) }
      state.position.isComplete = true
      try record?.save(state.position)
      try tellOfExisting(state, in: group)
    } catch {
      state.blobs.cancel()
      state.paths.cancel()
      // One array may be longer than the other.
      if let lock, state.group != nil, (try? lock.check()) != nil {
        try? FileTreeGroup(changing: destination.store, access: settings.access).cut()
      }
      throw error
    }
  }

  /// Whether a file has the contents that are stored.
  private func isUnchanged(_ file: FoundFile, _ state: inout State, _ stored: Int) throws -> Bool {
    let bytes = try open(file).bytes(limit: settings.largestElementByteCount)
    guard var contents = state.contents else { return false }
    contents.skip(to: stored)
    defer { state.contents = contents }
    return try contents.takeNext(equalTo: state.check.content(of: bytes.rawSpan))
  }

  /// Says how many files were there already.
  private func tellOfExisting(_ state: State, in group: FileTreeGroup) throws {
    var notes: [String] = []
    if !state.replaced.isEmpty {
      let byteCount = Quantity.exactBytes(try group.byteCount(of: state.replaced))
      notes.append(
        "replaced: \(Quantity.count(state.replaced.count, "file")); \(byteCount) of old contents stay in their chunks "
          + "until zvlen compact")
    }
    if state.skippedCount > 0 {
      notes.append(
        "left as is: \(Quantity.count(state.skippedCount, "file")) that the group has already"
          + (settings.existing == .replace ? ", with the same contents" : ""))
    }
    for note in notes { StandardError.write("zvlen: note: \(note)\n") }
  }

  /// Stores the appended elements of both arrays, and then their new lengths, paths first.
  private func checkpoint(_ state: State) throws {
    try state.blobs.flush()
    try state.paths.checkpoint()
    try state.blobs.checkpoint()
  }

  /// The state of an import.
  private struct State {
    /// The group, if it existed before.
    var group: FileTreeGroup?
    let blobs: Appender
    let paths: Appender
    var check: ElementCheck
    var position: ImportPosition

    /// The imported files up to the position.
    var imported: ImportedPaths?

    /// The stored paths after the position.
    var stored: StoredElements?

    /// The stored files with paths of the sources, by their paths, unless they are an error.
    var existing: [[UInt8]: Int] = [:]

    /// Their contents.
    var contents: StoredElements?

    /// Those of them that this import replaces.
    var replaced: [Int] = []

    /// The number of those that stay.
    var skippedCount = 0

    /// The first file whose size is noted.
    var firstNoted = 0

    /// The sizes of this file and those after it.
    var byteCounts: [UInt32] = []

    /// Notes the size of the next file.
    mutating func note(_ byteCount: Int) {
      // Another form of JSON may be read than was written.
      guard check.dataType != .json, byteCounts.count < FileSizes.maximumCount else { return }
      byteCounts.append(UInt32(clamping: byteCount))
    }

    /// Whether a file is already stored after the position.
    mutating func takeStored(_ file: FoundFile) throws -> Bool {
      guard let count = stored?.count, count > 0 else { return false }
      guard try stored?.takeNext(equalTo: file.relativePath.utf8Bytes) == true else {
        throw others(count)
      }
      position.elementCount += 1
      return true
    }

    /// The error for files after the position that are not the next files of this import.
    func others(_ count: Int) -> ToolError {
      ToolError(
        "\(Quantity.count(count, "file")) at the end of \(group?.paths.location ?? "the group") are not the next "
          + "files of this import; import the missing files without --resume")
    }
  }

  func isStored(in store: any Store) throws -> Bool {
    guard try FileTreeGroup.isComplete(in: store) else { return false }
    let group = try FileTreeGroup(in: store, access: settings.access)
    guard group.blobs.shape == [total.files.count],
      group.blobs.dataType == (settings.encoding.type ?? .bytes).dataType
    else { return false }
    let check = ElementCheck(settings.encoding.type, dataType: group.blobs.dataType)
    var blobs = StoredElements(0..<total.files.count, of: group.blobs)
    var paths = StoredElements(0..<total.files.count, of: group.paths)
    let progress = ProgressLine("comparing", totalCount: total.byteCount)
    defer { progress.clear() }
    do {
      try forEachFile { file in
        guard paths.count > 0, try paths.takeNext(equalTo: file.relativePath.utf8Bytes)
        else {
          throw OtherElement()
        }
        let source = try open(file)
        let bytes = try source.bytes(limit: settings.largestElementByteCount)
        guard try blobs.takeNext(equalTo: check.content(of: bytes.rawSpan)) else {
          throw OtherElement()
        }
        progress.add(bytes.count, byteCount: bytes.count)
      }
    } catch is OtherElement {
      return false
    }
    return paths.count == 0
  }

  /// Imports a part of the files into a group that all parts fill.
  ///
  /// Each part counts all files, so that each finds the same group and the same parts. Chunks of contents and of paths
  /// end at different files.
  func run(_ part: ImportPart, to destination: any NodeDestination) throws {
    try destination.checkOutside(of: trees.map(\.path))
    let state = try begin(at: destination, nil)
    let models = [try state.blobs.finish(), try state.paths.finish()]
    for model in models { try model.resize(to: [total.files.count]) }

    let plans = try destination.share(models, partCount: part.count)
    let rows = plans.map { part.rows(of: $0) }
    let fillers = try zip(rows, plans).map { try settings.filling($0, of: $1.array) }
    var elementCheck = state.check
    let progress = ProgressLine("importing", totalCount: total.byteCount / part.count)
    defer { progress.clear() }
    do {
      var index = 0
      try forEachFile { file in
        if rows[0].contains(index) {
          let byteCount = try append(file, &elementCheck, to: fillers[0])
          progress.add(byteCount, byteCount: byteCount)
          WorkReport.addFile(byteCount: byteCount)
        }
        if rows[1].contains(index) { try append(file.relativePath, to: fillers[1]) }
        index += 1
      }
      for filler in fillers { try filler.finish() }
    } catch {
      for filler in fillers { filler.cancel() }
      throw error
    }
    guard try part.finish(plans), let store = plans.first?.array.store else { return }
    try FileTreeGroup.change(in: store, access: settings.access) { group, _ in
      try PathIndex.update(of: group)
    }
  }

  /// The totals of the files.
  private struct Total {
    var files = FileFingerprint()
    var byteCount = 0
    var pathByteCount = 0
    var sizes = SizeProfile()

    mutating func add(_ file: FoundFile, _ status: FileStatus) {
      files.add(file.relativePath, status)
      byteCount += status.byteCount
      pathByteCount += file.relativePath.utf8.count
      sizes.add(status.byteCount)
    }
  }

  /// Creates or opens the arrays, and finds the position to start from.
  private func begin(at destination: any NodeDestination, _ record: ImportRecord?) throws -> State {
    let store = destination.store
    let isFound = record?.isFound == true
    if try destination.continuesExisting || isFound && FileTreeGroup.isComplete(in: store) {
      return try go(on: FileTreeGroup(in: store, access: settings.access), destination, record)
    }
    try record?.save(ImportPosition())
    // A stopped import may have created one array.
    let encoding = settings.encoding
    _ = try ZarrGroup.create(
      in: store, zarrFormat: encoding.zarrFormat ?? .version3, overwrites: isFound)
    let type = encoding.type ?? .bytes
    // Paths are small enough for chunks with a fixed number of them.
    var pathEncoding = encoding
    pathEncoding.evenChunks = false
    let count = total.files.count
    return State(
      blobs: try settings.create(
        in: store, at: FileTreeGroup.blobsName,
        options: encoding.arrayOptions(type, forElements: count, byteCount: total.byteCount) {
          total.sizes.elementCount(atMost: $0, limit: settings.chunkByteLimit)
        }),
      paths: try settings.create(
        in: store, at: FileTreeGroup.pathsName,
        options: pathEncoding.arrayOptions(.string, forElements: count, byteCount: total.pathByteCount) { $0 }
      ),
      check: ElementCheck(type, dataType: type.dataType), position: ImportPosition())
  }

  /// Finds the position to start from in an existing group.
  private func go(
    on group: FileTreeGroup, _ destination: any NodeDestination, _ record: ImportRecord?
  ) throws -> State {
    try settings.checkContinuable(group.blobs, type: settings.encoding.type)
    if record?.isFound != true { try group.checkPaths() }
    let count = group.count
    var position = record?.position ?? ImportPosition()
    let first = position.firstElement + position.elementCount
    guard first <= count else {
      throw ToolError(
        "\(destination.name) has fewer files than the import had stored in it; to import these directories again, remove "
          + "\(record?.location ?? "the record")")
    }
    var imported: ImportedPaths?
    var stored: StoredElements?
    if let record, record.isFound {
      let end = position.isComplete ? count : first
      imported = try ImportedPaths(0..<end, of: group)
      stored = StoredElements(end..<count, of: group.paths)
      position.files = try checkUnchanged(
        imported, of: group, since: position,
        destination.continuesExisting
          ? "what is stored stays as it is; import to another group" : record.beginningAgain)
    }
    if imported == nil { try checkOtherNames(in: group, destination.name) }
    let existing = try existingFiles(in: group)
    try checkPaths(of: group, without: imported, existing)
    if imported == nil || position.isComplete {
      position.firstElement = count
      position.elementCount = 0
      position.isComplete = false
    }
    // Writing begins here.
    try record?.save(position)
    var group = group
    try group.finishRemoval()
    try group.cut()
    // The files of the last chunk, which is written again.
    let lastRows = group.blobs.metadata.chunkGrid.dimensions[0]
    let firstNoted = count > 0 ? lastRows.range(ofChunk: lastRows.chunkIndex(of: count - 1)).lowerBound : 0
    var sizes = try FileSizes(of: group)
    let byteCounts = try sizes.byteCounts(of: Array(firstNoted..<count)).map { UInt32(clamping: $0) }
    return State(
      group: group, blobs: try settings.continuing(group.blobs), paths: try settings.continuing(group.paths),
      check: ElementCheck(settings.encoding.type, dataType: group.blobs.dataType), position: position,
      imported: imported, stored: stored, existing: existing,
      contents: existing.isEmpty ? nil : StoredElements(0..<count, of: group.blobs),
      firstNoted: firstNoted, byteCounts: byteCounts)
  }

  /// Checks that the imported files have not changed.
  ///
  /// If sizes or modification times differ, the files are compared with their stored contents.
  ///
  /// - Returns: The fingerprint of the files now.
  private func checkUnchanged(
    _ imported: ImportedPaths?, of group: FileTreeGroup, since position: ImportPosition, _ advice: String
  ) throws -> FileFingerprint {
    var found = FileFingerprint()
    try forEachFile { file in
      guard imported?.contains(file.relativePath) == true else { return }
      found.add(file.relativePath, try FileStatus(of: file.name, in: file.directory, path: file.location))
    }
    guard found != position.files else { return found }
    let missingCount = position.files.count - found.count
    if missingCount > 0, missingCount <= imported?.removedCount ?? 0 {
      StandardError.write(
        "zvlen: note: removed from \(OneLine(group.location)) since the import: "
          + "\(Quantity.count(missingCount, "file")); what the directories still have of such files is imported again\n"
      )
    } else if missingCount > 0 {
      let names = trees.map(\.path).joined(separator: " and ")
      throw ToolError(
        "\(missingCount) of the \(Quantity.count(position.files.count, "file")) that were "
          + "imported from \(names) are not there any more; \(advice)")
    }
    // A stored file that is not in the directories came from another import: all files of this one are there.
    if let location = try firstChangedFile(of: trees, since: group, 0..<(imported?.count ?? 0)) {
      throw ToolError(
        "files that were imported have changed since then; the first one is \(location); \(advice)")
    }
    return found
  }

  /// Compares the files of directories with the stored contents of their paths, and returns the location of the first
  /// file that differs, or nil.
  private func firstChangedFile(
    of trees: [DirectoryTree], since group: FileTreeGroup, _ elements: Range<Int>
  ) throws -> String? {
    struct Change: Error { let location: String }
    let check = ElementCheck(settings.encoding.type, dataType: group.blobs.dataType)
    var stored = StoredElements(elements, of: group.blobs)
    do {
      try group.forEachPath(in: elements) { index, path in
        let tree = trees.first { path.utf8.starts(with: $0.prefix.utf8) }
        guard let tree else { return }
        let name = String(Substring(path.utf8.dropFirst(tree.prefix.utf8.count)))
        let location = "\(tree.path)/\(name)"
        let root = try OpenFile(tree.path, flags: O_RDONLY | O_DIRECTORY)
        // A name in another encoding is not looked for.
        guard let status = try? FileStatus(of: name, in: root.number, path: location), status.isRegularFile
        else {
          return
        }
        stored.skip(to: index)
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
        let source = try OpenFile(name, in: root.number, flags: flags, path: location)
        let bytes = try source.bytes(limit: settings.largestElementByteCount)
        guard try stored.takeNext(equalTo: check.content(of: bytes.rawSpan)) else {
          throw Change(location: location)
        }
      }
    } catch let change as Change {
      return change.location
    }
    return nil
  }

  /// Checks that no directory is stored already under other paths.
  ///
  /// The paths of a directory begin with its name only if it was imported together with others.
  private func checkOtherNames(in group: FileTreeGroup, _ destination: String) throws {
    struct NewFile: Error {}
    guard group.count > 0 else { return }
    let stored = try ImportedPaths(0..<group.count, of: group)
    for tree in trees {
      let name = "\(try Self.name(of: tree.path))/"
      var other = DirectoryTree(
        path: tree.path, prefix: tree.prefix.isEmpty ? name : "", nameEncoding: tree.nameEncoding)
      other.own = tree.own
      var isEmpty = true
      do {
        try other.forEachFile { file in
          try Interruption.check()
          guard stored.contains(file.relativePath) else { throw NewFile() }
          isEmpty = false
        }
      } catch is NewFile {
        continue
      }
      if try isEmpty || firstChangedFile(of: [other], since: group, 0..<group.count) != nil { continue }
      throw ToolError(
        "all files of \(tree.path) are in \(destination) already, \(tree.prefix.isEmpty ? "with" : "without") "
          + "\(name) in front of their paths; leave out this directory, or import to another group")
    }
  }

  /// The stored files with paths of the sources, by their paths, unless they are an error.
  private func existingFiles(in group: FileTreeGroup) throws -> [[UInt8]: Int] {
    guard settings.existing != .error else { return [:] }
    let new = try ImportedPaths { add in try forEachFile { add($0.relativePath) } }
    var existing: [[UInt8]: Int] = [:]
    try group.forEachPath(in: 0..<group.count) { file, path in
      if new.contains(path) { existing[Array(path.utf8)] = file }
    }
    return existing
  }

  /// Checks, before anything is written, that no new path is stored already or conflicts with a stored one.
  private func checkPaths(
    of group: FileTreeGroup, without imported: ImportedPaths?, _ existing: [[UInt8]: Int]
  ) throws {
    var check = PathCheck()
    try group.forEachPath(in: 0..<group.count) { _, path in check.add(path) }
    // The paths of a stopped import come again.
    let again = try imported.map { try ImportedPaths($0.count..<group.count, of: group) }
    func forEachNewFile(_ body: (String) throws -> Void) throws {
      try forEachFile { file in
        let path = file.relativePath
        if existing[Array(path.utf8)] != nil { return }
        if imported?.contains(path) != true, again?.contains(path) != true { try body(path) }
      }
    }
    try forEachNewFile { check.add($0) }
    guard check.needsSecondPass() else { return }
    try group.forEachPath(in: 0..<group.count) { index, path in
      // Stored paths may conflict with each other.
      _ = check.conflict(of: path, index: index)
    }
    try forEachNewFile { path in
      guard let conflict = check.conflict(of: path, index: -1) else { return }
      let first =
        conflict.first.index < 0
        ? "another file of the sources" : "element \(conflict.first.index) of \(group.paths.location)"
      throw ToolError(
        "\(conflict.description(first, "a file of the sources")); nothing is appended. If directories have "
          + "the same last name, import the directory above them, or import to another group; to add only new files, "
          + "or replace old ones, use --existing")
    }
  }

  /// Appends the contents of a file, and returns the size of the file.
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
      try blobs.append(blobCapacity: byteCount) { output throws(ChunkError) in
        do throws(ToolError) {
          readByteCount = try unsafe output.withUnsafeMutableBytes { buffer, count throws(ToolError) in
            // SAFETY: The file is read into the free capacity, and only the bytes that were read count.
            let read = try unsafe source.readFully(
              into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            let bytes = unsafe RawSpan(
              _unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[count..<count + read]))
            let content = check.content(of: bytes)
            try expect(content, at: bytes.byteCount - content.byteCount, &check, file)
            if content.byteCount < bytes.byteCount, let start = buffer.baseAddress {
              // SAFETY: The bytes after the byte order mark move to its place, within the bytes that were read.
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

  /// Throws if the contents of a file cannot be an element.
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
    // It may have become a pipe since it was found. Opening a pipe without a writer must not wait.
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
    let source = try OpenFile(file.name, in: file.directory, flags: flags, path: file.location)
    guard try source.status().isRegularFile else {
      throw ToolError("\(file.location) is not a regular file any more; import the directory again")
    }
    return source
  }

  private func append(_ path: String, to paths: Appender) throws {
    try paths.append(path)
  }

  /// The last name of the path of a directory, which may end with a slash or be `.`.
  private static func name(of path: String) throws -> String {
    guard let resolved = FilePath.resolved(path) else {
      throw ToolError(operation: "open", path: path, code: errno)
    }
    return FilePath.names(in: resolved).last.map(String.init) ?? "root"
  }
}

/// The paths of an import, which tell which files of a directory or of a group are others.
///
/// Each path is kept as a hash of 8 bytes. With 10 million paths, a new path has the hash of another one with a
/// probability of about one in 10¹². The fingerprint of the files then differs, which is an error.
private struct ImportedPaths {
  private var hashes: [Int] = []

  /// The number of paths, with those of removed files.
  let count: Int

  /// The number of removed files.
  var removedCount: Int { count - hashes.count }

  /// Reads paths.
  init(_ range: Range<Int>, of group: FileTreeGroup) throws {
    count = range.count
    try group.forEachPath(in: range) { _, path in hashes.append(Self.hash(path)) }
    hashes.sort()
  }

  /// Takes the paths that `body` passes on.
  init(_ body: (_ add: (String) -> Void) throws -> Void) throws {
    var hashes: [Int] = []
    try body { hashes.append(Self.hash($0)) }
    hashes.sort()
    self.hashes = hashes
    count = hashes.count
  }

  /// Whether a path is one of them.
  ///
  /// - Complexity: O(log *n*)
  func contains(_ path: String) -> Bool {
    let hash = Self.hash(path)
    var range = hashes.indices
    while let middle = range.isEmpty ? nil : range.lowerBound + range.count / 2 {
      if hashes[middle] == hash { return true }
      range = hashes[middle] < hash ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return false
  }

  /// Hashes the bytes, because paths can look alike and differ.
  private static func hash(_ path: String) -> Int { Array(path.utf8).hashValue }
}
