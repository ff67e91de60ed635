import ChunkEngine

/// A value in an archive, as the directory at the end describes it.
///
/// Numbers are little-endian. Those in brackets are only there, in an extra field with the identifier 1, if the
/// number of four bytes that they replace is 0xFFFFFFFF.
///
///     at the value                            in the directory
///     4   50 4B 03 04                         4   50 4B 01 02
///                                             2   version and system of the writer
///     2   version needed                      2   version needed
///     2   flags                               2   flags
///     2   method: 0 stored, 8 deflated        2   method
///     4   time and date                       4   time and date
///     4   CRC-32                              4   CRC-32
///     4   stored size                         4   stored size
///     4   size                                4   size
///     2   size of the name                    2   size of the name
///     2   size of extra fields                2   size of extra fields
///         name                                2   size of the comment
///         extra fields [8 size, 8 stored]     2   disk
///         data                                2+4 attributes
///                                             4   where the value is
///                                                 name
///                                                 extra fields [8 size, 8 stored, 8 where]
///                                                 comment
struct ZipMember: Sendable {
  static let localSignature: UInt32 = 0x0403_4B50
  static let directorySignature: UInt32 = 0x0201_4B50

  /// The bytes in front of the name, at the value and in the directory.
  static let localByteCount = 30
  static let directoryByteCount = 46

  /// The bytes of the extra field at a value, with its identifier and size.
  static let localExtraByteCount = 20

  static let stored: UInt16 = 0
  static let deflated: UInt16 = 8

  private static let encryptedFlag: UInt16 = 1
  private static let descriptorFlag: UInt16 = 1 << 3
  private static let textFlag: UInt16 = 1 << 11

  /// The number that stands for one that does not fit.
  private static let large = Int(UInt32.max)

  var flags: UInt16
  var method: UInt16
  var checksum: UInt32
  var storedByteCount: Int
  var byteCount: Int

  /// Where the record in front of the data begins.
  var offset: Int

  /// Whether the size and the checksum follow the data, in as many bytes as only a look at them tells.
  var hasDescriptor: Bool { flags & Self.descriptorFlag != 0 }

  var isEncrypted: Bool { flags & Self.encryptedFlag != 0 }

  /// Creates a stored value that is written here.
  init(checksum: UInt32, byteCount: Int, offset: Int) {
    // The names of all keys are UTF-8.
    flags = Self.textFlag
    method = Self.stored
    self.checksum = checksum
    storedByteCount = byteCount
    self.byteCount = byteCount
    self.offset = offset
  }

  /// A copy that is described by one record in front of its data.
  func moved(to offset: Int) -> ZipMember {
    var copy = self
    copy.flags = flags & ~Self.descriptorFlag | Self.textFlag
    copy.offset = offset
    return copy
  }

  /// The bytes of the record in front of the data.
  func localByteCount(nameByteCount: Int) -> Int {
    Self.localByteCount + nameByteCount + (needsLocalExtra ? Self.localExtraByteCount : 0)
  }

  private var needsLocalExtra: Bool { max(byteCount, storedByteCount) >= Self.large }

  /// Appends the record in front of the data.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - hasExtra: Whether there is an extra field even if both sizes fit without.
  ///   - arena: Where the record goes.
  /// - Throws: `ChunkError.outOfMemory`
  func appendLocal(name: RawSpan, hasExtra: Bool = false, to arena: inout ByteArena) throws {
    let hasExtra = hasExtra || needsLocalExtra
    try arena.append(Self.localSignature)
    try appendCommon(
      name, sizes: hasExtra ? (Self.large, Self.large) : (storedByteCount, byteCount),
      extraByteCount: hasExtra ? Self.localExtraByteCount : 0, to: &arena)
    try arena.append(copying: name)
    if hasExtra { try Self.appendExtra([byteCount, storedByteCount], to: &arena) }
  }

  /// Appends the record in the directory.
  func appendToDirectory(name: RawSpan, to arena: inout ByteArena) throws {
    let large = [byteCount, storedByteCount, offset].filter { $0 >= Self.large }
    try arena.append(Self.directorySignature)
    // Unix, so that the attributes are rights.
    try arena.append(3 << 8 | Self.version as UInt16)
    try appendCommon(
      name, sizes: (min(storedByteCount, Self.large), min(byteCount, Self.large)),
      extraByteCount: large.isEmpty ? 0 : 4 + 8 * large.count, to: &arena)
    for _ in 0..<3 { try arena.append(0 as UInt16) }
    let rights: UInt32 = 0o100644
    try arena.append(rights << 16)
    try arena.append(UInt32(min(offset, Self.large)))
    try arena.append(copying: name)
    if !large.isEmpty { try Self.appendExtra(large, to: &arena) }
  }

  /// The version of the format that readers need, for numbers of eight bytes.
  private static let version: UInt16 = 45

