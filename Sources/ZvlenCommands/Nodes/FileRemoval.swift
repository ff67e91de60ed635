import ChunkEngine
import Zarr

/// Files of an imported directory that are removed, all at once, from when this is stored.
///
///     paths/c/0, …           the paths of removed files become one NUL character each
///     blobs/c/0, …           their contents stay until zvlen compact
///     .zvlen/removal.json    which files these are, until all their paths are such
///
/// A command that is killed on the way leaves the record, so that readers of this tool find none of the files. The next
/// command that writes to the group does the rest.
struct FileRemoval {
  /// The removed files, in order.
  let files: [Range<Int>]

  /// The number of files that the group has from when they are removed.
  ///
  /// Files that replace them come first, so that a group with fewer files still has the old ones.
  let fileCount: Int

  private static let maximumByteCount = 256 << 20

  /// Removes files.
  ///
  /// - Parameters:
  ///   - files: The files, in order.
  ///   - fileCount: The number of files that the group has from then on.
  init(_ files: [Int], fileCount: Int) {
    self.files = Self.ranges(of: files)
    self.fileCount = fileCount
  }

  /// Reads the record in a group, or returns nil if there is none.
  init?(in store: any Store, at path: NodePath) throws {
    let key = try Self.key(at: path)
    guard let bytes = try store.bytes(of: key, limit: Self.maximumByteCount) else { return nil }
    guard let record = try? JSONParser(maximumByteCount: Self.maximumByteCount).parse(bytes).objectValue,
      let fileCount = record["file_count"]?.integerValue, let removed = record["removed"]?.arrayValue
    else { throw ToolError("\(store.location)/\(key) was not written by zvlen rm; remove it") }
    let bounds = removed.compactMap(\.integerValue)
    guard bounds.count == removed.count, bounds.count.isMultiple(of: 2), bounds.first ?? 0 >= 0,
      zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 })
    else { throw ToolError("\(store.location)/\(key) was not written by zvlen rm; remove it") }
    files = stride(from: 0, to: bounds.count, by: 2).map { bounds[$0]..<bounds[$0 + 1] }
    self.fileCount = fileCount
  }

  /// Reads the records of a hierarchy, with the paths of their groups.
  ///
  /// Those of commands that were stopped before they removed anything are left out.
  static func all(
    below node: NodeLocation, access: ArrayAccess
  ) throws -> [(path: NodePath, removal: FileRemoval)] {
    var groups: [NodePath] = []
    if let root = try node.group {
      groups.append(.root)
      try root.walk { entry, _ in if entry.kind == .group { groups.append(entry.path) } }
    }
    return try groups.compactMap { path in
      guard let removal = try FileRemoval(in: node.store, at: path),
        removal.fileCount <= (try FileTreeGroup(in: node.store, at: path, access: access)).count
      else { return nil }
      return (path, removal)
    }
  }

  /// Stores the record.
  func save(in store: any Store, at path: NodePath) throws {
    let bounds = files.flatMap { [JSONValue.integer($0.lowerBound), .integer($0.upperBound)] }
    let record: JSONValue = ["file_count": .integer(fileCount), "removed": .array(bounds)]
    try store.write(Self.key(at: path), JSONWriter().bytes(of: record).rawSpan)
  }

  /// Removes the record.
  static func delete(in store: any Store, at path: NodePath) throws { try store.delete(key(at: path)) }

  private static func key(at path: NodePath) throws -> StoreKey {
    try StoreKey(path.key("\(StoreDestination.ownName)/removal.json"))
  }

  /// Whether a file is removed.
  ///
  /// - Complexity: O(log *n*)
  func contains(_ file: Int) -> Bool {
    var indices = files.indices
    while let middle = indices.isEmpty ? nil : indices.lowerBound + indices.count / 2 {
      if files[middle].contains(file) { return true }
      indices =
        files[middle].upperBound <= file ? middle + 1..<indices.upperBound : indices.lowerBound..<middle
    }
    return false
  }

  /// Successive numbers as ranges.
  private static func ranges(of files: [Int]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for file in files {
      if let last = ranges.last, last.upperBound == file {
        ranges[ranges.count - 1] = last.lowerBound..<file + 1
      } else {
        ranges.append(file..<file + 1)
      }
    }
    return ranges
  }
}

extension FileTreeGroup {
  /// The path of a removed file, which no file has.
  private static let removedPath: [UInt8] = [0]

