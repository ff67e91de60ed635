import ChunkEngine
import Synchronization
import Zarr
import ZarrPlatform

/// An archive that is being written.
///
/// Values go to a file as they come, which becomes the archive: beside it in a directory, or without a name
/// where temporary files are, if the archive is in another store. Documents of nodes change often, so they stay in
/// memory and are written once, at the end:
///
///     new values | those of the old archive that stay | documents | directory
///
/// A value that is replaced or deleted leaves its bytes in the file.
final class ZipWriter: @unchecked Sendable {
  /// A value that was written, by any thread.
  enum Pending: Sendable {
    case removed
    case document(MemoryValue)
    case value(ZipMember, start: Int)
  }

  private struct Values {
    var pending: [StoreKey: Pending] = [:]
    var isFinished = false
  }

  /// The end of the file, where one value of unknown size at a time may grow.
  private struct End {
    var offset = 0
    var isTaken = false
  }

  /// Values up to this size are gathered in memory, so that many threads write at once.
  private static let gatheredByteCount = 16 << 20

  /// The most bytes that are copied at a time.
  private static let partByteCount = 8 << 20

  let path: String
  private let values = Locked(Values())
  private let file: PartialFile

  // SAFETY: `end` is only touched while `turn` is held. The rest is Sendable.
  private var end = End()
  private let turn = WaitingLock()

  /// Numbers documents, so that no two have one.
  private let nextNumber = Atomic<UInt64>(1 << 63)

  init(_ file: PartialFile, path: String) {
    self.file = file
    self.path = path
  }

  /// What was written under a key, or nil if nothing was.
  subscript(key: StoreKey) -> Pending? { values.withLock { $0.pending[key] } }

  /// The keys of what was written, and whether it was removed.
  var keys: [(key: StoreKey, isRemoved: Bool)] {
    values.withLock { values in
      values.pending.map { key, pending in if case .removed = pending { (key, true) } else { (key, false) } }
    }
  }

  /// Opens what was written.
  func open(_ pending: Pending) -> (any StoredValue)? {
    switch pending {
    case .removed: nil
    case .document(let value): value
    case .value(let member, let start):
      FilePart(file: file, start: start, info: ZipArchive.Generation.written.info(of: member))
    }
  }

  /// Writes a value.
  ///
  /// - Parameters:
  ///   - key: The key.
  ///   - byteCount: The size, as a hint.
  ///   - check: Is handed what was written before, once all is gathered, and throws if that is not to be replaced.
  ///   - gather: Hands over the parts of the value.
  /// - Throws: `StoreError`, and what `check` and `gather` throw.
  func write(
    _ key: StoreKey, byteCount: Int, checking check: (Pending?) throws -> Void,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    guard key.description.utf8.count <= UInt16.max else {
      throw StoreError.invalidKey(key.description, reason: "it is too long for a zip archive")
    }
    var gathered = ByteArena()
    var growing: GrowingValue?
    defer { if let growing { end(growing) } }
    try gathered.reserve(min(max(byteCount, 0), Self.gatheredByteCount))
    try gather { part in
      if growing == nil, !key.isDocument, part.byteCount > Self.gatheredByteCount - gathered.count {
        growing = beginGrowing(key)
        try growing?.append(gathered.bytes, to: file)
        gathered = ByteArena()
      }
      if growing == nil { try gathered.append(copying: part) } else { try growing?.append(part, to: file) }
    }
    if let value = growing {
      try put(.value(try value.finish(key, in: file), start: value.dataStart), at: key, checking: check)
      growing?.isKept = true
    } else if key.isDocument {
      let number = nextNumber.wrappingAdd(1, ordering: .relaxed).oldValue
      try put(
        .document(MemoryValue(bytes: try gathered.takeBytes(), number: number)), at: key, checking: check)
    } else {
      try put(try append(gathered.bytes, named: key), at: key, checking: check)
    }
  }

  /// Removes a value.
  func remove(_ key: StoreKey, checking check: (Pending?) throws -> Void) throws {
    try put(.removed, at: key, checking: check)
  }

