import Testing

@testable import zvlen_bench

@Suite("Checksums of lists of blobs")
struct BlobSumsTests {
  private func sums(_ blobs: [[UInt8]]) -> BlobSums {
    let offsets = blobs.reduce(into: [Int64(0)]) { $0.append($0[$0.count - 1] + Int64($1.count)) }
    return BlobSums(Corpus(bytes: blobs.flatMap(\.self), offsets: offsets), Array(blobs.indices))
  }

  @Test("They are the CRC-32 that Python's zlib finds, of the bytes and of the lengths as 64-bit integers")
  func values() {
    let sums = sums([Array("123456789".utf8)])

    #expect(sums.bytes == 0xCBF4_3926)
    #expect(sums.lengths == 0x7A6D_C442)
    #expect(sums.count == 1)
  }

  @Test("Blobs that are divided in another way have other sums, though their bytes are the same")
  func boundaries() {
    #expect(sums([[1, 2], [3]]).bytes == sums([[1], [2, 3]]).bytes)
    #expect(sums([[1, 2], [3]]) != sums([[1], [2, 3]]))
    #expect(sums([[], [1]]) != sums([[1], []]))
    #expect(sums([]) == BlobSums(count: 0, bytes: 0, lengths: 0))
  }
}
