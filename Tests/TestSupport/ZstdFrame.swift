/// A zstd frame made by hand as RFC 8878 defines it, so that its header can claim anything.
///
///     +-------+------------+--------+-------------+--------------+---------------+ …
///     | magic | descriptor | window | contentSize | block header | block content |
///     +-------+------------+--------+-------------+--------------+---------------+ …
///      4       1            1        0 or 8        3              any
public struct ZstdFrame {
  private static let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]

  /// The most bytes of a block.
  public static let blockByteCount = 128 << 10

  private var blocks: [[UInt8]] = []
  private let contentSize: UInt64?

  /// Creates a frame that claims to hold `contentSize` bytes, or makes no claim.
  public init(claiming contentSize: UInt64?) {
    self.contentSize = contentSize
  }

  /// Appends an uncompressed block.
  public mutating func appendRaw(_ bytes: [UInt8]) {
    blocks.append(Self.header(type: 0, byteCount: bytes.count) + bytes)
  }

  /// Appends a block with `count` repetitions of `byte`.
  public mutating func appendRepeated(_ byte: UInt8, count: Int) {
    blocks.append(Self.header(type: 1, byteCount: count) + [byte])
  }

  /// The bytes of the frame.
  public var bytes: [UInt8] {
    // With eight bytes of content size or none, and a window of 128 KiB.
    var bytes = Self.magic + [contentSize == nil ? 0 : 0xc0, 7 << 3]
    if let contentSize {
      bytes += littleEndianBytes(contentSize)
    }
    for (index, block) in blocks.enumerated() {
      bytes.append(block[0] | (index == blocks.count - 1 ? 1 : 0))
      bytes += block[1...]
    }
    return bytes
  }

  private static func header(type: Int, byteCount: Int) -> [UInt8] {
    Array(littleEndianBytes(UInt32(type << 1 | byteCount << 3))[..<3])
  }

  /// A frame of `bytes` with the content size `claim`.
  public static func raw(_ bytes: [UInt8], claiming claim: UInt64?) -> [UInt8] {
    var frame = ZstdFrame(claiming: claim)
    frame.appendRaw(bytes)
    return frame.bytes
  }

  /// A frame of `blockCount` full blocks of zeros: four bytes for each 128 KiB.
  public static func zeros(blockCount: Int, claiming claim: UInt64?) -> [UInt8] {
    var frame = ZstdFrame(claiming: claim)
    for _ in 0..<blockCount {
      frame.appendRepeated(0, count: blockByteCount)
    }
    return frame.bytes
  }

  /// A skippable frame.
  public static func skippable(_ content: [UInt8], number: UInt8 = 0) -> [UInt8] {
    [0x50 | number, 0x2a, 0x4d, 0x18] + littleEndianBytes(UInt32(content.count)) + content
  }
}