  private func put(_ new: Pending, at key: StoreKey, checking check: (Pending?) throws -> Void) throws {
    try values.withLock { values in
      guard !values.isFinished else { throw StoreError.readOnly(path: path) }
      try check(values.pending[key])
      values.pending[key] = new
    }
  }

  /// Writes a value whose size is known.
  private func append(_ bytes: RawSpan, named key: StoreKey) throws -> Pending {
    let name = key.description.utf8Bytes
    var member = ZipMember(checksum: Deflate.checksum(of: bytes), byteCount: bytes.byteCount, offset: 0)
    let headByteCount = member.localByteCount(nameByteCount: name.byteCount)
    member.offset = take(headByteCount + bytes.byteCount)
    var head = ByteArena()
    try member.appendLocal(name: name, to: &head)
    // A small value is written with its record in one call.
    let isSmall = bytes.byteCount <= 1 << 16
    if isSmall { try head.append(copying: bytes) }
    try file.write(head.bytes, at: member.offset)
    if !isSmall { try file.write(bytes, at: member.offset + headByteCount) }
    return .value(member, start: member.offset + headByteCount)
  }

  /// Takes the next bytes of the file.
  private func take(_ byteCount: Int) -> Int {
    turn.withLock {
      while end.isTaken { turn.wait() }
      defer { end.offset += byteCount }
      return end.offset
    }
  }

  private func beginGrowing(_ key: StoreKey) -> GrowingValue {
    let start = turn.withLock {
      while end.isTaken { turn.wait() }
      end.isTaken = true
      return end.offset
    }
    return GrowingValue(start: start, nameByteCount: key.description.utf8.count)
  }

  private func end(_ value: GrowingValue) {
    turn.withLock {
      end = End(offset: value.isKept ? value.end : value.start)
    }
    turn.broadcast()
  }
}

/// A value that is written at the end of the file before its size is known.
///
/// The record in front of it is written last and has room for sizes of eight bytes.
private struct GrowingValue {
  let start: Int
  let dataStart: Int
  private var byteCount = 0
  private var checksum: UInt32 = 0
  var isKept = false

  init(start: Int, nameByteCount: Int) {
    self.start = start
    dataStart = start + ZipMember.localByteCount + nameByteCount + ZipMember.localExtraByteCount
  }

  var end: Int { dataStart + byteCount }

  mutating func append(_ bytes: RawSpan, to file: PartialFile) throws {
    try file.write(bytes, at: end)
    checksum = Deflate.checksum(of: bytes, after: checksum)
    byteCount += bytes.byteCount
  }

  func finish(_ key: StoreKey, in file: PartialFile) throws -> ZipMember {
    let member = ZipMember(checksum: checksum, byteCount: byteCount, offset: start)
    var head = ByteArena()
    try member.appendLocal(name: key.description.utf8Bytes, hasExtra: true, to: &head)
    try file.write(head.bytes, at: start)
    return member
  }
}

/// Making the archive whole.
extension ZipWriter {
  /// Writes what is missing of the archive to the file, and then calls `place` with the file and its size.
  ///
  /// - Parameters:
  ///   - old: The archive whose other values stay.
  ///   - place: Has the file take the place of the old archive.
  /// - Returns: The archive as a value.
  /// - Throws: `StoreError`, and what `place` throws. Then more can be written, and this be called again.
  func finish(
    keeping old: ZipArchive?, placing place: (PartialFile, _ byteCount: Int) throws -> Void
  ) throws -> any StoredValue {
    let pending = values.withLock { values in
      values.isFinished = true
      return values.pending
    }
    do {
      let kept = try copyKept(of: old, without: pending)
      var written: [(key: StoreKey, member: ZipMember)] = []
      written.reserveCapacity(pending.count)
      for (key, value) in pending.sorted(by: { $0.key.comes(before: $1.key) }) {
        switch value {
        case .removed: break
        case .value(let member, _): written.append((key, member))
        case .document(let value):
          guard case .value(let member, _) = try append(value.bytes.bytes, named: key) else { break }
          written.append((key, member))
        }
      }
      let byteCount = try writeDirectory(kept, of: old, and: written)
      try place(file, byteCount)
      return FilePart(file: file, start: 0, info: ValueInfo(byteCount: byteCount))
    } catch {
      values.withLock { $0.isFinished = false }
      throw error
    }
  }

