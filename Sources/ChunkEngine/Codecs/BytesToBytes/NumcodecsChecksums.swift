import CDeflate

/// Adds the CRC-32 of gzip and zlib to the bytes of a chunk.
///
/// See [numcodecs.crc32](https://numcodecs.readthedocs.io/en/stable/checksum32.html) and
/// [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952#section-8).
package struct CRC32Codec: ChecksumCodec, Hashable {
  package static var name: String { "numcodecs.crc32" }

  package let location: StoredLocation

  /// Creates the codec.
  package init(location: StoredLocation = .start) {
    self.location = location
  }

  package func checksum(of bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
      // SAFETY: libdeflate reads `count` bytes and keeps nothing.
      unsafe libdeflate_crc32(0, bytes.baseAddress, bytes.count)
    }
  }
}

/// Adds a CRC-32C before or after the bytes of a chunk.
///
/// See [numcodecs.crc32c](https://numcodecs.readthedocs.io/en/stable/checksum32.html). After the bytes it is
/// the same as ``CRC32CCodec``, under another name.
package struct NumcodecsCRC32CCodec: ChecksumCodec, Hashable {
  package static var name: String { "numcodecs.crc32c" }

  package let location: StoredLocation

  /// Creates the codec.
  package init(location: StoredLocation = .end) {
    self.location = location
  }

  package func checksum(of bytes: RawSpan) -> UInt32 {
    CRC32CCodec().checksum(of: bytes)
  }
}

/// Adds the Adler-32 of zlib to the bytes of a chunk.
///
/// See [numcodecs.adler32](https://numcodecs.readthedocs.io/en/stable/checksum32.html) and
/// [RFC 1950](https://www.rfc-editor.org/rfc/rfc1950#section-9).
package struct Adler32Codec: ChecksumCodec, Hashable {
  package static var name: String { "numcodecs.adler32" }

  package let location: StoredLocation

  /// Creates the codec.
  package init(location: StoredLocation = .start) {
    self.location = location
  }

  package func checksum(of bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
      // SAFETY: libdeflate reads `count` bytes and keeps nothing.
      unsafe libdeflate_adler32(1, bytes.baseAddress, bytes.count)
    }
  }
}

/// Adds Fletcher's checksum after the bytes of a chunk, as HDF5 computes it.
///
/// Two sums of 16-bit words, the more significant byte first, modulo 65535: of the words, and of the first
/// sum after each word. An odd byte at the end is a word with a zero. zarrs leaves it out; the codec reads that too.
/// A sum that is a multiple of 65535 and not zero becomes 65535. See
/// [numcodecs.fletcher32](https://numcodecs.readthedocs.io/en/stable/checksum32.html) and
/// [HDF5](https://support.hdfgroup.org/documentation/). The codec has no settings.
package struct Fletcher32Codec: ChecksumCodec, Hashable {
  package static var name: String { "numcodecs.fletcher32" }

  /// Creates the codec.
  package init() {}

  /// The words after which the sums are reduced, which cannot overflow before.
  private static let wordsPerBlock = 1 << 16

  package func checksum(of bytes: RawSpan) -> UInt32 {
    let wordCount = bytes.byteCount / 2
    var first: UInt64 = 0
    var second: UInt64 = 0
    var word = 0
    while word < wordCount {
      let end = min(wordCount, word + Self.wordsPerBlock)
      while word < end {
        first &+= UInt64(bytes.byte(at: 2 * word)) << 8 | UInt64(bytes.byte(at: 2 * word + 1))
        second &+= first
        word += 1
      }
      first = Self.reduced(first)
      second = Self.reduced(second)
    }
    if !bytes.byteCount.isMultiple(of: 2) {
      first = Self.reduced(first &+ UInt64(bytes.byte(at: 2 * wordCount)) << 8)
      second = Self.reduced(second &+ first)
    }
    return UInt32(second << 16 | first)
  }

  /// The checksum without an odd last byte, as zarrs stores it.
  package func otherChecksum(of bytes: RawSpan) -> UInt32? {
    bytes.byteCount.isMultiple(of: 2) ? nil : checksum(of: bytes.extracting(0..<bytes.byteCount - 1))
  }

  /// A sum modulo 65535, where only zero itself becomes zero.
  private static func reduced(_ sum: UInt64) -> UInt64 {
    sum == 0 ? 0 : (sum - 1) % 65535 + 1
  }
}