  private func appendCommon(
    _ name: RawSpan, sizes: (stored: Int, size: Int), extraByteCount: Int, to arena: inout ByteArena
  ) throws {
    try arena.append(Self.version)
    try arena.append(flags)
    try arena.append(method)
    // The first day that there is, so that the same values make the same archive.
    try arena.append(0 as UInt16)
    try arena.append(1 << 5 | 1 as UInt16)
    try arena.append(checksum)
    try arena.append(UInt32(sizes.stored))
    try arena.append(UInt32(sizes.size))
    try arena.append(UInt16(name.byteCount))
    try arena.append(UInt16(extraByteCount))
  }

  private static func appendExtra(_ numbers: [Int], to arena: inout ByteArena) throws {
    try arena.append(1 as UInt16)
    try arena.append(UInt16(8 * numbers.count))
    for number in numbers { try arena.append(UInt64(number)) }
  }
}

/// A record of the directory: a value and where its name and the next record are.
struct ZipRecord {
  let member: ZipMember
  let name: Range<Int>
  let end: Int

  /// Reads a record.
  ///
  /// - Parameters:
  ///   - position: Where it begins.
  ///   - directory: All records.
  /// - Throws: What is wrong with it.
  init(at position: Int, in directory: RawSpan) throws(ZipFault) {
    guard position <= directory.byteCount - ZipMember.directoryByteCount,
      directory.number(at: position) == ZipMember.directorySignature
    else { throw ZipFault("the directory is cut short") }
    func short(_ offset: Int) -> Int { Int(directory.number(at: position + offset) as UInt16) }
    func long(_ offset: Int) -> Int { Int(directory.number(at: position + offset) as UInt32) }
    name = position + ZipMember.directoryByteCount..<position + ZipMember.directoryByteCount + short(28)
    let extra = name.upperBound..<name.upperBound + short(30)
    end = extra.upperBound + short(32)
    guard end <= directory.byteCount else { throw ZipFault("the directory is cut short") }
    guard short(34) == 0 else { throw ZipFault("it is divided into several files", .unsupported) }
    var large = ZipExtra(in: directory.extracting(extra))
    let byteCount = try large.value(of: long(24))
    let storedByteCount = try large.value(of: long(20))
    let offset = try large.value(of: long(42))
    var member = ZipMember(checksum: UInt32(long(16)), byteCount: byteCount, offset: offset)
    (member.flags, member.method) = (UInt16(short(8)), UInt16(short(10)))
    member.storedByteCount = storedByteCount
    self.member = member
  }
}

/// The numbers of eight bytes in the extra fields of a record.
private struct ZipExtra: ~Escapable {
  private var rest: RawSpan

  @_lifetime(copy fields)
  init(in fields: RawSpan) {
    var rest = fields
    while rest.byteCount >= 4 {
      let (identifier, byteCount) = (rest.number(at: 0) as UInt16, Int(rest.number(at: 2) as UInt16))
      guard byteCount <= rest.byteCount - 4 else { break }
      if identifier == 1 {
        self.rest = rest.extracting(4..<4 + byteCount)
        return
      }
      rest = rest.extracting((4 + byteCount)...)
    }
    self.rest = fields.extracting(0..<0)
  }

  /// A number, or the next one of eight bytes in place of the one that stands for it.
  @_lifetime(self: copy self)
  mutating func value(of short: Int) throws(ZipFault) -> Int {
    guard short == Int(UInt32.max) else { return short }
    guard rest.byteCount >= 8, let value = Int(exactly: rest.number(at: 0) as UInt64) else {
      throw ZipFault("a number in the directory is missing or too large")
    }
    rest = rest.extracting(8...)
    return value
  }
}

/// The records at the end of an archive, which say where the directory is.
///
///     directory
///     4   50 4B 06 06         if numbers of eight bytes are needed
///     8   size of the rest
///     2+2 versions
///     4+4 disks
///     8+8 records, twice
///     8   size of the directory
///     8   where it begins
///     4   50 4B 06 07         with the record before
///     4   disk
///     8   where that record is
///     4   disks
///     4   50 4B 05 06
///     2+2 disks
///     2+2 records, twice
///     4   size of the directory
///     4   where it begins
///     2   size of the comment
///         comment
struct ZipEnd {
  static let byteCount = 22
  static let locatorByteCount = 20
  static let largeByteCount = 56
  private static let signature: UInt32 = 0x0605_4B50
  private static let locatorSignature: UInt32 = 0x0706_4B50
  private static let largeSignature: UInt32 = 0x0606_4B50

  /// The most bytes of an archive after its directory.
  static let maximumByteCount = largeByteCount + locatorByteCount + byteCount + Int(UInt16.max)

  /// The number of records in the directory.
  var count: Int

  /// Where the directory is in the archive.
  var directory: Range<Int>

