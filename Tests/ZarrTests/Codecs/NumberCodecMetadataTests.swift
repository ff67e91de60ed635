import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("Codecs of numbers in metadata")
struct NumberCodecMetadataTests {
  private func codec(_ name: String, _ configuration: JSONObject = [:]) -> JSONValue {
    ["name": .string(name), "configuration": .object(configuration)]
  }

  private func bytes(_ order: String) -> JSONValue { codec("bytes", ["endian": .string(order)]) }

  @Test(
    "Types have the names that NumPy gives them, in any byte order",
    arguments: [
      ("<f8", .float64), (">f8", .float64), ("=f4", .float32), ("f2", .float16), ("|u1", .uint8),
      ("u1", .uint8),
      ("<i8", .int64), ("|b1", .bool), ("?", .bool), ("bool", .bool), ("float64", .float64),
      ("uint16", .uint16),
      ("<c8", .complex64), ("c16", .complex128), ("int8", .int8), ("l", .int64), ("d", .float64),
    ] as [(String, NumberType)])
  func names(name: String, type: NumberType) {
    #expect(NumberType(numpy: name) == type)
  }

  @Test(
    "Other names are none",
    arguments: ["", "<", "<f3", "f16", "<<f8", "S4", "|O", "<M8[ns]", "u", "<float64"])
  func noNames(name: String) {
    #expect(NumberType(numpy: name) == nil)
  }

  @Test("The codec that stores the numbers decides on their byte order, and gets the type that is stored")
  func byteOrder() throws {
    let numbers = packedBytes([1000, 1002, 1001] as [Int32])
    for astype in ["<i2", ">i2", "int16"] {
      let delta = codec("numcodecs.delta", ["dtype": ">i4", "astype": .string(astype)])
      for (order, stored) in [
        ("little", [0xe8, 3, 2, 0, 0xff, 0xff]), ("big", [3, 0xe8, 0, 2, 0xff, 0xff]),
      ] as [(String, [UInt8])] {
        let chain = try CodecChain([delta, bytes(order)], for: .number(.int32), chunkShape: [3])
        #expect(try chain.encoded(numbers, shape: [3]) == stored)
        #expect(try chain.decoded(stored, shape: [3]) == numbers)
      }
    }
  }

  @Test("Types that are left out, or null, are those of the array, and astype is dtype")
  func defaultTypes() throws {
    for filter in [
      codec("numcodecs.delta", ["dtype": "<f4", "astype": .null]),
      codec("numcodecs.fixedscaleoffset", ["offset": 0, "scale": 1, "dtype": "<f4", "astype": .null]),
      codec("numcodecs.quantize", ["digits": 3, "dtype": .null, "astype": .null]),
      codec("numcodecs.delta"), codec("numcodecs.fixedscaleoffset", ["offset": 0, "scale": 1]),
      codec("numcodecs.quantize", ["digits": 3]), codec("numcodecs.astype", ["encode_dtype": "<f4"]),
    ] {
      let chain = try CodecChain([filter, bytes("little")], for: .number(.float32), chunkShape: [2])
      let numbers = packedBytes([1, 2] as [Float])
      #expect(try chain.decoded(chain.encoded(numbers, shape: [2]), shape: [2]) == numbers)
    }
  }

  @Test("Filters can follow one another")
  func chain() throws {
    // The chain that numcodecs makes of the same numbers: (x - 10) * 2 as i2, then differences.
    let filters = [
      codec(
        "numcodecs.fixedscaleoffset",
        ["offset": 10, "scale": 2, "dtype": "<f4", "astype": "<i2"]),
      codec("numcodecs.delta", ["dtype": "<i2"]), codec("transpose", ["order": [1, 0]]), bytes("big"),
    ]
    let chain = try CodecChain(filters, for: .number(.float32), chunkShape: [2, 2])
    let numbers = packedBytes([11, 12.5, 9, 10] as [Float])
    let stored: [UInt8] = [0, 2, 0xff, 0xf9, 0, 3, 0, 2]
    #expect(try chain.encoded(numbers, shape: [2, 2]) == stored)
    #expect(try chain.decoded(stored, shape: [2, 2]) == numbers)
  }

  @Test("Truth values that are packed are bytes of one dimension for the next codec")
  func packBits() throws {
    let filters = [codec("numcodecs.packbits"), codec("transpose", ["order": [0]]), codec("bytes")]
    let chain = try CodecChain(filters, for: .number(.bool), chunkShape: [3, 3])
    let stored: [UInt8] = [7, 0b1000_1000, 0b1000_0000]
    let values: [UInt8] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
    #expect(try chain.encoded(values, shape: [3, 3]) == stored)
    #expect(try chain.decoded(stored, shape: [3, 3]) == values)
  }

