import ChunkEngine
import Zarr

/// Finds paths of an imported directory without reading all of them.
///
/// It is an array of unsigned integers of 64 bits beside the paths, with one for each path. Those of successive paths
/// are a sorted run. An append adds a run, and merges it with runs that are not much longer.
///
///     row        0                            60000            60007
///     array      │ sorted, of paths 0..<60000 │ of 60000..<60007 │
///     element    │ CRC-32 of a path, bits 32 to 63 │ its row, counted from the first of the run, bits 0 to 31 │
///     attributes {"hash": "crc32", "runs": [0, 60000]}
///
/// What it says is a hint: a path that it leads to is compared, and if it leads to none, all paths are read. So it can be
/// too short, out of date, or damaged.
struct PathIndex {
  /// The name of the array.
  static let name = "path_index"

  /// Has an element for each of the first paths.
  private let array: ZarrArray

  /// The first row of each run, in order.
  ///
  /// One at the end of the array, or after it, belongs to an update that was stopped.
  private let starts: [Int]

  /// A run of this many elements is sorted in 128 MiB.
  private static let maximumRunCount = 1 << 24

  /// Opens the index of a group, or returns nil if there is none that can be used.
  init?(in store: any Store, at path: NodePath, access: ArrayAccess) throws {
    guard let array = try ZarrArray.index(Self.name, in: store, at: path, access: access) else { return nil }
    self.array = array
    let attributes = array.metadata.attributes
    guard attributes["hash"]?.stringValue == "crc32",
      let runs = attributes["runs"]?.arrayValue
    else { return nil }
    starts = runs.compactMap(\.integerValue)
    let isInOrder = zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 }
    guard starts.count == runs.count, starts.first ?? 0 == 0, isInOrder else { return nil }
  }

  /// The number of paths that it covers: the first ones.
  var count: Int { starts.isEmpty ? 0 : array.shape[0] }

  /// The hash of a path.
  static func hash(of path: RawSpan) -> UInt32 { CRC32Codec().checksum(of: path) }

  /// The runs that are complete.
  private var runs: [Range<Int>] {
    starts.indices.compactMap { index in
      let end = min(index + 1 < starts.count ? starts[index + 1] : Int.max, count)
      return starts[index] < end ? starts[index]..<end : nil
    }
  }

  /// The rows whose paths may have a hash, the last one first, or nil if the index cannot be read.
  ///
  /// - Throws: Only errors that are not about the index.
  /// - Complexity: O(log log *n*) chunks of each run, for *n* hashes that are spread evenly, and O(log *n*) for others.
  func rows(withHash hash: UInt32) throws -> [Int]? {
    do {
      return try runs.flatMap { try rows(withHash: hash, in: $0) }.sorted(by: >)
    } catch {
      try ZarrArray.checkIndexUsable(error)
      return nil
    }
  }

  private func rows(withHash hash: UInt32, in run: Range<Int>) throws -> [Int] {
    let key = UInt64(hash) << 32
    // The first element that is not below the key is one of these, or the one after them.
    var rows = run
    var bounds = (low: 0.0, high: 0x1p64)
    var chunk = try Chunk(of: array, at: run.lowerBound..<run.lowerBound)
    var probeCount = 0
    while !rows.isEmpty {
      probeCount += 1
      // Hashes are usually spread evenly. If these are not, every third probe halves what is left.
      let share = (Double(key) - bounds.low) / (bounds.high - bounds.low)
      let offset = 0...1 ~= share && probeCount % 3 != 0 ? Int(Double(rows.count) * share) : rows.count / 2
      chunk = try Chunk(of: array, at: rows.lowerBound + min(offset, rows.count - 1), in: run)
      guard let first = chunk.elements.first, let last = chunk.elements.last else { return [] }
      if last < key {
        rows = chunk.rows.upperBound..<max(chunk.rows.upperBound, rows.upperBound)
        bounds.low = Double(last)
      } else if first >= key {
        rows = min(rows.lowerBound, chunk.rows.lowerBound)..<chunk.rows.lowerBound
        bounds.high = Double(first)
      } else {
        let row = chunk.rows.lowerBound + chunk.countBelow(key)
        rows = row..<row
      }
    }
    var found: [Int] = []
    for row in rows.lowerBound..<run.upperBound {
      if !chunk.rows.contains(row) { chunk = try Chunk(of: array, at: row, in: run) }
      let element = chunk.elements[row - chunk.rows.lowerBound]
      guard element >> 32 == hash else { break }
      let path = run.lowerBound + Int(element & 0xffff_ffff)
      if run.contains(path) { found.append(path) }
    }
    return found
  }

  /// The elements of a chunk that belong to a run.
  private struct Chunk {
    let rows: Range<Int>
    let elements: [UInt64]

    init(of array: ZarrArray, at row: Int, in run: Range<Int>) throws {
      let length = array.chunkShape[0]
      let start = row / length * length
      try self.init(of: array, at: (start..<start + min(length, Int.max - start)).clamped(to: run))
    }

    init(of array: ZarrArray, at rows: Range<Int>) throws {
      self.rows = rows
      elements = rows.isEmpty ? [] : try array.read([rows], as: UInt64.self)
    }

    /// The number of elements below a key.
    func countBelow(_ key: UInt64) -> Int {
      var range = elements.indices
      while let middle = range.isEmpty ? nil : range.lowerBound + range.count / 2 {
        range = elements[middle] < key ? middle + 1..<range.upperBound : range.lowerBound..<middle
      }
      return range.lowerBound
    }
  }
}

