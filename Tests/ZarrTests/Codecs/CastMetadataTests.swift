import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("Casts and scales in metadata")
struct CastMetadataTests {
  private func codec(_ name: String, _ configuration: JSONObject = [:]) -> JSONValue {
    ["name": .string(name), "configuration": .object(configuration)]
  }

  private let bytes: JSONValue = ["name": "bytes", "configuration": ["endian": "little"]]

  @Test("Numbers are cast as the settings say, and come back by the same rules")
  func cast() throws {
    let settings: JSONObject = [
      "data_type": "uint8", "rounding": "towards-zero", "out_of_range": "clamp",
      "scalar_map": ["encode": [["NaN", 255], ["-Infinity", 254]], "decode": [[255, "NaN"]]],
    ]
    let chain = try CodecChain(
      [codec("cast_value", settings), bytes], for: .number(.float64), chunkShape: [5])
    let stored: [UInt8] = [1, 0, 253, 255, 254]
    #expect(try chain.encoded(packedBytes([1.9, -3, 253, .nan, -.infinity]), shape: [5]) == stored)
    let decoded: [Double] = unpacked(try chain.decoded(stored, shape: [5]))
    #expect(decoded[3].isNaN)
    #expect([decoded[0], decoded[1], decoded[2], decoded[4]] == [1, 0, 253, 254])
  }

  @Test("The chain that the specification gives for fixedscaleoffset")
  func scaleAndCast() throws {
    let filters = [
      codec("scale_offset", ["scale": .number(JSONNumber(0.1)), "offset": 10]),
      codec("cast_value", ["data_type": "uint8", "out_of_range": "wrap"]), bytes,
    ]
    let chain = try CodecChain(filters, for: .number(.float32), chunkShape: [3])
    #expect(try chain.encoded(packedBytes([10, 110, 2600] as [Float]), shape: [3]) == [0, 10, 3])
    #expect(try chain.decoded([0, 10, 3], shape: [3]) == packedBytes([10, 110, 40] as [Float]))
  }

  @Test("Constants that are left out change nothing")
  func defaults() throws {
    let chain = try CodecChain(["scale_offset", "bytes"], for: .number(.int8), chunkShape: [2])
    #expect(try chain.encoded([1, 255], shape: [2]) == [1, 255])
    let constants = codec("scale_offset", ["offset": "NaN", "scale": "0x3f800000"])
    _ = try CodecChain([constants, bytes], for: .number(.float32), chunkShape: [2])
  }

  @Test("Settings that are wrong or missing are errors that name them")
  func wrongSettings() {
    for (name, settings, field) in [
      ("cast_value", [:], "data_type"), ("cast_value", ["data_type": "bool"], "data_type"),
      ("cast_value", ["data_type": "complex64"], "data_type"),
      ("cast_value", ["data_type": "string"], "data_type"),
      ("cast_value", ["data_type": "int7"], "data_type"),
      ("cast_value", ["data_type": "int8", "rounding": "up"], "rounding"),
      ("cast_value", ["data_type": "int8", "out_of_range": "ignore"], "out_of_range"),
      ("cast_value", ["data_type": "float32", "out_of_range": "wrap"], "out_of_range"),
      ("cast_value", ["data_type": "int8", "scalar_map": 1], "scalar_map"),
      ("cast_value", ["data_type": "int8", "scalar_map": ["both": []]], "scalar_map.both"),
      ("cast_value", ["data_type": "int8", "scalar_map": ["encode": 1]], "scalar_map.encode"),
      ("cast_value", ["data_type": "int8", "scalar_map": ["encode": [[1]]]], "scalar_map.encode[0]"),
      (
        "cast_value", ["data_type": "int8", "scalar_map": ["encode": [[1, 128]]]], "scalar_map.encode[0][1]"
      ),
      (
        "cast_value", ["data_type": "int8", "scalar_map": ["decode": [["NaN", 1]]]], "scalar_map.decode[0][0]"
      ),
      ("cast_value", ["data_type": "int8", "endian": "little"], "endian"),
      ("scale_offset", ["scale": 0], "scale"), ("scale_offset", ["scale": "-0"], "scale"),
      ("scale_offset", ["scale": .number(JSONNumber(-0.0))], "scale"),
      ("scale_offset", ["offset": []], "offset"),
      ("scale_offset", ["factor": 1], "factor"),
    ] as [(String, JSONObject, String)] {
      expectRefused(
        [codec(name, settings), "bytes"], for: .number(.float32), chunkShape: [4],
        field: "codecs[0].configuration.\(field)")
    }
    for constant in [1000, .number(JSONNumber(1.5)), -129] as [JSONValue] {
      expectRefused(
        [codec("scale_offset", ["offset": constant]), "bytes"], for: .number(.int8), chunkShape: [4],
        field: "codecs[0].configuration.offset")
    }
  }

  @Test("Elements that are no numbers, and fill values that cannot be cast, are refused")
  func wrongElements() {
    let cast = codec("cast_value", ["data_type": "int8"])
    for type in [.number(.bool), .number(.complex64), .string, .datetime64(.seconds, scaleFactor: 1)]
      as [DataType]
    {
      expectRefused([cast, "bytes"], for: type, chunkShape: [4], field: "codecs[0]")
      expectRefused(["scale_offset", bytes], for: type, chunkShape: [4], field: "codecs[0]")
    }
    let error = #expect(throws: MetadataError.self) {
      try CodecChain(
        [cast, "bytes"], for: .number(.float32), chunkShape: [4], fillValue: packedBytes([Float.nan]))
    }
    #expect(error?.field == "codecs[0]")
  }
}
