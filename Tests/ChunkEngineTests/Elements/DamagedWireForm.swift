import ChunkEngine
import TestSupport

/// A chunk in wire form that lies, and what is wrong with it.
struct DamagedWireForm: Sendable, CustomStringConvertible {
  let description: String
  let bytes: [UInt8]
  /// The number of elements that the array says the chunk has.
  let count: Int
  let error: ChunkError

  /// Three elements of 2, 0 and 3 bytes; their lengths stand at 4, 10 and 14.
  private static let valid = referenceWireForm([[1, 2], [], [3, 4, 5]])

  private static func changed(at offset: Int, to value: UInt32) -> [UInt8] {
    var bytes = valid
    bytes.replaceSubrange(offset..<offset + 4, with: littleEndianBytes(value))
    return bytes
  }

  /// Twenty elements of 3 bytes each; the length of the first stands at 4, and of each next 7 bytes after.
  private static let uniform = referenceWireForm(Array(repeating: [1, 2, 3], count: 20))

  private static func overrun(_ index: Int, _ byteCount: Int, _ available: Int) -> ChunkError {
    .elementOverrun(index: index, byteCount: byteCount, available: available)
  }

  static let all: [DamagedWireForm] =
    (0..<4).map { byteCount in
      DamagedWireForm(
        description: "\(byteCount) bytes", bytes: Array(valid[..<byteCount]), count: 3,
        error: .truncatedHeader(codec: "vlen-bytes", byteCount: byteCount, expected: 4))
    } + [
      DamagedWireForm(
        description: "a larger count", bytes: changed(at: 0, to: 4), count: 3,
        error: .countMismatch(found: 4, expected: 3)),
      DamagedWireForm(
        description: "the largest count", bytes: changed(at: 0, to: .max), count: 3,
        error: .countMismatch(found: Int(UInt32.max), expected: 3)),
      DamagedWireForm(
        description: "a smaller count", bytes: changed(at: 0, to: 2), count: 3,
        error: .countMismatch(found: 2, expected: 3)),
      DamagedWireForm(
        description: "the count of another shape", bytes: valid, count: 2,
        error: .countMismatch(found: 3, expected: 2)),
      DamagedWireForm(
        description: "a last length beyond the end", bytes: changed(at: 14, to: 4), count: 3,
        error: overrun(2, 4, 3)),
      DamagedWireForm(
        description: "the largest length", bytes: changed(at: 4, to: .max), count: 3,
        error: overrun(0, Int(UInt32.max), 13)),
      DamagedWireForm(
        description: "a length that is negative elsewhere", bytes: changed(at: 10, to: 1 << 31), count: 3,
        error: overrun(1, 1 << 31, 7)),
      DamagedWireForm(
        description: "a last length that is too small", bytes: changed(at: 14, to: 2), count: 3,
        error: .trailingBytes(codec: "vlen-bytes", byteCount: 1)),
      DamagedWireForm(
        description: "bytes after the last element", bytes: valid + [0, 0], count: 3,
        error: .trailingBytes(codec: "vlen-bytes", byteCount: 2)),
      DamagedWireForm(
        description: "an end inside an element", bytes: valid.dropLast(), count: 3, error: overrun(2, 3, 2)
      ),
      DamagedWireForm(
        description: "an end inside a length", bytes: valid.dropLast(5), count: 3,
        error: .truncatedElements(byteCount: 16, count: 3)
      ),
      DamagedWireForm(
        description: "an end before a length", bytes: valid.dropLast(7), count: 3,
        error: .truncatedElements(byteCount: 14, count: 3)),
      DamagedWireForm(
        description: "a header only", bytes: Array(valid[..<4]), count: 3,
        error: .truncatedElements(byteCount: 4, count: 3)),
      DamagedWireForm(
        description: "the largest count, and truly expected", bytes: changed(at: 0, to: .max),
        count: Int(UInt32.max), error: .truncatedElements(byteCount: 21, count: Int(UInt32.max))),
      DamagedWireForm(
        description: "an end inside the last of many elements of one size", bytes: uniform.dropLast(2),
        count: 20, error: overrun(19, 3, 1)),
      DamagedWireForm(
        description: "bytes after many elements of one size", bytes: uniform + [0], count: 20,
        error: .trailingBytes(codec: "vlen-bytes", byteCount: 1)),
      DamagedWireForm(
        description: "one of many lengths beyond the end",
        bytes: uniform.prefix(4 + 7 * 12 + 3) + [1] + uniform.dropFirst(4 + 7 * 12 + 4), count: 20,
        error: overrun(12, 1 << 24 | 3, 52)),
    ]
}
