import ChunkEngine
import Zarr
import ZarrPlatform

/// How much memory an archive may ask for.
public struct ZipLimits: Hashable, Sendable {
  /// The most bytes of a directory, which is in memory while the archive is open.
  ///
  /// It has some 50 bytes and the name for each value, so that the default is enough for three million. As much
  /// again is needed while it is opened.
  public var directoryByteCount = 256 << 20

  /// The most bytes of a compressed value that is read in parts, and is then in memory as a whole.
  public var inflatedByteCount = 256 << 20

  /// Creates the default limits.
  public init() {}
}

/// A zip archive that is read.
///
/// The directory stays in memory as it is stored, with the places of its records sorted by their names.
final class ZipArchive: Sendable {
  /// A record of the directory.
  struct Entry {
    private let bits: Int

    /// Whether nothing but the shortest record can be between the value before and the data.
    ///
    /// Then it is known where the data begins without a look.
    var isTight: Bool { bits & 1 == 1 }

    /// Where the record is in the directory.
    var position: Int { bits >> 1 }

    fileprivate init(at position: Int, isTight: Bool) {
      bits = position << 1 | (isTight ? 1 : 0)
    }
  }

  /// Where a value and the record in front of it are in the archive.
  private struct Extent {
    let offset: Int
    let end: Int
    let position: Int
    let hasDescriptor: Bool
    let isDirectory: Bool
  }

  /// The bytes that are read at first, which often hold the whole directory and the metadata in front of it.
  static let tailByteCount = 256 << 10

  /// Where the archive is, as errors show it.
  let path: String

  /// What is known of the archive as a value.
  let value: any StoredValue

  /// The last records for each name, sorted by the bytes of the names.
  let entries: [Entry]

  /// Which of the archives it is whose values a store tells apart.
  enum Generation: UInt64 {
    /// What was there when the store was opened.
    case opened = 0
    /// What the store has written.
    case written = 1

    /// What tells a value from others of the same store: places differ within an archive.
    func info(of member: ZipMember) -> ValueInfo {
      ValueInfo(byteCount: member.byteCount, version: StoredVersion(rawValue << 62 | UInt64(member.offset)))
    }
  }

  let generation: Generation
  private let limits: ZipLimits

  /// The last bytes of the archive, from the directory on or more.
  private let tail: SharedBytes
  private let directoryRange: Range<Int>

  /// Where the data of values begins whose record was looked at, by the place of that.
  private let dataOffsets = Locked<[Int: Int]>([:])

  /// Opens an archive, or returns nil if there is none.
  ///
  /// - Throws: `StoreError`
  static func open(_ key: StoreKey, in base: any Store, _ limits: ZipLimits) throws -> ZipArchive? {
    var tail = ByteArena()
    let value = try base.openValue(
      key, reading: .suffix(tailByteCount), limit: tailByteCount, into: &tail)
    guard let value else { return nil }
    return try ZipArchive(value, at: "\(base.location)/\(key)", endingWith: tail, .opened, limits)
  }

  /// Opens an archive.
  ///
  /// - Parameters:
  ///   - value: The archive.
  ///   - path: Where it is, as errors show it.
  ///   - tail: Its last ``tailByteCount`` bytes, or all.
  ///   - generation: Which of the archives of a store it is.
  ///   - limits: How much memory it may ask for.
  /// - Throws: `StoreError`
  /// - Complexity: O(*n* log *n*) in the number of values, and O(*n*) if they are in the order of their names.
  init(
    _ value: any StoredValue, at path: String, endingWith tail: consuming ByteArena, _ generation: Generation,
    _ limits: ZipLimits
  ) throws {
    self.path = path
    self.value = value
    self.generation = generation
    self.limits = limits
    let start = value.byteCount - tail.count
    guard tail.count == min(Self.tailByteCount, value.byteCount) else { throw StoreError.changed(path: path) }
    let end = try Self.naming(path) { () throws(ZipFault) in try ZipEnd(in: tail.bytes, startingAt: start) }
    guard end.directory.count <= limits.directoryByteCount else {
      throw StoreError.tooLarge(
        path: "the directory of \(path)", byteCount: end.directory.count, limit: limits.directoryByteCount)
    }
    if end.directory.lowerBound < start {
      let missing = end.directory.lowerBound..<start
      var whole = ByteArena()
      try whole.reserve(value.byteCount - missing.lowerBound)
      try value.read(missing, into: &whole)
      guard whole.count == missing.count else { throw StoreError.changed(path: path) }
      try whole.append(copying: tail.bytes)
      tail = whole
    }
    self.tail = try tail.takeBytes()
    let tailStart = value.byteCount - self.tail.byteCount
    directoryRange = end.directory.lowerBound - tailStart..<end.directory.upperBound - tailStart
    let (bytes, range) = (self.tail, directoryRange)
    entries = try Self.naming(path) { () throws(ZipFault) in
      let directory = bytes.bytes.extracting(range)
      let entries = try Self.entries(of: directory, count: end.count, endingAt: end.directory.lowerBound)
      return Self.sorted(entries, directory)
    }
  }