extension PathIndex {
  /// Makes the index of a group cover all paths, and makes one if there is none.
  ///
  /// Readers find an index that covers less while it changes.
  ///
  /// - Parameters:
  ///   - group: The group.
  ///   - isNew: Whether what is there is replaced.
  /// - Precondition: No other command writes to the group.
  /// - Throws: What reading the paths and writing the index throws.
  static func update(of group: FileTreeGroup, isNew: Bool = false) throws {
    // Another program may have made an array that has very many paths and stores few of them.
    guard try group.count == 0 || group.storedFiles() == [0..<group.count] else { return }
    guard
      let index = try PathIndex(in: group.paths.store, at: group.path, access: group.paths.access)
    else {
      let attributes: JSONObject = ["hash": "crc32", "runs": []]
      guard let array = try ZarrArray.createIndex(name, of: group, attributes: attributes) else { return }
      return try extend(array, [], to: group)
    }
    try extend(index.array, isNew ? [] : index.runs, to: group)
  }

  /// Adds a run for the paths that come after the runs that are there.
  private static func extend(_ array: ZarrArray, _ runs: [Range<Int>], to group: FileTreeGroup) throws {
    let count = group.count
    // Paths that an append had added before it was stopped are not there any more.
    var runs = runs.filter { $0.upperBound <= count }
    var end = runs.last?.upperBound ?? 0
    guard end < count || array.shape[0] > count else { return }
    // So there are never more runs than the number of paths has bits, and the longest ones.
    while let last = runs.last, last.count / 2 <= count - end, count - last.lowerBound <= maximumRunCount {
      end = last.lowerBound
      runs.removeLast()
    }
    // Until the new runs are stored, none but the old ones is there.
    if array.shape[0] > end { try array.resize(to: [end]) }
    var starts = runs.map(\.lowerBound)
    for start in stride(from: end, to: count, by: maximumRunCount) {
      let elements = try elements(of: start..<min(start + maximumRunCount, count), group.paths)
      starts.append(start)
      var attributes = array.metadata.attributes
      attributes["runs"] = .array(starts.map { .integer($0) })
      try array.setAttributes(attributes)
      let appender = try Appender(
        to: array, lockTimeout: ImportSettings.lockTimeout, monitor: Interruption.monitor)
      try appender.append(contentsOf: elements)
      try appender.finish()
    }
  }

