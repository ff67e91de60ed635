import ChunkEngine
import Synchronization
import Zarr

/// Knows the sizes of files of an imported directory without reading their contents.
///
/// It is an array of unsigned integers of 64 bits beside the contents, with one for each file:
///
///     bits of an   63             32 31              0
///     element      │ mark of its chunk │ size of a file │
///
/// The mark is the CRC-32 of the last 16 bytes of the stored chunk of contents that has the file, as bits exclusive or the
/// number of its bytes. These last bytes are usually a checksum. What an element says is a hint: it counts only while the
/// chunk has this mark. All other files are read. So the array can be too short, out of date, or damaged.
struct FileSizes {
  /// The name of the array.
  static let name = "size_index"

  private let group: FileTreeGroup
  private var array: ZarrArray?

  /// The marks of chunks that are known by now, or nil for one that is not stored.
  private var marks: [Int: UInt32?] = [:]

  /// An import remembers this many sizes, in 128 MiB.
  static let maximumCount = 1 << 25

  /// Opens the sizes of a group.
  init(of group: FileTreeGroup) throws {
    self.group = group
    array = try ZarrArray.index(Self.name, in: group.paths.store, at: group.path, access: group.paths.access)
  }

  /// The sizes of files, in their order.
  ///
  /// - Throws: What reading throws.
  mutating func byteCounts(of files: [Int]) throws -> [Int] {
    try byteCounts(of: files, known: knownByteCounts(of: files))
  }

  /// The sizes of files, in their order, where some are known.
  private func byteCounts(of files: [Int], known: [Int?]) throws -> [Int] {
    let places = files.indices.filter { known[$0] == nil }
    var byteCounts = known.map { $0 ?? 0 }
    try group.blobs.forEachPart(of: places.map { files[$0] }) { part, elements in
      for index in elements.indices {
        byteCounts[places[part.startIndex + index]] = elements.blobs[index].byteCount
      }
    }
    return byteCounts
  }

  /// The number of files whose sizes are known, and the stored size of what has them, or nil if there is nothing.
  mutating func coverage() throws -> (fileCount: Int, storedByteCount: Int)? {
    guard let array else { return nil }
    let chunks = try StoredChunks(of: array)
    var count = 0
    for rows in rows(of: chunks, in: array) { count += try knownByteCounts(of: rows).count { $0 != nil } }
    return (count, try chunks.storedByteCount())
  }

  /// The number of files whose sizes are known and are not those of their contents, which are read.
  ///
  /// - Throws: What reading throws.
  mutating func wrongCount() throws -> Int {
    guard let array else { return 0 }
    var count = 0
    for rows in try rows(of: StoredChunks(of: array), in: array) {
      let known = try knownByteCounts(of: rows)
      let files = rows.indices.filter { known[$0] != nil }
      let byteCounts = try byteCounts(of: files.map { rows[$0] }, known: files.map { _ in nil })
      count += zip(files, byteCounts).count { known[$0] != $1 }
    }
    return count
  }

  /// The files of each stored chunk of sizes.
  private func rows(of chunks: StoredChunks, in array: ZarrArray) -> [[Int]] {
    chunks.positions.map { position in
      Array(array.metadata.chunkGrid.dimensions[0].range(ofChunk: position[0]).clamped(to: 0..<group.count))
    }
  }

  /// So many files are looked at together.
  private static let blockCount = 1 << 16

  private mutating func knownByteCounts(of files: [Int]) throws -> [Int?] {
    guard let array, !files.isEmpty else { return files.map { _ in nil } }
    let covered = files.indices.filter { files[$0] < array.shape[0] }
    var known = [Int?](repeating: nil, count: files.count)
    do {
      let elements = try array.take(covered.map { files[$0] }, as: UInt64.self)
      try findMarks(of: files)
      for (index, element) in zip(covered, elements) {
        known[index] =
          switch marks[group.chunk(of: files[index])] {
          case .some(.some(let mark)) where element >> 32 == UInt64(mark): Int(element & 0xffff_ffff)
          case .some(.none): group.blobs.metadata.fillValue.count
          default: nil
          }
      }
    } catch {
      try ZarrArray.checkIndexUsable(error)
    }
    return known
  }

