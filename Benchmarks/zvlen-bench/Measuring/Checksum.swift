import Synchronization

/// A sum over blobs that does not depend on their order, so that several threads can add to it.
final class Checksum: Sendable {
  private let sum = Atomic<UInt64>(0)
  private let blobCount = Atomic(0)

  /// The number of blobs so far.
  var count: Int { blobCount.load(ordering: .relaxed) }

  /// The sum of the blobs so far.
  var value: UInt64 { sum.load(ordering: .relaxed) }

  /// Adds blobs by the sum of their hashes.
  func add(hashes: UInt64, count: Int) {
    sum.wrappingAdd(hashes, ordering: .relaxed)
    blobCount.add(count, ordering: .relaxed)
  }

  /// A number that changes with every bit of a blob and with its length.
  static func hash(_ blob: RawSpan) -> UInt64 {
    var hash = UInt64(blob.byteCount) &* 0x9E37_79B9_7F4A_7C15
    var offset = 0
    while blob.byteCount - offset >= 8 {
      // SAFETY: The loads are checked, and every bit pattern is a number.
      hash = mixed(hash, unsafe blob.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var last: UInt64 = 0
    while offset < blob.byteCount {
      last = last << 8 | UInt64(unsafe blob.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
      offset += 1
    }
    hash = mixed(hash, last)
    return hash ^ hash >> 32
  }

  private static func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word) &* 0xBF58_476D_1CE4_E5B9
    return product ^ product >> 29
  }
}
