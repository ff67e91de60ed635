/// A zip archive made number by number, by the definition of the format and without code of the library.
///
/// All numbers can be lies.
struct ArchiveBytes {
  /// A value and what its two records say.
  struct Member {
    var name: [UInt8]
    var data: [UInt8]
    var method = 0
    var flags = 0
    var checksum: UInt32
    var storedByteCount: Int
    var byteCount: Int
    var localExtra: [UInt8] = []
    var extra: [UInt8] = []
    /// What follows the data, such as its size.
    var trailer: [UInt8] = []
    /// Where the directory says that the value is, if that is a lie.
    var offset: Int?
    /// The name in front of the data, if it is another one.
    var localName: [UInt8]?

    /// A value that is stored.
    init(_ name: String, _ data: [UInt8]) {
      self.name = Array(name.utf8)
      self.data = data
      checksum = Self.checksum(of: data)
      storedByteCount = data.count
      byteCount = data.count
    }

    /// A value that is deflated, in blocks that are not compressed.
    init(deflated name: String, _ data: [UInt8]) {
      self.init(name, data)
      method = 8
      let blocks = stride(from: 0, to: max(data.count, 1), by: 65535).map { start in
        let block = data[start..<min(start + 65535, data.count)]
        let isLast = start + 65535 >= data.count
        return [isLast ? 1 : 0] + number(block.count, 2) + number(0xFFFF - block.count, 2) + block
      }
      self.data = Array(blocks.joined())
      storedByteCount = self.data.count
    }

    private static func checksum(of bytes: [UInt8]) -> UInt32 {
      ~bytes.reduce(UInt32.max) { checksum, byte in
        (0..<8).reduce(checksum ^ UInt32(byte)) { next, _ in next >> 1 ^ (next & 1 == 1 ? 0xEDB8_8320 : 0) }
      }
    }
  }

  var members: [Member]
  var comment: [UInt8] = []
  /// The number of records, if it is a lie.
  var count: Int?
  /// The size of the directory, if it is a lie.
  var directoryByteCount: Int?
  /// Where the directory is, if it is a lie.
  var directoryOffset: Int?
  /// Whether there are numbers of eight bytes at the end.
  var isLarge = false
  /// Bytes before the first value.
  var start: [UInt8] = []

  init(_ members: [Member]) {
    self.members = members
  }

  /// The archive.
  var bytes: [UInt8] {
    var bytes = start
    var directory: [UInt8] = []
    for member in members {
      let offset = member.offset ?? bytes.count
      let common =
        number(member.flags, 2) + number(member.method, 2) + number(0, 4) + number(Int(member.checksum), 4)
        + number(member.storedByteCount, 4) + number(member.byteCount, 4)
      let localName = member.localName ?? member.name
      bytes += number(0x0403_4B50, 4) + number(20, 2) + common
      bytes += number(localName.count, 2) + number(member.localExtra.count, 2)
      bytes += localName + member.localExtra + member.data + member.trailer
      directory += number(0x0201_4B50, 4) + number(20, 2) + number(20, 2) + common
      directory += number(member.name.count, 2) + number(member.extra.count, 2) + number(0, 10)
      directory += number(offset, 4) + member.name + member.extra
    }
    let count = count ?? members.count
    let (byteCount, offset) = (directoryByteCount ?? directory.count, directoryOffset ?? bytes.count)
    bytes += directory
    if isLarge {
      let end = bytes.count
      bytes += number(0x0606_4B50, 4) + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8)
      bytes += number(count, 8) + number(count, 8) + number(byteCount, 8) + number(offset, 8)
      bytes += number(0x0706_4B50, 4) + number(0, 4) + number(end, 8) + number(1, 4)
      bytes += number(0x0605_4B50, 4) + number(0, 4) + number(0xFFFF, 2) + number(0xFFFF, 2)
      bytes += number(0xFFFF_FFFF, 4) + number(0xFFFF_FFFF, 4)
    } else {
      bytes += number(0x0605_4B50, 4) + number(0, 4) + number(count, 2) + number(count, 2)
      bytes += number(byteCount, 4) + number(offset, 4)
    }
    return bytes + number(comment.count, 2) + comment
  }
}

/// The lowest bytes of a number, the least significant one first.
func number(_ value: Int, _ byteCount: Int) -> [UInt8] {
  (0..<byteCount).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> ($0 * 8)) : 0 }
}
