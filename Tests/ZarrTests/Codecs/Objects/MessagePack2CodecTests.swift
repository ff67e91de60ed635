import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("msgpack2 codec")
struct MessagePack2CodecTests {
  private let codec = MessagePack2Codec()

  private func encode(
    _ texts: [String], with codec: MessagePack2Codec = MessagePack2Codec()
  ) throws -> [UInt8] {
    try codec.encode(texts.map { Array($0.utf8) }, shape: [texts.count])
  }

  /// The bytes of a chunk of one element.
  private func chunk(_ element: UInt8...) -> [UInt8] {
    [0x93] + element + [0xA2, 0x7C, 0x4F, 0x91, 0x01]
  }

  private func decode(
    _ element: [UInt8], with codec: MessagePack2Codec = MessagePack2Codec()
  ) throws -> String {
    let decoded = try codec.decode([0x93] + element + [0xA2, 0x7C, 0x4F, 0x91, 0x01], shape: [1])
    return String(decoding: decoded[0], as: UTF8.self)
  }

  @Test("A chunk is the elements, the data type and the shape")
  func layout() throws {
    #expect(
      try encode([#""ab""#, "null"]) == [0x94, 0xA2, 0x61, 0x62, 0xC0, 0xA2, 0x7C, 0x4F, 0x91, 0x02])
    #expect(
      try encode([#"{"a":[1,2.5,true,"é",{"__bytes__":"eA=="}]}"#])
        == chunk(
          0x81, 0xA1, 0x61, 0x95, 0x01, 0xCB, 0x40, 0x04, 0, 0, 0, 0, 0, 0, 0xC3, 0xA2, 0xC3, 0xA9, 0xC4,
          0x01,
          0x78))
    #expect(
      try codec.encode([[0x31]], shape: []) == [0x93, 0x01, 0xA2, 0x7C, 0x4F, 0x90])
    #expect(try codec.decode([0x93, 0x01, 0xA2, 0x7C, 0x4F, 0x90], shape: []) == [[0x31]])
  }

  @Test("Numbers in more bytes than they need are read")
  func wideNumbers() throws {
    #expect(try decode([0xCD, 0, 1]) == "1")
    #expect(try decode([0xD3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]) == "-2")
    #expect(try decode([0xD0, 0x80]) == "-128")
    #expect(try decode([0xD1, 0x7F, 0xFF]) == "32767")
    #expect(try decode([0xCA, 0x3F, 0xC0, 0, 0]) == "1.5")
    #expect(try decode([0xDD, 0, 0, 0, 1, 0xDB, 0, 0, 0, 1, 0x61]) == #"["a"]"#)
    #expect(try decode([0xDF, 0, 0, 0, 1, 0xDA, 0, 1, 0x61, 0xC6, 0, 0, 0, 0]) == #"{"a":{"__bytes__":""}}"#)
  }

  @Test("A zero with a sign is zero as an integer, as in Python")
  func negativeZero() throws {
    #expect(try encode(["-0"]) == chunk(0))
    #expect(try encode(["-0.0"]) == chunk(0xCB, 0x80, 0, 0, 0, 0, 0, 0, 0))
  }

  @Test(
    "Numbers that MessagePack cannot hold are refused",
    arguments: ["18446744073709551616", "-9223372036854775809", "1e400", "-1e999", "[1e309]"])
  func numbersOutOfRange(text: String) {
    #expect(throws: ChunkError.self) { try encode([text]) }
  }

  @Test("Elements that are not JSON are refused", arguments: ["", "a", "[1", #""\ud800""#])
  func notJSON(text: String) {
    #expect(throws: ChunkError.self) { try encode([text]) }
  }

  @Test("Objects that only look like byte strings stay objects")
  func lookalikes() throws {
    for text in [#"{"__bytes__":"no base64!"}"#, #"{"__bytes__":1}"#, #"{"__bytes__":"","a":1}"#] {
      let encoded = try encode([text])
      #expect(try codec.decode(encoded, shape: [1]) == [Array(text.utf8)])
    }
  }

  @Test("Text that need not be UTF-8 becomes bytes only where it is not")
  func raw() throws {
    let raw = MessagePack2Codec(isRaw: true)
    #expect(try decode([0xA1, 0x61], with: raw) == #""a""#)
    #expect(try decode([0xA1, 0xFF], with: raw) == #"{"__bytes__":"/w=="}"#)
    #expect(throws: ChunkError.self) { try decode([0xA1, 0xFF]) }
  }

  @Test("What is not a chunk is refused")
  func damaged() {
    let damaged: [[UInt8]] = [
      [], [0x93], [0x01], chunk(), chunk(0xC1), chunk(0xD4, 0, 0), chunk(0xC7, 1, 5, 0),
      chunk(0xD6, 0xFF, 0, 0, 0, 0),
      chunk(0xA2, 0x61), chunk(0x81, 0x01, 0x02), chunk(0x81, 0xC0, 0x02), chunk(0x81, 0xC4, 1, 0x61, 0x02),
      chunk(0x01) + [0x00], [0x92, 0x01, 0xA2, 0x7C, 0x4F, 0x91, 0x01], [0x93, 1, 2, 0x91, 0x01],
      [0x93, 1, 0xA2, 0x7C, 0x4F, 0x91, 0x02], [0x93, 1, 0xA2, 0x7C, 0x4F, 0x01],
      [0x93, 1, 0xA2, 0x7C, 0x4F, 0x92, 1, 1],
      [0xDD, 0xFF, 0xFF, 0xFF, 0xFF, 1], chunk(0xDD, 0xFF, 0xFF, 0xFF, 0xFF),
      chunk(0xDF, 0x7F, 0xFF, 0xFF, 0xFF),
      chunk(0xDB, 0xFF, 0xFF, 0xFF, 0xFF), chunk(0xC6, 0xFF, 0xFF, 0xFF, 0xFF), chunk(0x8F),
      chunk(0xDE, 0, 4),
    ]
    for bytes in damaged {
      #expect(throws: ChunkError.self, "\(bytes)") { try codec.decode(bytes, shape: [1]) }
    }
  }

  @Test("Every prefix of a chunk is refused")
  func truncated() throws {
    let encoded = try encode([#"{"a":[1,"é",1e3]}"#, "-70000", "true"])
    for count in encoded.indices {
      #expect(throws: ChunkError.self) { try codec.decode(Array(encoded[..<count]), shape: [3]) }
    }
  }

  @Test("Depth is bounded")
  func depth() throws {
    let depth = MessagePack2Codec.maximumDepth
    let arrays = [UInt8](repeating: 0x91, count: depth - 1) + [0xC0]
    #expect(try decode(arrays).utf8.count == 2 * (depth - 1) + 4)
    #expect(throws: ChunkError.self) { try decode([0x91] + arrays) }
    #expect(throws: ChunkError.self) { try decode([UInt8](repeating: 0x91, count: 1_000_000) + [0xC0]) }
  }

  @Test("A shape that claims more elements than there are bytes is refused before memory is taken")
  func claims() {
    for shape in [[1 << 40], [1 << 20, 1 << 20], [9], Array(repeating: 1, count: 5000)] {
      #expect(throws: ChunkError.self) { try codec.decode(chunk(1), shape: shape) }
    }
  }

  @Test("What is decoded stays within the limit, also where text becomes longer")
  func limit() throws {
    let element: [UInt8] = [0xD9, 100] + [UInt8](repeating: 0, count: 100)
    let bytes = [0x93] + element + [0xA2, 0x7C, 0x4F, 0x91, 0x01]
    #expect(try codec.decode(bytes, shape: [1], limit: 610)[0].count == 602)
    for limit in [609, 300, 10] {
      #expect(
        throws: ChunkError.decodedByteCountExceedsLimit(
          codec: MessagePack2Codec.name, byteCount: nil, limit: limit)
      ) { try codec.decode(bytes, shape: [1], limit: limit) }
    }
  }
}