  /// Reads all records, and checks that no two values have a byte in common.
  private static func entries(
    of directory: RawSpan, count: Int, endingAt end: Int
  ) throws(ZipFault) -> [Entry] {
    var extents: [Extent] = []
    extents.reserveCapacity(count)
    var position = 0
    var isAscending = true
    for _ in 0..<count {
      let record = try ZipRecord(at: position, in: directory)
      let member = record.member
      let name = directory.extracting(record.name)
      let text = try text(of: name)
      let isDirectory = text.utf8.last == UInt8(ascii: "/")
      let headByteCount = ZipMember.localByteCount + name.byteCount
      guard member.offset <= end - headByteCount,
        member.storedByteCount <= end - headByteCount - member.offset
      else { throw ZipFault("\(text) is not inside of it") }
      guard
        member.method != ZipMember.stored || member.isEncrypted || member.storedByteCount == member.byteCount,
        !isDirectory || member.byteCount == 0
      else { throw ZipFault("\(text) has two sizes") }
      let extent = Extent(
        offset: member.offset, end: member.offset + headByteCount + member.storedByteCount,
        position: position,
        hasDescriptor: member.hasDescriptor, isDirectory: isDirectory)
      if let last = extents.last, last.offset > extent.offset { isAscending = false }
      extents.append(extent)
      position = record.end
    }
    guard position == directory.byteCount else {
      throw ZipFault("its directory has more records than it says")
    }
    if !isAscending { extents.sort { $0.offset < $1.offset } }
    var entries: [Entry] = []
    entries.reserveCapacity(count)
    for (index, extent) in extents.enumerated() {
      let next = index + 1 < extents.count ? extents[index + 1].offset : end
      guard extent.end <= next else { throw ZipFault("two values in it have bytes in common") }
      guard !extent.isDirectory else { continue }
      entries.append(
        Entry(at: extent.position, isTight: extent.end == next && !extent.hasDescriptor))
    }
    return entries
  }

  /// The name of a value, or of a directory with a slash at its end.
  private static func text(of name: RawSpan) throws(ZipFault) -> String {
    guard name.isWellFormedText else { throw ZipFault("a name in it is not UTF-8", .unsupported) }
    let text = unsafe name.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    let isDirectory = text.utf8.last == UInt8(ascii: "/")
    do {
      _ = try StoreKey(isDirectory ? String(Substring(text.utf8.dropLast())) : text)
    } catch {
      throw ZipFault("\(error)")
    }
    return text
  }

  /// Sorts records by their names, and leaves out all but the last of each name.
  private static func sorted(_ entries: [Entry], _ directory: RawSpan) -> [Entry] {
    var isSorted = true
    for index in entries.indices.dropFirst() where isSorted {
      isSorted = name(of: entries[index - 1], directory).compare(name(of: entries[index], directory)) < 0
    }
    guard !isSorted else { return entries }
    let sorted = entries.sorted { left, right in
      let order = name(of: left, directory).compare(name(of: right, directory))
      return order == 0 ? left.position < right.position : order < 0
    }
    var unique: [Entry] = []
    unique.reserveCapacity(sorted.count)
    for entry in sorted {
      if let last = unique.last, name(of: last, directory).compare(name(of: entry, directory)) == 0 {
        unique.removeLast()
      }
      unique.append(entry)
    }
    return unique
  }

  @_lifetime(copy directory)
  private static func name(of entry: Entry, _ directory: RawSpan) -> RawSpan {
    let start = entry.position + ZipMember.directoryByteCount
    let byteCount = Int(directory.number(at: entry.position + 28) as UInt16)
    return directory.extracting(start..<start + byteCount)
  }

