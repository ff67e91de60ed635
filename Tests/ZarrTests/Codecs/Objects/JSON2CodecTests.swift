import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("json2 codec")
struct JSON2CodecTests {
  private let codec = JSON2Codec()

  private func codec(_ configuration: JSONObject) throws -> JSON2Codec {
    try JSON2Codec(
      CodecSettings(MetadataExtension(name: "json2", configuration: configuration), field: "codecs[0]"))
  }

  @Test("A chunk is the elements, the data type and the shape")
  func layout() throws {
    #expect(try codec.encode([#""ab""#, "null"]) == #"["ab",null,"|O",[2]]"#)
    let letters = ["a", "b", "c", "d", "e", "f"].map { "\"\($0)\"" }
    #expect(
      try codec.encode(letters, shape: [2, 3]) == #"[["a","b","c"],["d","e","f"],"|O",[2,3]]"#)
    #expect(try codec.encode([#""q""#], shape: []) == #"["q","|O",[]]"#)
    #expect(try codec.encode([#"{"a":1}"#, "0"]) == #"[{"a":1},0,"|O",[2]]"#)
  }

  @Test(
    "A number keeps its digits",
    arguments: [
      "1.50", "1E5", "1e+05", "100000000000000000000000000000", "-0", "-0.0", "1e-400", "NaN", "-Infinity",
      "0.1000000000000000055511151231257827",
    ])
  func numbers(number: String) throws {
    let encoded = try codec.encode(["[\(number)]"])
    #expect(encoded == #"[[\#(number)],"|O",[1]]"#)
    #expect(try codec.decode(encoded, shape: [1]) == ["[\(number)]"])
  }

  @Test("A key that is repeated has its last value, where it came first")
  func repeatedKeys() throws {
    let text = #"{"b":1,"a":{"x":0},"b":[2],"c":3,"a":4}"#
    #expect(try codec.encode([text]) == #"[{"a":4,"b":[2],"c":3},"|O",[1]]"#)
    let unsorted = JSON2Codec(sortsKeys: false)
    #expect(try unsorted.encode([text]) == #"[{"b":[2],"a":4,"c":3},"|O",[1]]"#)
    // The same key in other spellings.
    #expect(try codec.encode([#"{"\u0061":1,"a":2}"#]) == #"[{"a":2},"|O",[1]]"#)
  }

  @Test("Elements lose white space and needless escapes when they are read")
  func compact() throws {
    let stored = "[ { \"a\" : [ 1 , 2 ] } ,\n\"\\u0041\\/\\u00e9\\ud83d\\ude00\\ud800\", \"|O\" , [ 2 ] ] "
    #expect(try codec.decode(stored, shape: [2]) == [#"{"a":[1,2]}"#, #""A/é😀\ud800""#])
  }