  /// Finds the marks of the chunks of files.
  private mutating func findMarks(of files: some Sequence<Int>) throws {
    let blobs = group.blobs
    let chunks = Set(files.map { group.chunk(of: $0) }).filter { marks[$0] == nil }.sorted()
    let found = Mutex<[Int: UInt32?]>([:])
    try blobs.store.forEachIndex(below: chunks.count) { index in
      var end = ByteArena()
      let info = try blobs.store.read(
        .suffix(Self.markedByteCount), of: blobs.key(ofChunkAt: [chunks[index]]), ifVersion: nil,
        limit: Self.markedByteCount, into: &end)
      let mark = info.map { CRC32Codec().checksum(of: end.bytes) ^ UInt32(truncatingIfNeeded: $0.byteCount) }
      found.withLock { $0[chunks[index]] = .some(mark) }
    }
    marks.merge(found.withLock { $0 }) { $1 }
  }

  private static let markedByteCount = 16

  /// An element, or 0 if the size is too large for one.
  private static func element(_ byteCount: UInt32, mark: UInt32) -> UInt64 {
    byteCount == .max ? 0 : UInt64(mark) << 32 | UInt64(byteCount)
  }
}

extension FileSizes {
  /// Records the sizes of some files, and makes the array if there is none.
  ///
  /// - Parameters:
  ///   - byteCounts: The sizes of files that follow each other.
  ///   - first: The first of them.
  /// - Precondition: No other command writes to the group.
  /// - Throws: What reading and writing throw.
  mutating func record(_ byteCounts: [UInt32], from first: Int) throws {
    if array == nil { array = try ZarrArray.createIndex(Self.name, of: group) }
    guard let array else { return }
    if array.shape != [group.count] { try array.resize(to: [group.count]) }
    for start in stride(from: 0, to: byteCounts.count, by: Self.blockCount) {
      let block = byteCounts[start..<min(byteCounts.count, start + Self.blockCount)]
      let files = first + block.startIndex..<first + block.endIndex
      try findMarks(of: files)
      let elements = zip(files, block).map { file, byteCount in
        Self.element(byteCount, mark: (marks[group.chunk(of: file)] ?? nil) ?? 0)
      }
      try array.write(elements, to: [files], monitor: Interruption.monitor)
    }
  }

  /// Records the sizes of files, and reads the contents of those whose sizes are not known.
  ///
  /// - Parameters:
  ///   - group: The group.
  ///   - files: The files. The default is all.
  /// - Precondition: No other command writes to the group.
  /// - Throws: What reading and writing throw.
  static func complete(_ group: FileTreeGroup, _ files: Range<Int>? = nil) throws {
    // As for the index of paths.
    guard try group.storedFiles() == [0..<group.count] else { return }
    let all = files ?? 0..<group.count
    var sizes = try FileSizes(of: group)
    let progress = ProgressLine("reading sizes", totalCount: all.count)
    defer { progress.clear() }
    for start in stride(from: all.lowerBound, to: all.upperBound, by: blockCount) {
      let files = Array(start..<min(all.upperBound, start + blockCount))
      let known = try sizes.knownByteCounts(of: files)
      if known.contains(nil) {
        let byteCounts = try sizes.byteCounts(of: files, known: known)
        try sizes.record(byteCounts.map { UInt32(clamping: $0) }, from: start)
      }
      progress.add(files.count, byteCount: 0)
    }
  }
}

extension FileTreeGroup {
  /// The bytes of some files.
  func byteCount(of files: [Int]) throws -> Int {
    var sizes = try FileSizes(of: self)
    return try sizes.byteCounts(of: files).reduce(0, sumOrMaximum)
  }

  /// The position of the chunk with the contents of a file.
  fileprivate func chunk(of file: Int) -> Int { blobs.metadata.chunkGrid.dimensions[0].chunkIndex(of: file) }
}
