import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("categorize codec")
struct CategorizeCodecTests {
  private func codec(_ configuration: JSONObject) throws -> CategorizeCodec {
    try CategorizeCodec(
      CodecSettings(MetadataExtension(name: "categorize", configuration: configuration), field: "codecs[0]"))
  }

  private func encode(_ codec: CategorizeCodec, _ texts: [String]) throws -> [UInt8] {
    try codec.encode(texts.map { Array($0.utf8) }, shape: [texts.count])
  }

  private func decode(_ codec: CategorizeCodec, _ bytes: [UInt8], count: Int) throws -> [String] {
    try codec.decode(bytes, shape: [count]).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("An element is the number of its label, or 0")
  func layout() throws {
    let codec = CategorizeCodec(labels: ["ab", "c"])
    #expect(try encode(codec, ["ab", "c", "x", ""]) == [1, 2, 0, 0])
    #expect(try decode(codec, [2, 1, 0, 3, 255], count: 5) == ["c", "ab", "", "", ""])
  }

  @Test("Labels are told apart by their bytes")
  func bytes() throws {
    let codec = CategorizeCodec(labels: ["\u{E9}", "e\u{301}", ""])
    #expect(try encode(codec, ["e\u{301}", "\u{E9}", "", "e"]) == [2, 1, 3, 0])
  }

  @Test("As many labels as a byte can count find their numbers")
  func many() throws {
    let labels = (1...255).map { "label \($0)" }
    let codec = CategorizeCodec(labels: labels)
    #expect(try encode(codec, labels) == Array(1...255))
    #expect(try decode(codec, Array(0...255), count: 256) == [""] + labels)
  }

  @Test("A chunk of another size is refused")
  func damaged() {
    let codec = CategorizeCodec(labels: ["a"])
    #expect(throws: ChunkError.byteCountMismatch(codec: CategorizeCodec.name, found: 2, expected: 3)) {
      try decode(codec, [1, 1], count: 3)
    }
    #expect(throws: ChunkError.self) { try codec.decode([1], shape: [1 << 62]) }
    #expect(throws: ChunkError.self) { try codec.decode([1, 1, 1], shape: [3], limit: 18) }
  }

  @Test("Settings that do not fit are refused")
  func settings() throws {
    for configuration: JSONObject in [
      [:], ["labels": "a"], ["labels": [1]], ["labels": [], "astype": "f4"], ["labels": [], "astype": "u3"],
      ["labels": [], "dtype": 1], ["labels": [], "unknown": 1], ["labels": [], "astype": "|O"],
      ["labels": .array((0..<128).map { .string("\($0)") }), "astype": "i1"],
    ] {
      #expect(throws: MetadataError.self) { try codec(configuration) }
    }
    #expect(try encode(codec(["labels": ["a"], "astype": ">i8"]), ["a"]) == [0, 0, 0, 0, 0, 0, 0, 1])
    #expect(try encode(codec(["labels": ["a"], "astype": "uint16"]), ["a"]) == [1, 0])
  }
}
