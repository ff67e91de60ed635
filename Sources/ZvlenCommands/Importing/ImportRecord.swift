import ChunkEngine
import Zarr
import ZarrPlatform

/// Saves the position of an import beside its destination, so that the same import can go on.
///
///     data.zarr                    the destination, a directory
///     .data.zarr.import.json       this record
///     .data.zarr.import.partial    the array or group until it is complete, unless data.zarr is continued
///
/// Another store has it below its root, as ``StoreDestination`` shows.
final class ImportRecord {
  /// How to import everything again to a destination that no reader can see yet.
  let beginningAgain: String

  /// The place of the record.
  var location: String { "\(store.location)/\(key)" }

  private let store: any Store
  private let key: StoreKey

  /// The sources and options of the import.
  private let job: JSONObject

  /// The position of the import.
  private(set) var position: ImportPosition

  /// Whether there was a record of the same import, or of one that this import adds to.
  let isFound: Bool

  /// Whether that import had the same options for new arrays.
  let hasSameOptions: Bool

  private let interval: Duration
  private var lastSaving = ContinuousClock.now

  /// The maximum size of a record.
  private static let maximumByteCount = 16 << 20

  /// Reads the record of an import, or starts one without storing it.
  ///
  /// - Parameters:
  ///   - store: The store that has the record.
  ///   - key: The key of the record.
  ///   - name: What errors call the destination.
  ///   - beginningAgain: What to do to import everything again.
  ///   - job: The sources and options. An incomplete record of another job is an error.
  ///   - adds: Whether the import appends. Lines of other sources then join the known ones.
  ///   - interval: The time between checkpoints.
  /// - Throws: ``ToolError`` if the record is of another import, and `StoreError`.
  init(
    in store: any Store, _ key: StoreKey, of name: String, beginningAgain: String, job: JSONObject,
    adds: Bool,
    interval: Duration
  ) throws {
    self.store = store
    self.key = key
    self.beginningAgain = beginningAgain
    self.job = job
    self.interval = interval
    guard let bytes = try store.bytes(of: key, limit: Self.maximumByteCount) else {
      (isFound, hasSameOptions) = (false, false)
      position = ImportPosition()
      return
    }
    guard case .object(let record)? = try? JSONParser().parse(bytes),
      case .object(let members)? = record["position"], let position = ImportPosition(members),
      case .object(let recorded)? = record["job"]
    else {
      throw ToolError("\(store.location)/\(key) was not written by an import; \(beginningAgain)")
    }
    let isOfLines = job["sources"] != nil && recorded["sources"] != nil
    isFound =
      recorded == job
      || adds && position.isComplete && isOfLines && recorded["terminator"] == job["terminator"]
    hasSameOptions = isFound && recorded["options"] == job["options"]
    self.position = isFound ? position : ImportPosition()
    guard isFound || position.isComplete else {
      throw ToolError(
        "an import to \(name) was stopped, and \(Self.difference(recorded, job)); go on with the same sources "
          + "and options, or \(beginningAgain)")
    }
  }

  /// Reads the record of an import to the directory of a path with its links resolved, or starts one.
  ///
  /// The directory that it is in is made.
  ///
  /// - Throws: As ``init(in:_:of:beginningAgain:job:adds:interval:)``.
  convenience init(
    ofDirectory path: String, job: JSONObject, adds: Bool, interval: Duration, durability: Durability
  ) throws {
    let store = try FileStore(creating: FilePath.parent(of: path), durability: durability)
    let key = try StoreKey(".\(FilePath.name(of: path)).import.json")
    // An import that was killed while it wrote the record may have left a file.
    try store.sweepTemporaryFiles(of: key, olderThan: .zero)
    try self.init(
      in: store, key, of: path,
      beginningAgain: "remove \(store.location)/\(key) and \(Self.workingPath(of: path)) to begin again",
      job: job,
      adds: adds, interval: interval)
  }

  /// The path of a new array or group until it is complete.
  static func workingPath(of path: String) -> String {
    "\(FilePath.parent(of: path))/.\(FilePath.name(of: path)).import.partial"
  }

  /// Whether a checkpoint is due.
  var isDue: Bool { lastSaving.duration(to: .now) >= interval }

  /// Saves the position.
  ///
  /// - Precondition: All elements before the position are stored.
  func save(_ position: ImportPosition) throws {
    self.position = position
    let bytes = Self.bytes(of: job, position)
    try store.write(key, bytes.rawSpan)
    lastSaving = .now
  }

  /// The record of an import, and when it was written, in seconds since 1970.
  static func bytes(of job: JSONObject, _ position: ImportPosition) -> [UInt8] {
    JSONWriter().bytes(
      of: .object(["job": .object(job), "position": .object(position.json), "time": .integer(time(nil))]))
  }

  /// When a record was written, in seconds since 1970, or nil if it does not say that.
  static func timeOfWriting(in store: any Store, _ key: StoreKey) throws -> Int? {
    guard let bytes = try store.bytes(of: key, limit: maximumByteCount) else { return nil }
    guard case .object(let record)? = try? JSONParser().parse(bytes) else { return nil }
    return record["time"]?.integerValue
  }

  /// Removes the record.
  func remove() throws {
    try store.delete(key)
  }

