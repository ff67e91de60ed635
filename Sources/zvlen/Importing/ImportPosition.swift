import ChunkEngine
import Zarr

/// How far an import has come.
struct ImportPosition: Equatable {
  /// The elements that the array had before this import added some the last time.
  var firstElement = 0

  /// The elements that were imported since then.
  var elementCount = 0

  /// How much of each source is imported, where sources are lines; also of those that imports before have added
  /// and this one does not name.
  var sources: [SourcePosition] = []

  /// What tells the files that are imported from others, where sources are directories.
  var files = FileFingerprint()

  /// Whether everything is imported.
  var isComplete = false
}

/// How much of a source of lines is imported: whole lines from its beginning.
struct SourcePosition: Equatable {
  /// The path of the source.
  var name = ""

  /// The bytes that are imported, their lines, and their CRC-32C.
  var byteCount = 0
  var lineCount = 0
  var checksum = 0

  /// Whether the last line ends with its terminator.
  var isTerminated = true

  /// What was known of the file when it was read last: its size, and the time of its change.
  var status: [Int] = []

  /// Takes the bytes that follow.
  mutating func add(_ bytes: RawSpan, _ terminator: UInt8) {
    guard !bytes.isEmpty else { return }
    byteCount += bytes.byteCount
    checksum = Int(CRC32CCodec().checksum(of: bytes, continuing: UInt32(truncatingIfNeeded: checksum)))
    isTerminated = unsafe bytes.unsafeLoad(fromByteOffset: bytes.byteCount - 1, as: UInt8.self) == terminator
  }
}

/// Tells files from others: their number, and the sum of a hash of each one's path, size and time of change.
///
/// A sum, because files that are added later come between those that were imported before.
struct FileFingerprint: Equatable {
  var count = 0
  var sum = 0

  /// Takes a file.
  mutating func add(_ path: String, _ status: FileStatus) {
    // FNV-1a; no path has a NUL.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ value: UInt64) { hash = (hash ^ value) &* 0x100_0000_01b3 }
    for byte in path.utf8 { mix(UInt64(byte)) }
    for number in [0, status.byteCount] + status.modification { mix(UInt64(bitPattern: Int64(number))) }
    // Sums of hashes that differ in few bits would be alike.
    hash = (hash ^ (hash >> 32)) &* 0xd6e8_feb8_6659_fd93
    count += 1
    sum = sum &+ Int(truncatingIfNeeded: hash ^ (hash >> 29))
  }
}

extension ImportPosition {
  /// The position as it is stored.
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
      "is_complete": .bool(isComplete),
    ]
  }

  /// Takes a position that was stored, or returns nil if it is none.
  init?(_ json: JSONObject) {
    // Sums of a few of them can be counted.
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
    self.isComplete = isComplete
  }
}
