import CKernels
import TestSupport
import Testing

@Suite("CRC-32C")
struct CRC32CTests {
  /// The checksum as RFC 3720 defines it, one bit after the other.
  private func bitwise(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var state = UInt32.max
    for byte in bytes {
      state ^= UInt32(byte)
      for _ in 0..<8 {
        state = state & 1 == 0 ? state >> 1 : state >> 1 ^ 0x82f6_3b78
      }
    }
    return ~state
  }

  /// The checksum that the kernel gives; `nil` where its paths disagree.
  private func checksum(_ bytes: UnsafeRawPointer?, _ count: Int, after before: UInt32 = 0) -> UInt32? {
    let checksum = ckernels_crc32c(before, bytes, count)
    guard ckernels_crc32c_portable(before, bytes, count) == checksum else { return nil }
    for path in 0..<ckernels_crc32c_path_count() {
      guard ckernels_crc32c_by_path(path, before, bytes, count) == checksum else { return nil }
    }
    return checksum
  }

  private func randomBytes(_ count: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: UInt64(count))
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  @Test("The published check values come out")
  func publishedValues() {
    // The check value of the catalogue of CRC algorithms, and the examples of RFC 3720, appendix B.4.
    let examples: [([UInt8], UInt32)] = [
      (Array("123456789".utf8), 0xe306_9283),
      ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
      ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
      (Array(0..<32), 0x46dd_794e),
      (Array((0..<32).reversed()), 0x113f_db5c),
      ([], 0),
    ]
    for (bytes, expected) in examples {
      #expect(checksum(bytes, bytes.count) == expected)
    }
  }

  @Test("No bytes leave a checksum as it is, also without an address")
  func noBytes() {
    #expect(checksum(nil, 0, after: 0x1234_5678) == 0x1234_5678)
  }

  @Test("Every short length agrees with the definition", arguments: 0..<8)
  func shortLengths(alignment: Int) {
    let bytes = randomBytes(320)
    for count in 0...300 {
      let expected = bitwise(bytes[alignment..<alignment + count])
      withAllocation(bytes[alignment..<alignment + count], alignment: alignment) { start in
        #expect(checksum(start, count) == expected, "\(count) bytes")
      }
    }
  }

  @Test(
    "Lengths about the sizes of blocks and streams agree with the definition",
    arguments: [256, 320, 384, 512, 768, 1024, 3072, 3456, 4096, 6144, 10_000, 65_536])
  func longLengths(near: Int) {
    let bytes = randomBytes(near + 9)
    for count in near - 9...near + 9 {
      let expected = bitwise(bytes[..<count])
      withAllocation(bytes[..<count], alignment: count % 8) { start in
        #expect(checksum(start, count) == expected, "\(count) bytes")
      }
    }
  }

  @Test("A checksum continued at any place is that of the whole", arguments: [300, 1000, 7000])
  func continuation(count: Int) {
    let bytes = randomBytes(count)
    let expected = bitwise(bytes)
    for place in stride(from: 0, through: count, by: count / 100) {
      bytes.withUnsafeBytes { bytes in
        let first = UnsafeRawBufferPointer(rebasing: bytes[..<place])
        let second = UnsafeRawBufferPointer(rebasing: bytes[place...])
        let middle = bitwise(first)
        #expect(checksum(first.baseAddress, first.count) == middle, "before \(place)")
        #expect(checksum(second.baseAddress, second.count, after: middle) == expected, "from \(place)")
      }
    }
  }
}