  /// The first difference between two jobs, in words that follow "and".
  private static func difference(_ old: JSONObject, _ new: JSONObject) -> String {
    if old.isEmpty { return "it began without --resume" }
    for (name, value) in new where old[name] != value {
      return "its \(name) were \(old[name].map(\.description) ?? "not said") and are now \(value)"
    }
    return "it was another one"
  }
}

/// The position of an import.
struct ImportPosition: Equatable {
  /// The number of elements before the last import began to append.
  var firstElement = 0

  /// The number of elements that it has imported since then.
  var elementCount = 0

  /// The position in each source of lines, including sources of earlier imports that this one does not name.
  var sources: [SourcePosition] = []

  /// The fingerprint of the imported files, if the sources are directories.
  var files = FileFingerprint()

  /// The broken lines that were left out.
  var skipped = SkippedPosition()

  /// Whether everything is imported.
  var isComplete = false
}

/// The position in a source of lines: whole lines from its beginning are imported.
struct SourcePosition: Equatable {
  /// The path of the source.
  var name = ""

  /// The number of imported bytes, their lines, and their CRC-32C.
  var byteCount = 0
  var lineCount = 0
  var checksum = 0

  /// Whether the last line ends with its terminator.
  var isTerminated = true

  /// The size and modification time of the file when it was last read.
  var status: [Int] = []

  /// Adds the bytes that follow.
  mutating func add(_ bytes: RawSpan, _ terminator: UInt8) {
    guard !bytes.isEmpty else { return }
    byteCount += bytes.byteCount
    checksum = Int(CRC32CCodec().checksum(of: bytes, continuing: UInt32(truncatingIfNeeded: checksum)))
    isTerminated = unsafe bytes.unsafeLoad(fromByteOffset: bytes.byteCount - 1, as: UInt8.self) == terminator
  }
}

/// A fingerprint of files: their number, and the sum of a hash of the path, size and modification time of each.
///
/// It is a sum because new files come between those that were imported before.
struct FileFingerprint: Equatable {
  var count = 0
  var sum = 0

  /// Adds a file.
  mutating func add(_ path: String, _ status: FileStatus) {
    // This is FNV-1a. No path contains a NUL.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ value: UInt64) { hash = (hash ^ value) &* 0x100_0000_01b3 }
    for byte in path.utf8 { mix(UInt64(byte)) }
    for number in [0, status.byteCount] + status.modification { mix(UInt64(bitPattern: Int64(number))) }
    // Without this, hashes that differ in few bits would have similar sums.
    hash = (hash ^ (hash >> 32)) &* 0xd6e8_feb8_6659_fd93
    count += 1
    sum = sum &+ Int(truncatingIfNeeded: hash ^ (hash >> 29))
  }
}

extension ImportPosition {
  /// The position as JSON.
  var json: JSONObject {
    [
      "first_element": .integer(firstElement), "element_count": .integer(elementCount),
      "sources": .array(
        sources.map { source in
          .object([
            "path": .string(source.name), "byte_count": .integer(source.byteCount),
            "line_count": .integer(source.lineCount),
            "crc32c": .integer(source.checksum), "is_terminated": .bool(source.isTerminated),
            "status": .array(source.status.map(JSONValue.integer)),
          ])
        }),
      "file_count": .integer(files.count), "file_hashes": .integer(files.sum),
      "skipped_line_count": .integer(skipped.count), "skipped_byte_count": .integer(skipped.byteCount),
      "is_complete": .bool(isComplete),
    ]
  }

  /// Reads a position.
  ///
  /// The result is nil if the JSON is not one.
  init?(_ json: JSONObject) {
    // Sums of a few such numbers do not overflow.
    let counts = 0...Int.max >> 2
    guard let first = json["first_element"]?.integerValue, let count = json["element_count"]?.integerValue,
      counts.contains(first), counts.contains(count),
      let sources = json["sources"]?.arrayValue, let fileCount = json["file_count"]?.integerValue,
      counts.contains(fileCount), let hashes = json["file_hashes"]?.integerValue,
      let isComplete = json["is_complete"]?.boolValue
    else { return nil }
    for source in sources {
      guard let source = source.objectValue, let name = source["path"]?.stringValue,
        let byteCount = source["byte_count"]?.integerValue,
        let lineCount = source["line_count"]?.integerValue, let checksum = source["crc32c"]?.integerValue,
        let isTerminated = source["is_terminated"]?.boolValue, let status = source["status"]?.arrayValue,
        counts.contains(byteCount), counts.contains(lineCount)
      else { return nil }
      self.sources.append(
        SourcePosition(
          name: name, byteCount: byteCount, lineCount: lineCount, checksum: checksum,
          isTerminated: isTerminated, status: status.compactMap(\.integerValue)))
    }
    (firstElement, elementCount) = (first, count)
    files = FileFingerprint(count: fileCount, sum: hashes)
    skipped = SkippedPosition(
      count: json["skipped_line_count"]?.integerValue ?? 0,
      byteCount: json["skipped_byte_count"]?.integerValue ?? 0)
    guard counts.contains(skipped.count), counts.contains(skipped.byteCount) else { return nil }
    self.isComplete = isComplete
  }
}