/// Adds Bob Jenkins' `lookup3` hash after the bytes of a chunk, as HDF5 does with its metadata.
///
/// See [numcodecs.jenkins_lookup3](https://numcodecs.readthedocs.io/en/stable/checksum32.html) and
/// [lookup3](https://burtleburtle.net/bob/c/lookup3.c), the function `hashlittle`.
package struct JenkinsLookup3Codec: ChecksumCodec, Hashable {
  package static var name: String { "numcodecs.jenkins_lookup3" }

  /// What the hash begins with.
  package let initialValue: UInt32

  /// Bytes that are hashed before those of the chunk, and not stored.
  package let prefix: [UInt8]

  /// Creates the codec.
  package init(initialValue: UInt32 = 0, prefix: [UInt8] = []) {
    self.initialValue = initialValue
    self.prefix = prefix
  }

  /// The hash of the prefix and `bytes`.
  ///
  /// - Complexity: O(*n*) where *n* is the size of both. Does not allocate unless there is a prefix.
  package func checksum(of bytes: RawSpan) -> UInt32 {
    guard !prefix.isEmpty else { return Self.hash(bytes, initialValue) }
    var joined = prefix
    joined.reserveCapacity(prefix.count + bytes.byteCount)
    unsafe bytes.withUnsafeBytes { unsafe joined.append(contentsOf: $0) }
    return Self.hash(joined.rawSpan, initialValue)
  }

  private static func hash(_ bytes: RawSpan, _ initialValue: UInt32) -> UInt32 {
    let start = 0xdead_beef &+ UInt32(truncatingIfNeeded: bytes.byteCount) &+ initialValue
    var state = State(a: start, b: start, c: start)
    guard !bytes.isEmpty else { return state.c }
    var position = 0
    // The last block has 1 to 12 bytes, so a full one is not mixed in here.
    while bytes.byteCount - position > 12 {
      state.add(
        bytes.littleEndianUInt32(at: position), bytes.littleEndianUInt32(at: position + 4),
        bytes.littleEndianUInt32(at: position + 8))
      state.mix()
      position += 12
    }
    var words: [3 of UInt32] = [0, 0, 0]
    for index in position..<bytes.byteCount {
      let offset = index - position
      words[offset / 4] |= UInt32(bytes.byte(at: index)) << UInt32(8 * (offset % 4))
    }
    state.add(words[0], words[1], words[2])
    state.finish()
    return state.c
  }

  private struct State {
    var a: UInt32
    var b: UInt32
    var c: UInt32

    mutating func add(_ first: UInt32, _ second: UInt32, _ third: UInt32) {
      a &+= first
      b &+= second
      c &+= third
    }

    /// Stirs a block that is not the last.
    mutating func mix() {
      Self.stir(&a, &b, &c, 4)
      Self.stir(&b, &c, &a, 6)
      Self.stir(&c, &a, &b, 8)
      Self.stir(&a, &b, &c, 16)
      Self.stir(&b, &c, &a, 19)
      Self.stir(&c, &a, &b, 4)
    }

    /// Stirs the last block.
    mutating func finish() {
      Self.settle(&c, b, 14)
      Self.settle(&a, c, 11)
      Self.settle(&b, a, 25)
      Self.settle(&c, b, 16)
      Self.settle(&a, c, 4)
      Self.settle(&b, a, 14)
      Self.settle(&c, b, 24)
    }

    private static func stir(_ x: inout UInt32, _ y: inout UInt32, _ z: inout UInt32, _ bits: UInt32) {
      x &-= z
      x ^= rotated(z, bits)
      z &+= y
    }

    private static func settle(_ x: inout UInt32, _ y: UInt32, _ bits: UInt32) {
      x ^= y
      x &-= rotated(y, bits)
    }

    private static func rotated(_ value: UInt32, _ bits: UInt32) -> UInt32 {
      value << bits | value >> (32 - bits)
    }
  }
}