  @Test("The elements of several dimensions may be in one list, as zarrita stores them")
  func flat() throws {
    #expect(try codec.decode(#"[1,2,3,4,5,6,"|O",[2,3]]"#, shape: [2, 3]) == ["1", "2", "3", "4", "5", "6"])
    #expect(
      try codec.decode(#"[[1],2,{"a":3},4,"|O",[2,2]]"#, shape: [2, 2]) == ["[1]", "2", #"{"a":3}"#, "4"])
    // Where both are possible the lists are those of numcodecs.
    #expect(try codec.decode(#"[[1],[2],"|O",[2,1]]"#, shape: [2, 1]) == ["1", "2"])
  }

  @Test("Numbers of a typed array are read")
  func typed() throws {
    #expect(try codec.decode(#"[1.5,2.5,"<f8",[2]]"#, shape: [2]) == ["1.5", "2.5"])
  }

  @Test(
    "What is not a chunk is refused",
    arguments: [
      "", "[", "[]", "[1]", "[1,2]", "null", "{}", #"[1,2,"|O",[2]"#, #"[1,2,"|O",[2]]]"#, #"[1,2,"|O",[3]]"#,
      #"[1,"|O",[2]]"#, #"[1,2,3,"|O",[2]]"#, #"[1,2,"|O"]"#, #"[1,2,"|O",[2],0]"#, #"[1,2,3,[2]]"#,
      #"[1,2,"|O",2]"#, #"[1,2,"|O",[2,1]]"#, #"[1,2,"|O",[]]"#, #"[1,,"|O",[2]]"#, #"[1,2,"|O",[2]] x"#,
      #"[[1,2],"|O",[2]]"#, #"[1,2 "|O",[2]]"#, "[1,\"\u{1}\",\"|O\",[2]]", #"[1,"\x","|O",[2]]"#,
      #"[1,"\u12","|O",[2]]"#, #"[tru,2,"|O",[2]]"#, #"[01,2,"|O",[2]]"#, #"[1,{2:3},"|O",[2]]"#,
      #"[1,{"a"},"|O",[2]]"#, #"[1,2,"|O",[18446744073709551618]]"#, #"[1,2,"|O",[2.0]]"#,
    ])
  func damaged(text: String) {
    #expect(throws: ChunkError.self) { try codec.decode(text, shape: [2]) }
  }

  @Test("Bytes that are not UTF-8 are refused")
  func invalidText() {
    #expect(throws: ChunkError.self) {
      try codec.decode([UInt8](#"[""#.utf8) + [0xFF] + [UInt8](#"",2,"|O",[2]]"#.utf8), shape: [2])
    }
    #expect(throws: ChunkError.invalidUTF8(index: 1)) {
      try codec.encode([[0x31], [0x22, 0xC3, 0x22]], shape: [2])
    }
  }

  @Test(
    "Elements that are not JSON are refused",
    arguments: ["", " ", "a", "1 2", "[1", "{\"a\":1", "'a'", "[1,]", "\"", "nul", "nulll", "\u{FEFF}1"])
  func notJSON(text: String) {
    #expect(throws: ChunkError.self) { try codec.encode([text]) }
  }

  @Test("Depth is bounded, whichever brackets it is made of", arguments: [("[", "]"), (#"{"a":"#, "}")])
  func depth(opening: String, closing: String) throws {
    func nested(_ depth: Int) -> String {
      String(repeating: opening, count: depth) + "0" + String(repeating: closing, count: depth)
    }
    let element = nested(JSON2Codec.maximumDepth - 1)
    let encoded = try codec.encode([element])
    #expect(try codec.decode(encoded, shape: [1]) == [element])
    #expect(throws: ChunkError.self) { try codec.encode([nested(JSON2Codec.maximumDepth)]) }
    let deep = "[" + nested(100_000) + #","|O",[1]]"#
    #expect(throws: ChunkError.self) { try codec.decode(deep, shape: [1]) }
  }

  @Test("A shape that claims more elements than the text can have is refused before memory is taken")
  func claims() {
    let text = Array(#"[1,2,"|O",[2]]"#.utf8)
    for shape in [[1 << 40], [1 << 20, 1 << 20], [8], Array(repeating: 1, count: 5000)] {
      #expect(throws: ChunkError.self) { try codec.decode(text, shape: shape) }
    }
  }

  @Test("What is decoded stays within the limit")
  func limit() throws {
    let text = "[" + Array(repeating: "1", count: 100).joined(separator: ",") + #","|O",[100]]"#
    #expect(try codec.decode(text, shape: [100], limit: 504).count == 100)
    #expect(
      throws: ChunkError.decodedByteCountExceedsLimit(codec: JSON2Codec.name, byteCount: nil, limit: 503)
    ) {
      try codec.decode(text, shape: [100], limit: 503)
    }
  }

  @Test("Every prefix of a chunk is refused")
  func truncated() throws {
    let encoded = Array(try codec.encode([#"{"a":[1,"\u00e9"]}"#, "-1.5e3", "true"]).utf8)
    for count in encoded.indices {
      #expect(throws: ChunkError.self) { try codec.decode(Array(encoded[..<count]), shape: [3]) }
    }
  }

  @Test("Settings that would not give JSON are refused")
  func settings() throws {
    for configuration: JSONObject in [
      ["separators": [";", ":"]], ["separators": [","]], ["separators": [",", "\""]], ["separators": 1],
      ["indent": 1000], ["indent": "x"], ["indent": true], ["encoding": "utf-16"], ["encoding": 8],
      ["encoding": "latin-1", "ensure_ascii": false], ["allow_nan": 0], ["sort_keys": "yes"], ["unknown": 1],
    ] {
      #expect(throws: MetadataError.self) { try codec(configuration) }
    }
    #expect(try codec(["allow_nan": true]).encode(["NaN"]) == #"[NaN,"|O",[1]]"#)
    #expect(throws: ChunkError.self) { try codec(["allow_nan": false]).encode(["[NaN]"]) }
    #expect(try codec(["encoding": "ascii"]).encode(["\"é\""]) == #"["\u00e9","|O",[1]]"#)
    #expect(try codec(["indent": -1]).encode(["1"], shape: [1]) == "[\n1, \n\"|O\", \n[\n1\n]\n]")
  }
}