  @Test("What a codec makes of the fill value is that of the next one")
  func fillValue() throws {
    let filter = codec(
      "numcodecs.fixedscaleoffset", ["offset": 10, "scale": 2, "dtype": "<f4", "astype": "<i2"])
    let settings = CodecSettings(try MetadataExtension(filter, field: "codecs"), field: "codecs")
    let context = CodecContext(
      dataType: .number(.float32), fillValue: packedBytes([12.5] as [Float]), chunkShape: [4])
    let factory = try #require(CodecRegistry.factory("numcodecs.fixedscaleoffset"))
    guard case .arrayToArray(_, let next) = try factory(settings, context) else {
      Issue.record("the codec is of another kind")
      return
    }
    #expect(
      next
        == CodecContext(
          dataType: .number(.int16), fillValue: packedBytes([5] as [Int16]), chunkShape: [4]))
  }

  @Test("Settings that are wrong or missing are errors that name them")
  func wrongSettings() {
    for (name, settings, field) in [
      ("numcodecs.delta", ["dtype": "<f3"], "dtype"), ("numcodecs.delta", ["dtype": 4], "dtype"),
      ("numcodecs.delta", ["dtype": "|b1"], "dtype"), ("numcodecs.delta", ["astype": "<c8"], "astype"),
      ("numcodecs.delta", ["order": 1], "order"), ("numcodecs.astype", [:], "encode_dtype"),
      ("numcodecs.astype", ["encode_dtype": "<c8"], "encode_dtype"),
      ("numcodecs.astype", ["encode_dtype": "<f4", "decode_dtype": "<c8"], "decode_dtype"),
      ("numcodecs.quantize", [:], "digits"), ("numcodecs.quantize", ["digits": 308], "digits"),
      ("numcodecs.quantize", ["digits": 1, "astype": "<i4"], "astype"),
      ("numcodecs.fixedscaleoffset", ["scale": 1], "offset"),
      ("numcodecs.fixedscaleoffset", ["offset": 1], "scale"),
      ("numcodecs.fixedscaleoffset", ["offset": "1", "scale": 1], "offset"),
      ("bitround", [:], "keepbits"), ("bitround", ["keepbits": -1], "keepbits"),
      ("numcodecs.bitround", ["keepbits": "3"], "keepbits"),
    ] as [(String, JSONObject, String)] {
      expectRefused(
        [codec(name, settings), bytes("little")], for: .number(.float32), chunkShape: [4],
        field: "codecs[0].configuration.\(field)")
    }
  }

  @Test("Elements of another width than a codec takes are refused")
  func wrongElements() {
    for (name, settings, type) in [
      ("numcodecs.delta", ["dtype": "<i4"], .number(.int16)), ("numcodecs.delta", ["dtype": "<i4"], .string),
      ("numcodecs.packbits", [:], .number(.uint16)), ("bitround", ["keepbits": 3], .number(.bool)),
      ("bitround", ["keepbits": 3], .bytes), ("packbits", [:], .string),
    ] as [(String, JSONObject, DataType)] {
      expectRefused([codec(name, settings), "bytes"], for: type, chunkShape: [4], field: "codecs[0]")
    }
  }

  @Test("Bits to pack are any of the number, and null stands for the default")
  func packedBits() throws {
    for settings in [
      [:], ["first_bit": 0], ["last_bit": 15],
      ["first_bit": .null, "last_bit": .null, "padding_encoding": "none"],
      ["first_bit": 3, "last_bit": 3, "padding_encoding": "first_byte"],
      ["last_bit": 0, "padding_encoding": "last_byte"],
    ] as [JSONObject] {
      _ = try CodecChain([codec("packbits", settings)], for: .number(.int16), chunkShape: [4])
    }
    for (settings, field) in [
      (["first_bit": -1], "first_bit"), (["first_bit": 16], "first_bit"), (["last_bit": 16], "last_bit"),
      (["first_bit": 3, "last_bit": 2], "last_bit"), (["first_bit": "0"], "first_bit"),
      (["padding_encoding": "start_byte"], "padding_encoding"),
      (["padding_encoding": .null], "padding_encoding"),
      (["bits": 3], "bits"),
    ] as [(JSONObject, String)] {
      expectRefused(
        [codec("packbits", settings)], for: .number(.int16), chunkShape: [4],
        field: "codecs[0].configuration.\(field)")
    }
  }
}