  /// Finds the records in the last bytes of an archive.
  ///
  /// - Parameters:
  ///   - tail: The last ``maximumByteCount`` bytes or more, or all.
  ///   - start: Where they begin in the archive.
  /// - Throws: What is wrong with them.
  init(in tail: RawSpan, startingAt start: Int) throws(ZipFault) {
    let latest = tail.byteCount - Self.byteCount
    let earliest = max(0, latest - Int(UInt16.max))
    // A comment may look like the record, but then it does not end with the archive.
    let found =
      latest < 0
      ? nil
      : (earliest...latest).last { position in
        tail.number(at: position) == Self.signature
          && position + Self.byteCount + Int(tail.number(at: position + 20) as UInt16) == tail.byteCount
      }
    guard let position = found else { throw ZipFault("it is no zip archive, or it is cut short") }
    func short(_ offset: Int) -> Int { Int(tail.number(at: position + offset) as UInt16) }
    func long(_ offset: Int) -> Int { Int(tail.number(at: position + offset) as UInt32) }
    var end = position
    var count = short(10)
    var (directoryByteCount, offset) = (long(12), long(16))
    var disks = [short(4), short(6), short(8) - count]
    let locator = position - Self.locatorByteCount
    if locator >= 0, tail.number(at: locator) == Self.locatorSignature {
      end = locator - Self.largeByteCount
      guard end >= 0, tail.number(at: end) == Self.largeSignature else {
        throw ZipFault("the records at its end are damaged")
      }
      func large(_ offset: Int) throws(ZipFault) -> Int {
        guard let number = Int(exactly: tail.number(at: end + offset) as UInt64) else {
          throw ZipFault("a number at its end is too large")
        }
        return number
      }
      let numbers = (count: try large(32), byteCount: try large(40), offset: try large(48))
      // The short numbers are the same or stand for those.
      guard count == Int(UInt16.max) || count == numbers.count,
        directoryByteCount == Int(UInt32.max) || directoryByteCount == numbers.byteCount,
        offset == Int(UInt32.max) || offset == numbers.offset,
        try large(4) == Self.largeByteCount - 12,
        Int(exactly: tail.number(at: locator + 8) as UInt64) == start + end
      else { throw ZipFault("the records at its end contradict each other") }
      disks = [
        Int(tail.number(at: end + 16) as UInt32), Int(tail.number(at: end + 20) as UInt32),
        try large(24) == numbers.count ? 0 : 1, Int(tail.number(at: locator + 4) as UInt32),
      ]
      (count, directoryByteCount, offset) = numbers
    }
    guard disks.allSatisfy({ $0 == 0 }) else {
      throw ZipFault("it is divided into several files", .unsupported)
    }
    // What else there may be before the records is not looked for.
    guard directoryByteCount <= start + end, offset == start + end - directoryByteCount else {
      throw ZipFault("its directory is not where its end says")
    }
    guard count <= directoryByteCount / ZipMember.directoryByteCount else {
      throw ZipFault("its directory is too small for the values that it counts")
    }
    self.count = count
    directory = offset..<start + end
  }

  /// Describes a directory.
  init(count: Int, directory: Range<Int>) {
    self.count = count
    self.directory = directory
  }

  /// Appends the records.
  func append(to arena: inout ByteArena) throws {
    let (short, long) = (Int(UInt16.max), Int(UInt32.max))
    if count >= short || directory.count >= long || directory.lowerBound >= long {
      try arena.append(Self.largeSignature)
      try arena.append(UInt64(Self.largeByteCount - 12))
      for _ in 0..<2 { try arena.append(45 as UInt16) }
      for _ in 0..<2 { try arena.append(0 as UInt32) }
      for number in [count, count, directory.count, directory.lowerBound] { try arena.append(UInt64(number)) }
      try arena.append(Self.locatorSignature)
      try arena.append(0 as UInt32)
      try arena.append(UInt64(directory.upperBound))
      try arena.append(1 as UInt32)
    }
    try arena.append(Self.signature)
    for number in [0, 0, min(count, short), min(count, short)] { try arena.append(UInt16(number)) }
    for number in [directory.count, directory.lowerBound] { try arena.append(UInt32(min(number, long))) }
    try arena.append(0 as UInt16)
  }
}

/// What is wrong with an archive, before its path is known.
struct ZipFault: Error {
  enum Kind { case damaged, unsupported }

  let reason: String
  let kind: Kind

  init(_ reason: String, _ kind: Kind = .damaged) {
    self.reason = reason
    self.kind = kind
  }
}

extension RawSpan {
  /// The number at an offset, the least significant byte first.
  ///
  /// - Precondition: it is inside of the span.
  func number<Number: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Number.Type = Number.self
  ) -> Number {
    // SAFETY: The load is bounds-checked, and every pattern of bits is a number.
    Number(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
  }
}

extension ByteArena {
  /// Appends a number, its least significant byte first.
  fileprivate mutating func append(_ number: some FixedWidthInteger & BitwiseCopyable) throws {
    // SAFETY: A number has no padding.
    try append(copying: unsafe [number.littleEndian].span.bytes)
  }
}