  static func naming<Result>(
    _ path: String, _ body: () throws(ZipFault) -> Result
  ) throws(StoreError) -> Result {
    do throws(ZipFault) {
      return try body()
    } catch {
      throw switch error.kind {
      case .damaged: .damaged(path: path, reason: error.reason)
      case .unsupported: .unsupported(path: path, reason: error.reason)
      }
    }
  }
}

/// Finding values.
extension ZipArchive {
  private var directory: RawSpan {
    @_lifetime(borrow self)
    get {
      let tail = tail
      // SAFETY: The bytes live as long as the archive.
      return unsafe _overrideLifetime(tail.bytes.extracting(directoryRange), borrowing: self)
    }
  }

  /// The name of a value.
  @_lifetime(borrow self)
  func name(of entry: Entry) -> RawSpan { Self.name(of: entry, directory) }

  /// The key of a value.
  func key(of entry: Entry) throws -> StoreKey {
    try StoreKey(unsafe name(of: entry).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) })
  }

  /// What the directory says of a value.
  func member(of entry: Entry) throws -> ZipMember {
    // It could be read before.
    try Self.naming(path) { () throws(ZipFault) in try ZipRecord(at: entry.position, in: directory).member }
  }

  /// The place of the first entry whose name is not below another one.
  private func lowerBound(of name: RawSpan) -> Int {
    var range = 0..<entries.count
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      if self.name(of: entries[middle]).compare(name) < 0 {
        range = middle + 1..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    return range.lowerBound
  }

  /// The entry of a key.
  func entry(of key: StoreKey) -> Entry? {
    let name = key.description.utf8Bytes
    let index = lowerBound(of: name)
    return index < entries.count && self.name(of: entries[index]).compare(name) == 0 ? entries[index] : nil
  }

  /// The entries whose names begin with some bytes.
  func entries(startingWith start: String) -> ArraySlice<Entry> {
    let first = lowerBound(of: start.utf8Bytes)
    return entries[first..<end(of: start, from: first)]
  }

  /// The place of the first entry whose name is above all that begin with some bytes.
  private func end(of start: String, from first: Int) -> Int {
    let start = start.utf8Bytes
    var range = first..<entries.count
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      let name = name(of: entries[middle])
      if name.byteCount >= start.byteCount, name.extracting(0..<start.byteCount).compare(start) == 0 {
        range = middle + 1..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    return range.lowerBound
  }

  /// The names directly below a prefix, which ends with a slash or is empty.
  ///
  /// - Complexity: O(*m* log *n*) where *m* is the number of names and *n* that of values.
  func listDirectory(_ start: String) throws -> DirectoryListing {
    var listing = DirectoryListing()
    let entries = entries(startingWith: start)
    var index = entries.startIndex
    while index < entries.endIndex {
      let text = try key(of: entries[index]).description
      let rest = text.utf8.dropFirst(start.utf8.count)
      let name = rest.prefix { $0 != UInt8(ascii: "/") }
      if name.endIndex == text.utf8.endIndex {
        listing.values.append(String(Substring(name)))
        index += 1
      } else {
        listing.prefixes.append(String(Substring(name)))
        index = end(of: String(Substring(text.utf8[..<name.endIndex])) + "/", from: index)
      }
    }
    return listing
  }
}

/// Reading values.
extension ZipArchive {
  /// Appends bytes of the archive.
  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    let tail = tail
    let tailStart = value.byteCount - tail.byteCount
    if range.lowerBound >= tailStart {
      return try arena.append(
        copying: tail.bytes.extracting(range.lowerBound - tailStart..<range.upperBound - tailStart))
    }
    let before = arena.count
    try value.read(range, into: &arena)
    guard arena.count - before == range.count else {
      arena.truncate(to: before)
      throw StoreError.changed(path: path)
    }
  }

  /// Opens a value, or returns nil if there is none.
  ///
  /// - Throws: `StoreError`
  func openValue(_ key: StoreKey) throws -> (any StoredValue)? {
    guard let entry = entry(of: key) else { return nil }
    let member = try member(of: entry)
    let path = "\(path)|zip:/\(key)"
    guard !member.isEncrypted else { throw StoreError.unsupported(path: path, reason: "it is encrypted") }
    switch member.method {
    case ZipMember.stored: return StoredMember(archive: self, entry: entry, member: member, path: path)
    case ZipMember.deflated:
      // More is not possible, and no program writes so much for so little.
      guard (member.byteCount - 1) / 1032 <= member.storedByteCount,
        member.storedByteCount / 2 <= member.byteCount + 1 << 16
      else { throw StoreError.damaged(path: path, reason: "its two sizes do not fit each other") }
      return DeflatedMember(
        archive: self, entry: entry, member: member, path: path, limit: limits.inflatedByteCount)
    case let method:
      throw StoreError.unsupported(
        path: path,
        reason: "it is compressed by method \(method), and only 0 (stored) and 8 (deflate) are read")
    }
  }

  /// Where the data of a value begins.
  ///
  /// Only the record in front of it says how large that is, if there is room for more than the shortest.
  func dataOffset(of entry: Entry, _ member: ZipMember) throws -> Int {
    let name = name(of: entry)
    let shortest = ZipMember.localByteCount + name.byteCount
    if entry.isTight { return member.offset + shortest }
    if let known = dataOffsets.withLock({ $0[member.offset] }) { return known }
    var arena = ByteArena()
    try read(member.offset..<member.offset + shortest, into: &arena)
    let record = arena.bytes
    let end = value.byteCount - tail.byteCount + directoryRange.lowerBound
    let start = member.offset + shortest + Int(record.number(at: 28) as UInt16)
    guard record.number(at: 0) == ZipMember.localSignature,
      Int(record.number(at: 26) as UInt16) == name.byteCount,
      record.extracting(ZipMember.localByteCount...).compare(name) == 0,
      start + member.storedByteCount <= end
    else {
      throw StoreError.damaged(
        path: "\(path)|zip:/\(try key(of: entry))",
        reason: "what is in front of it is not what the directory says")
    }
    dataOffsets.withLock { $0[member.offset] = start }
    return start
  }
}