  /// The sorted elements of a run.
  private static func elements(of run: Range<Int>, _ paths: ZarrArray) throws -> [UInt64] {
    var elements: [UInt64] = []
    elements.reserveCapacity(run.count)
    try paths.forEachBlock(of: run, monitor: Interruption.monitor) { block in
      let blobs = block.elements.blobs
      for index in block.elements.indices {
        let row = UInt64(block.offset + index - run.lowerBound)
        elements.append(UInt64(hash(of: blobs[index])) << 32 | row)
      }
    }
    elements.sort()
    return elements
  }

  /// The stored size.
  func storedByteCount() throws -> Int { try StoredChunks(of: array).storedByteCount() }

  /// Whether it leads to each path of a group.
  ///
  /// - Throws: As ``leads(to:)``.
  func covers(_ group: FileTreeGroup) throws -> Bool { try count == group.count && leads(to: group) }

  /// Whether it leads to each path that it covers.
  ///
  /// - Throws: What reading it and the paths throws.
  /// - Complexity: O(*n* log *n*), in 256 MiB of memory at most.
  func leads(to group: FileTreeGroup) throws -> Bool {
    guard count <= group.paths.shape[0] else { return false }
    return try runs.allSatisfy { try leads(to: group, in: $0) }
  }

  private func leads(to group: FileTreeGroup, in run: Range<Int>) throws -> Bool {
    var hashes = [UInt32?](repeating: nil, count: run.count)
    // The element of a removed path may be that of the path that it was.
    try group.forEachRawPath(in: run) { row, path in hashes[row - run.lowerBound] = Self.hash(of: path) }
    var previous: UInt64 = 0
    var isSorted = true
    try array.forEachBlock(of: run, as: UInt64.self, monitor: Interruption.monitor) { block in
      for element in block.elements {
        let row = Int(element & 0xffff_ffff)
        isSorted = isSorted && element >= previous
        previous = element
        if row < run.count, hashes[row] == UInt32(element >> 32) { hashes[row] = nil }
      }
    }
    return isSorted && hashes.allSatisfy { $0 == nil }
  }
}

/// Arrays of unsigned integers of 64 bits beside the arrays of an imported directory, which save reading those.
extension ZarrArray {
  /// Opens such an array, or returns nil if there is none that can be used.
  static func index(
    _ name: String, in store: any Store, at group: NodePath, access: ArrayAccess
  ) throws -> ZarrArray? {
    var access = access
    // Damage is no loss here.
    access.damageReport = nil
    do {
      let array = try ZarrArray.open(in: store, at: group.key(name), access: access)
      guard array.dataType == .number(.uint64), array.shape.count == 1, array.chunkShape[0] <= 1 << 24 else {
        return nil
      }
      return array
    } catch {
      try checkIndexUsable(error)
      return nil
    }
  }

  /// Throws an error again if it does not mean that such an array cannot be used.
  static func checkIndexUsable(_ error: any Error) throws {
    if case ZarrError.cancelled = error { throw error }
    if RootCommand.canRunAgain(after: error) { throw error }
  }

  /// Creates such an array without elements, or returns nil if something else has the name, which stays.
  static func createIndex(
    _ name: String, of group: FileTreeGroup, attributes: JSONObject = [:]
  ) throws -> ZarrArray? {
    let (paths, key) = (group.paths, group.path.key(name))
    guard NodeEntry(in: paths.store, at: try NodePath(key)) == nil else { return nil }
    let isVersion2 = paths.metadata.zarrFormat == .version2
    let shuffled = CodecChain.Stage.transform(
      BloscCodec(compressor: .zstd, level: 1, shuffle: .byte, itemByteCount: 8))
    let options = ArrayOptions(
      dataType: .number(.uint64), chunkSize: .rows(min(max(group.count, 1 << 12), 1 << 16)),
      compressors: isVersion2 ? [shuffled] : [shuffled, .crc32c], attributes: attributes,
      zarrFormat: isVersion2 ? .version2 : .version3)
    var access = paths.access
    access.damageReport = nil
    return try ZarrArray.create(in: paths.store, at: key, shape: [0], options: options, access: access)
  }
}