  /// Copies the values of the old archive that were neither replaced nor removed.
  ///
  /// - Returns: Their entries, in the order of their names, and what the new directory says of them.
  private func copyKept(
    of old: ZipArchive?, without pending: [StoreKey: Pending]
  ) throws -> [(entry: ZipArchive.Entry, member: ZipMember)] {
    guard let old else { return [] }
    var kept: [(entry: ZipArchive.Entry, member: ZipMember)] = []
    for entry in old.entries where try pending.isEmpty || pending[old.key(of: entry)] == nil {
      kept.append((entry, try old.member(of: entry)))
    }
    // Values that follow each other without a gap are copied together, with the records in front of them.
    var run = 0..<0
    var target = 0
    func copyRun() throws {
      try copy(run, of: old, to: target)
      run = 0..<0
    }
    for index in kept.indices.sorted(by: { kept[$0].member.offset < kept[$1].member.offset }) {
      let (entry, member) = kept[index]
      let name = old.name(of: entry)
      guard entry.isTight else {
        try copyRun()
        let copy = member.moved(
          to: take(member.localByteCount(nameByteCount: name.byteCount) + member.storedByteCount))
        var head = ByteArena()
        try copy.appendLocal(name: name, to: &head)
        try file.write(head.bytes, at: copy.offset)
        let start = try old.dataOffset(of: entry, member)
        try self.copy(start..<start + member.storedByteCount, of: old, to: copy.offset + head.count)
        kept[index].member = copy
        continue
      }
      let byteCount = ZipMember.localByteCount + name.byteCount + member.storedByteCount
      let offset = take(byteCount)
      if run.upperBound != member.offset || target + run.count != offset {
        try copyRun()
        run = member.offset..<member.offset
        target = offset
      }
      run = run.lowerBound..<member.offset + byteCount
      kept[index].member.offset = offset
    }
    try copyRun()
    return kept
  }

  /// Copies bytes of the old archive.
  private func copy(_ range: Range<Int>, of old: ZipArchive, to target: Int) throws {
    var arena = ByteArena()
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.partByteCount) {
      try ProgressMonitor.checkCurrent()
      arena.removeAll()
      try old.read(start..<min(start + Self.partByteCount, range.upperBound), into: &arena)
      try file.write(arena.bytes, at: target + start - range.lowerBound)
    }
  }

  /// Writes the directory, sorted by the names, and the records after it.
  ///
  /// - Returns: The size of the archive.
  private func writeDirectory(
    _ kept: [(entry: ZipArchive.Entry, member: ZipMember)], of old: ZipArchive?,
    and written: [(key: StoreKey, member: ZipMember)]
  ) throws -> Int {
    let start = take(0)
    var offset = start
    var arena = ByteArena()
    func flush() throws {
      try file.write(arena.bytes, at: offset)
      offset += arena.count
      arena.removeAll()
    }
    var (keptRest, writtenRest) = (kept[...], written[...])
    while true {
      if arena.count > 1 << 20 { try flush() }
      if let old, let (entry, member) = keptRest.first,
        writtenRest.first.map({ old.name(of: entry).compare($0.key.description.utf8Bytes) < 0 }) ?? true
      {
        try member.appendToDirectory(name: old.name(of: entry), to: &arena)
        keptRest.removeFirst()
      } else if let (key, member) = writtenRest.popFirst() {
        try member.appendToDirectory(name: key.description.utf8Bytes, to: &arena)
      } else {
        break
      }
    }
    try flush()
    try ZipEnd(count: kept.count + written.count, directory: start..<offset).append(to: &arena)
    try flush()
    return offset
  }
}

extension StoreKey {
  fileprivate func comes(before other: StoreKey) -> Bool {
    description.utf8Bytes.compare(other.description.utf8Bytes) < 0
  }
}

/// A value in the file, or all of that.
private struct FilePart: StoredValue {
  let file: PartialFile
  let start: Int
  let info: ValueInfo

  var staysWhenReplaced: Bool { true }

  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    let range = range.clamped(to: 0..<byteCount)
    try file.read(start + range.lowerBound..<start + range.upperBound, into: &arena)
  }
}