extension ZipMember {
  fileprivate func checkChecksum(of bytes: RawSpan, path: String) throws {
    guard Deflate.checksum(of: bytes) == checksum else {
      throw StoreError.damaged(path: path, reason: "its bytes do not match their checksum")
    }
  }
}

/// A value that is stored as it is.
private struct StoredMember: StoredValue {
  let archive: ZipArchive
  let entry: ZipArchive.Entry
  let member: ZipMember
  let path: String

  var info: ValueInfo { archive.generation.info(of: member) }

  var staysWhenReplaced: Bool { true }

  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    let range = range.clamped(to: 0..<byteCount)
    let before = arena.count
    if !range.isEmpty {
      let start = try archive.dataOffset(of: entry, member)
      try archive.read(start + range.lowerBound..<start + range.upperBound, into: &arena)
    }
    guard range.count == byteCount else { return }
    do {
      try member.checkChecksum(of: arena.bytes.extracting(before...), path: path)
    } catch {
      arena.truncate(to: before)
      throw error
    }
  }
}

/// A value that is compressed.
private final class DeflatedMember: StoredValue {
  private let archive: ZipArchive
  private let entry: ZipArchive.Entry
  private let member: ZipMember
  private let path: String
  private let limit: Int

  /// All bytes, once a part was asked for.
  private let inflated = Locked<SharedBytes?>(nil)

  init(archive: ZipArchive, entry: ZipArchive.Entry, member: ZipMember, path: String, limit: Int) {
    self.archive = archive
    self.entry = entry
    self.member = member
    self.path = path
    self.limit = limit
  }

  var info: ValueInfo { archive.generation.info(of: member) }

  var staysWhenReplaced: Bool { true }

  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    let range = range.clamped(to: 0..<byteCount)
    guard range.count < byteCount else { return try inflate(into: &arena) }
    guard !range.isEmpty else { return }
    guard byteCount <= limit else {
      throw StoreError.tooLarge(path: path, byteCount: byteCount, limit: limit)
    }
    let bytes = try inflated.withLock { inflated in
      if let inflated { return inflated }
      var arena = ByteArena()
      try inflate(into: &arena)
      let bytes = try arena.takeBytes()
      inflated = bytes
      return bytes
    }
    try arena.append(copying: bytes.bytes.extracting(range))
  }

  private func inflate(into arena: inout ByteArena) throws {
    var stored = ByteArena()
    let start = try archive.dataOffset(of: entry, member)
    try archive.read(start..<start + member.storedByteCount, into: &stored)
    let before = arena.count
    do {
      guard try Deflate.inflate(stored.bytes, byteCount: byteCount, into: &arena) else {
        throw StoreError.damaged(path: path, reason: "it cannot be decompressed to the size that it says")
      }
      try member.checkChecksum(of: arena.bytes.extracting(before...), path: path)
    } catch {
      arena.truncate(to: before)
      throw error
    }
  }
}
