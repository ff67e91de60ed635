/// Puts Bob Jenkins' `lookup3` hash behind the bytes of a chunk, as HDF5 does with its metadata.
///
/// See [numcodecs.jenkins_lookup3](https://numcodecs.readthedocs.io/en/stable/checksum32.html) and
/// [lookup3](https://burtleburtle.net/bob/c/lookup3.c), the function `hashlittle`.
public struct JenkinsLookup3Codec: ChecksumCodec, Hashable {
  public static var name: String { "numcodecs.jenkins_lookup3" }

  /// What the hash begins with.
  public let initialValue: UInt32

  /// Bytes that are hashed in front of those of the chunk, and not stored.
  public let prefix: [UInt8]

  /// Creates the codec.
  public init(initialValue: UInt32 = 0, prefix: [UInt8] = []) {
    self.initialValue = initialValue
    self.prefix = prefix
  }

  /// The hash of the prefix and `bytes`.
  ///
  /// - Complexity: O(*n*) where *n* is the size of both. Does not allocate unless there is a prefix.
  public func checksum(of bytes: RawSpan) -> UInt32 {
    guard !prefix.isEmpty else { return Self.hash(bytes, initialValue) }
    var joined = prefix
    joined.reserveCapacity(prefix.count + bytes.byteCount)
    unsafe bytes.withUnsafeBytes { unsafe joined.append(contentsOf: $0) }
    // SAFETY: Bytes have no padding.
    return unsafe Self.hash(joined.span.bytes, initialValue)
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
