import ChunkEngine
import TestSupport
import Testing
import Zarr
import ZarrRemote

@Suite("Archives that others have made")
struct HostileArchiveTests {
  private typealias Member = ArchiveBytes.Member

  private func open(_ bytes: [UInt8], limits: ZipLimits = ZipLimits()) throws -> ZipStore {
    let base = MemoryStore()
    try base.put(bytes, at: "a.zip")
    return try ZipStore(StoreKey("a.zip"), in: base, limits: limits)
  }

  private func open(_ members: [Member]) throws -> ZipStore { try open(ArchiveBytes(members).bytes) }

  /// The reason for which an archive, or what is read from it, is refused.
  private func refusal<Result>(_ body: () throws -> Result) -> String? {
    do {
      _ = try body()
      return nil
    } catch StoreError.damaged(_, let reason) {
      return reason
    } catch StoreError.unsupported(_, let reason) {
      return "unsupported: \(reason)"
    } catch {
      return "another error: \(error)"
    }
  }

  private let text = Array("some text".utf8)

  @Test("Values are read however their records are filled")
  func forms() throws {
    var descriptor = Member("descriptor", text)
    (descriptor.flags, descriptor.trailer) = (8, number(0x0807_4B50, 4) + number(0, 12))
    var extra = Member("extra", text)
    (extra.localExtra, extra.extra) = (
      number(0x5455, 2) + number(1, 2) + [7], number(0x7875, 2) + number(0, 2)
    )
    var large = Member("large", text)
    large.extra = number(9, 2) + number(1, 2) + [1] + number(1, 2) + number(24, 2)
    large.extra += number(text.count, 8) + number(text.count, 8) + number(0, 8)
    (large.storedByteCount, large.byteCount, large.offset) = (0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF)
    let plain = Member("plain", text)
    let deflated = Member(deflated: "deflated", text)
    let empty = [Member("empty", []), Member(deflated: "empty deflated", [])]
    let directory = Member("directory/", [])
    var archive = ArchiveBytes([large, plain, descriptor, extra, deflated, directory] + empty)
    for isLarge in [false, true] {
      for comment in [[], text, number(0x0605_4B50, 4) + [UInt8](repeating: 0, count: 30)] as [[UInt8]] {
        (archive.isLarge, archive.comment) = (isLarge, comment)
        let store = try open(archive.bytes)
        #expect(
          try store.keys() == [
            "deflated", "descriptor", "empty", "empty deflated", "extra", "large", "plain",
          ])
        for key in try store.keys() {
          let expected = key.hasPrefix("empty") ? [] : text
          #expect(try store.value(of: key) == expected, "\(key)")
          #expect(try store.bytes(of: key, in: 2..<5) == Array(expected.dropFirst(2).prefix(3)), "\(key)")
        }
      }
    }
  }

  @Test("The last value of a name counts")
  func duplicates() throws {
    let store = try open([Member("a", [1]), Member("b", [2]), Member("a", [3]), Member("a", [4, 4])])
    #expect(try store.keys() == ["a", "b"])
    #expect(try store.value(of: "a") == [4, 4])
  }

  @Test("A value whose bytes are not those of its checksum is damaged as a whole, and nothing is handed over")
  func checksums() throws {
    for var member in [Member("a", text), Member(deflated: "a", text)] {
      member.checksum ^= 1
      let store = try open([member])
      var arena = ByteArena()
      #expect(
        refusal { try store.read(StoreKey("a"), into: &arena, limit: 100) }?.contains("checksum") == true)
      let count = arena.count
      #expect(count == 0)
    }
    var member = Member("a", text)
    member.checksum ^= 1
    #expect(try open([member]).bytes(of: "a", in: 0..<3) == Array(text[0..<3]), "a part is not checked")
  }

  @Test(
    "Names that lead out, or that no key has, are refused",
    arguments: [
      "../a", "a/../b", "/a", "a//b", "a/..", "a\0b", "", ".", "a/./b", "//", "/", "../",
    ])
  func names(name: String) throws {
    #expect(refusal { try open([Member("fine", text), Member(name, [])]) }?.contains("is no key") == true)
  }

  @Test("A name that is not UTF-8 is refused")
  func encoding() throws {
    var member = Member("a", text)
    member.name = [0x82, 0x83]
    #expect(refusal { try open([member]) } == "unsupported: a name in it is not UTF-8")
  }

  @Test("Values that share bytes are refused, in whatever order they are")
  func overlaps() throws {
    for offset in [0, 5, 30] {
      var other = Member("b", text)
      other.offset = offset
      #expect(refusal { try open([Member("a", text), other]) } == "two values in it have bytes in common")
      // At the start it is where it says.
      #expect(
        refusal { try open([other, Member("a", text)]) }
          == (offset == 0 ? nil : "two values in it have bytes in common"))
    }
  }

  @Test("Values outside of the archive are refused")
  func outside() throws {
    for offset in [1, 1000, 0xFFFF_FFFE] {
      var member = Member("a", text)
      member.offset = offset
      #expect(refusal { try open([member]) } == "a is not inside of it")
    }
    var member = Member("a", text)
    (member.storedByteCount, member.byteCount) = (1000, 1000)
    #expect(refusal { try open([member]) } == "a is not inside of it")
    member.extra = number(1, 2) + number(16, 2) + number(-1, 8) + number(-1, 8)
    (member.storedByteCount, member.byteCount) = (0xFFFF_FFFF, 0xFFFF_FFFF)
    #expect(refusal { try open([member]) }?.contains("too large") == true)
    member.extra = number(1, 2) + number(16, 2) + number(.max, 8) + number(.max, 8)
    #expect(refusal { try open([member]) } == "a is not inside of it")
    member.extra = number(1, 2) + number(8, 2) + number(9, 8)
    #expect(refusal { try open([member]) }?.contains("missing") == true)
  }

  @Test("Two sizes that cannot both be true are refused, before memory is taken")
  func sizes() throws {
    var stored = Member("a", text)
    stored.byteCount += 1
    #expect(refusal { try open([stored]) } == "a has two sizes")
    for byteCount in [text.count - 1, text.count + 1, 100_000, 0xFFFF_FFFE] {
      var member = Member(deflated: "a", text)
      member.byteCount = byteCount
      let store = try open([member])
      #expect(refusal { try store.value(of: "a") } != nil, "\(byteCount)")
    }
    // Bytes after the end of the stream.
    var member = Member(deflated: "a", text)
    member.data += [0, 0]
    member.storedByteCount += 2
    #expect(refusal { try open([member]).value(of: "a") }?.contains("decompressed") == true)
  }

  @Test("A compressed value is no larger in memory than the limits allow")
  func limits() throws {
    let member = Member(deflated: "a", [UInt8](repeating: 1, count: 1000))
    var limits = ZipLimits()
    limits.inflatedByteCount = 999
    let store = try open(ArchiveBytes([member]).bytes, limits: limits)
    #expect(throws: StoreError.tooLarge(path: "memory/a.zip|zip:/a", byteCount: 1000, limit: 999)) {
      try store.bytes(of: "a", in: 0..<10)
    }
    #expect(throws: StoreError.tooLarge(path: "memory/a.zip|zip:/a", byteCount: 1000, limit: 10)) {
      try store.bytes(of: StoreKey("a"), limit: 10)
    }
    #expect(try store.value(of: "a")?.count == 1000)
    limits.directoryByteCount = 46
    #expect(throws: StoreError.tooLarge(path: "the directory of memory/a.zip", byteCount: 47, limit: 46)) {
      try open(ArchiveBytes([member]).bytes, limits: limits)
    }
  }

  @Test("Encrypted values and other compressions are errors of the value, and others are read")
  func unsupported() throws {
    var (encrypted, compressed) = (Member("a", text), Member("b", text))
    encrypted.flags = 1
    compressed.method = 93
    let store = try open([encrypted, compressed, Member("c", text)])
    #expect(refusal { try store.value(of: "a") } == "unsupported: it is encrypted")
    #expect(
      refusal { try store.value(of: "b") }?.hasPrefix("unsupported: it is compressed by method 93") == true)
    #expect(try store.value(of: "c") == text)
    #expect(try store.keys() == ["a", "b", "c"])
  }

  @Test("What is in front of a value has to be what the directory says, where it has to be looked at")
  func localRecords() throws {
    var member = Member("a", text)
    member.trailer = [0]
    #expect(try open([member]).value(of: "a") == text)
    member.localName = Array("b".utf8)
    #expect(refusal { try open([member]).value(of: "a") }?.contains("in front of it") == true)
    var other = Member("a", text)
    (other.trailer, other.offset) = ([0, 0], 1)
    #expect(refusal { try open([other]).value(of: "a") }?.contains("in front of it") == true)
  }

  @Test("The numbers at the end have to be those of the directory")
  func ends() throws {
    let members = [Member("a", text), Member("b", text)]
    for isLarge in [false, true] {
      var archive = ArchiveBytes(members)
      archive.isLarge = isLarge
      for count in isLarge ? [0, 1, 3, 1 << 32, .max, -1] : [0, 1, 3, 0xFFFE] {
        archive.count = count
        #expect(refusal { try open(archive.bytes) } != nil, "\(count) records")
      }
      archive.count = nil
      for byteCount in isLarge ? [0, 1, 1 << 40, .max, -1] : [0, 1, 0xFFFF_FFFE] {
        archive.directoryByteCount = byteCount
        #expect(refusal { try open(archive.bytes) } != nil, "\(byteCount) bytes")
      }
      archive.directoryByteCount = nil
      for offset in isLarge ? [0, 1 << 40, .max, -1] : [0, 0xFFFF_FFFE] {
        archive.directoryOffset = offset
        #expect(refusal { try open(archive.bytes) } != nil, "at \(offset)")
      }
    }
    var archive = ArchiveBytes(members)
    archive.start = [1, 2, 3]
    #expect(try open(archive.bytes).value(of: "a") == text)
  }

  @Test("What is no archive, or a part of one, is refused")
  func truncated() throws {
    for bytes in [[], [1, 2, 3], [UInt8](repeating: 0x50, count: 100_000)] as [[UInt8]] {
      #expect(refusal { try open(bytes) } == "it is no zip archive, or it is cut short")
    }
    let bytes = ArchiveBytes([Member("a", text), Member(deflated: "b", text)]).bytes
    for count in 0..<bytes.count {
      #expect(refusal { try open(Array(bytes[..<count])) } != nil, "\(count) bytes of \(bytes.count)")
    }
  }

  @Test("A changed byte is an error, or changes nothing of what is read as a whole")
  func changedBytes() throws {
    let expected: [String: [UInt8]] = ["a": text, "b": text, "c/d": [9]]
    for isLarge in [false, true] {
      var archive = ArchiveBytes([Member("a", text), Member(deflated: "b", text), Member("c/d", [9])])
      archive.isLarge = isLarge
      let bytes = archive.bytes
      for index in bytes.indices {
        for change in [0x01, 0x80, 0xFF] as [UInt8] {
          var changed = bytes
          changed[index] ^= change
          do {
            let store = try open(changed)
            for key in try store.keys() {
              // A name can change, and is then that of another value.
              let value = try store.value(of: key)
              #expect(
                expected[key].map { $0 == value } ?? (expected.values.contains { $0 == value }),
                "byte \(index)")
            }
          } catch is StoreError {}
        }
      }
    }
  }

  @Test("A directory that does not fit into the first read is read as a whole")
  func largeDirectory() throws {
    let base = MemoryStore()
    let store = try ZipStore(StoreKey("a.zip"), in: base, for: .adding)
    let count = 70_000
    for number in 0..<count { try store.put([UInt8(truncatingIfNeeded: number)], at: "c/\(number)") }
    try store.finish()
    let archive = try ZipStore(StoreKey("a.zip"), in: base)
    for number in [0, 1, 65_535, 65_536, count - 1] {
      #expect(try archive.value(of: "c/\(number)") == [UInt8(truncatingIfNeeded: number)])
    }
    #expect(try archive.value(of: "c/\(count)") == nil)
    #expect(try archive.list("c").count == count)
    #expect(try archive.listDirectory("").prefixes == ["c"])
  }

  @Test("A range of a stored value is one read of the archive, and opening one is one more")
  func reads() throws {
    let base = MemoryStore()
    let writer = try ZipStore(StoreKey("a.zip"), in: base, for: .adding)
    try writer.put([UInt8](repeating: 7, count: 1 << 20), at: "c/0")
    try writer.put([1], at: "c/1")
    try writer.put(Array("{}".utf8), at: "zarr.json")
    try writer.finish()
    let meter = StoreMeter(base)
    let store = try ZipStore(StoreKey("a.zip"), in: meter)
    #expect(meter.takeReads().count == 2)
    #expect(try store.value(of: "zarr.json") == Array("{}".utf8))
    #expect(try store.value(of: "c/1") == [1])
    #expect(try store.keys("c") == ["c/0", "c/1"])
    #expect(try store.byteCount(of: StoreKey("c/0")) == 1 << 20)
    #expect(meter.takeReads() == [], "what is near the directory is not read again")
    let value = try #require(try store.openValue(StoreKey("c/0")))
    var arena = ByteArena()
    try value.read(100..<200, into: &arena)
    #expect(meter.takeReads() == [.range(133..<233)])
  }
}