  /// Whether a file is removed.
  func isRemoved(_ file: Int, _ path: RawSpan) -> Bool {
    if path.isEqual(to: Self.removedPath.rawSpan) { return true }
    guard let removal, removal.fileCount <= count else { return false }
    return removal.contains(file)
  }

  /// Removes files.
  ///
  /// - Parameter files: The files, in order.
  /// - Precondition: No other command writes to the group, which was opened to write to it.
  /// - Throws: What reading and writing throw.
  mutating func remove(_ files: [Int]) throws {
    let removal = FileRemoval(files, fileCount: count)
    try removal.save(in: paths.store, at: path)
    self.removal = removal
    try replacePaths()
  }

  /// Completes what a command that removed files has left, or drops it if it had not removed any.
  ///
  /// - Precondition: No other command writes to the group.
  /// - Throws: What reading and writing throw.
  mutating func finishRemoval() throws {
    guard removal != nil else { return }
    try replacePaths()
    // A command that was killed may have left files too.
    _ = try (paths.store as? FileStore)?.sweepTemporaryFiles()
  }

  private mutating func replacePaths() throws {
    if let removal, removal.fileCount <= count {
      try paths.replace(removal.files.flatMap(Array.init), by: Self.removedPath)
    }
    try FileRemoval.delete(in: paths.store, at: path)
    removal = nil
  }

  /// The removed files.
  func removedFiles() throws -> [Int] {
    var files: [Int] = []
    try forEachRawPath(in: 0..<count, areRemoved: true) { file, _ in files.append(file) }
    return files
  }
}

extension ZarrArray {
  /// Replaces some elements by one element, each chunk or shard in one step.
  ///
  /// Chunks in which all of them are that element already are not written.
  ///
  /// - Parameters:
  ///   - rows: The elements, in order. Those after the end do not count.
  ///   - replacement: What they become.
  /// - Returns: The number of chunks or shards that were written, and the bytes of elements that are not there any more.
  /// - Throws: What reading and writing throw.
  @discardableResult
  func replace(_ rows: [Int], by replacement: [UInt8]) throws -> (valueCount: Int, byteCount: Int) {
    let dimension = metadata.chunkGrid.dimensions[0]
    var (valueCount, byteCount) = (0, 0)
    var rest = rows.prefix { $0 < shape[0] }
    while let row = rest.first {
      try Interruption.check()
      let range = dimension.range(ofChunk: dimension.chunkIndex(of: row)).clamped(to: 0..<shape[0])
      let chosen = rest.prefix { $0 < range.upperBound }
      rest = rest.dropFirst(chosen.count)
      let view = try read([range], monitor: Interruption.monitor)
      var replaced = Set(chosen.map { $0 - range.lowerBound })
      replaced = replaced.filter { !view.blobs[$0].isEqual(to: replacement.rawSpan) }
      guard !replaced.isEmpty else { continue }
      byteCount += replaced.reduce(0) { $0 + view.blobs[$1].byteCount }
      let elements = view.indices.map { replaced.contains($0) ? replacement : view.bytes(at: $0) }
      try write(blobs: elements, to: [range], monitor: Interruption.monitor)
      valueCount += 1
    }
    return (valueCount, byteCount)
  }

  /// Reads many elements, a part of them at a time.
  ///
  /// - Parameters:
  ///   - rows: The elements of an array of one dimension.
  ///   - body: Is called with the elements of one part after the other.
  /// - Throws: What reading and `body` throw.
  func forEachPart(of rows: [Int], _ body: (ArraySlice<Int>, BlobView) throws -> Void) throws {
    var size = PartSize()
    var rest = rows[...]
    while !rest.isEmpty {
      let part = rest.prefix(size.elementCount)
      rest = rest.dropFirst(part.count)
      let elements = try take(Array(part), monitor: Interruption.monitor)
      try body(part, elements)
      size.adapt(to: elements)
    }
  }
}

/// How many elements are read at a time.
struct PartSize {
  /// The elements of a part have about this many bytes.
  private static let byteCount = 64 << 20

  /// The number of elements.
  private(set) var elementCount = 1 << 12

  /// Learns how large elements are.
  mutating func adapt(to elements: BlobView) {
    let mean = max(1, elements.blobs.byteCount / max(1, elements.count))
    elementCount = max(1, min(1 << 20, Self.byteCount / (mean + MemoryLayout<Int>.stride)))
  }
}
