import Testing
import Zarr

@Suite("Chunk key encoding")
struct ChunkKeyEncodingTests {
  typealias Encoding = ChunkKeyEncoding

  @Test(
    "A chunk has the key that Zarr gives it, and the key leads back to it",
    arguments: [
      (Encoding(), [1, 23], "c/1/23"), (Encoding(), [0], "c/0"), (Encoding(), [], "c"),
      (Encoding(.default, separator: .dot), [1, 23], "c.1.23"),
      (Encoding(.default, separator: .dot), [], "c"),
      (Encoding(.v2), [1, 23], "1.23"), (Encoding(.v2), [5], "5"), (Encoding(.v2), [], "0"),
      (Encoding(.v2, separator: .slash), [1, 0, 23], "1/0/23"),
      (Encoding(), [Int.max], "c/9223372036854775807"),
    ])
  func keys(encoding: ChunkKeyEncoding, indices: [Int], key: String) {
    #expect(encoding.key(for: indices) == key)
    #expect(encoding.indices(ofKey: key, rank: indices.count) == indices)
  }

  @Test(
    "A key that no chunk has leads nowhere",
    arguments: [
      (
        Encoding(), 1,
        [
          "c", "c/", "c/00", "c/01", "c/+1", "c/-1", "c/ 1", "c/1 ", "c/1/", "c//1", "/c/1", "C/1", "d/1",
          "1",
        ]
      ),
      (
        Encoding(), 1,
        ["c/1/2", "c.1", "c/1.0", "c/x", "c/٣", "c/9223372036854775808", "", "zarr.json", "c/1\u{301}"]
      ),
      (Encoding(), 2, ["c/1", "c/1/2/3", "c/1.2", "c1/2"]),
      (Encoding(), 0, ["", "0", "c/", "c/0", "C"]),
      (Encoding(.default, separator: .dot), 2, ["c/1/2", "c.1", "c..1", "c.1.2."]),
      (Encoding(.v2), 2, ["c.1", "1", "1/2", "1.2.3", "1.", ".1", "01.2", "c.1.2"]),
      (Encoding(.v2), 0, ["", "c", "1", "00"]),
    ])
  func strangeKeys(encoding: ChunkKeyEncoding, rank: Int, keys: [String]) {
    for key in keys {
      #expect(encoding.indices(ofKey: key, rank: rank) == nil, "\(key)")
    }
  }

  @Test("A negative index is a programming error")
  func negativeIndex() async {
    await #expect(processExitsWith: .failure) { _ = ChunkKeyEncoding().key(for: [0, -1]) }
  }
}
