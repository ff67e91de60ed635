import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("Codecs of the layout in metadata")
struct LayoutCodecMetadataTests {
  private static let littleEndian: JSONValue = ["name": "bytes", "configuration": ["endian": "little"]]

  private func codec(_ name: String, _ configuration: JSONObject = [:]) -> JSONValue {
    ["name": .string(name), "configuration": .object(configuration)]
  }

  @Test("Numbers are stored in the byte order that metadata says")
  func byteOrder() throws {
    let memory = packedBytes([1, 2] as [UInt16])
    for (endian, stored) in [("little", bytes(1, 0, 2, 0)), ("big", bytes(0, 1, 0, 2))] {
      for name in ["bytes", "endian"] {
        let chain = try CodecChain(
          [codec(name, ["endian": .string(endian)])], for: .number(.uint16), chunkShape: [2])
        #expect(try chain.encoded(memory, shape: [2]) == stored)
        #expect(try chain.decoded(stored, shape: [2]) == memory)
      }
    }
  }

  @Test("Numbers of one byte need no byte order, others do")
  func missingByteOrder() throws {
    for type in NumberType.allCases {
      if type.byteCount == 1 {
        #expect(try CodecChain(["bytes"], for: .number(type), chunkShape: [2]).arrayToBytes.isIdentity)
        _ = try CodecChain([codec("bytes", ["endian": "big"])], for: .number(type), chunkShape: [2])
      } else {
        expectRefused(
          ["bytes"], for: .number(type), chunkShape: [2], field: "codecs[0].configuration.endian")
      }
    }
  }

  @Test("A wrong byte order, and elements of variable size, are refused")
  func wrongBytes() {
    for value in ["middle", 1, .null, "Little"] as [JSONValue] {
      expectRefused(
        [codec("bytes", ["endian": value])], for: .number(.int32), chunkShape: [2],
        field: "codecs[0].configuration.endian")
    }
    expectRefused(
      [codec("bytes", ["order": "C"])], for: .number(.int8), chunkShape: [2],
      field: "codecs[0].configuration.order")
    expectRefused([Self.littleEndian], for: .string, chunkShape: [2], field: "codecs[0]")
  }

  @Test("The dimensions of numbers and of text are transposed")
  func transpose() throws {
    let order = codec("transpose", ["order": [1, 0]])
    let numbers = try CodecChain([order, Self.littleEndian], for: .number(.int16), chunkShape: [2, 3])
    let memory = packedBytes([0, 1, 2, 3, 4, 5] as [Int16])
    let stored = packedBytes([0, 3, 1, 4, 2, 5] as [Int16])
    #expect(try numbers.encoded(memory, shape: [2, 3]) == stored)
    #expect(try numbers.decoded(stored, shape: [2, 3]) == memory)
    // The row of zarr-python: two rows of a, b, c and d, e, f.
    let texts = try CodecChain([order, "vlen-utf8"], for: .string, chunkShape: [2, 3])
    let abcdef = "abcdef".utf8.map { [$0] }
    #expect(
      try texts.encoded(referenceWireForm(abcdef), shape: [2, 3])
        == referenceWireForm("adbecf".utf8.map { [$0] }))
  }

  @Test("The orders of early drafts are read")
  func namedOrders() throws {
    for (name, order) in [("C", [0, 1, 2]), ("F", [2, 1, 0])] {
      let chain = try CodecChain(
        [codec("transpose", ["order": .string(name)]), "bytes"], for: .number(.int8), chunkShape: [2, 3, 4])
      #expect(chain.arrayToArray.first as? TransposeCodec == TransposeCodec(order: order))
    }
  }

  @Test("An order that is no permutation of the dimensions is refused")
  func wrongOrder() {
    for value in [[0, 0], [1, 2], [0], [-1, 0], [0, 1, 2], "A", 1, ["a", "b"], .null] as [JSONValue] {
      let error = #expect(throws: MetadataError.self) {
        try CodecChain(
          [codec("transpose", ["order": value]), "bytes"], for: .number(.int8), chunkShape: [2, 3])
      }
      #expect(error?.field.hasPrefix("codecs[0]") == true)
    }
    expectRefused(
      [codec("transpose"), "bytes"], for: .number(.int8), chunkShape: [2, 3],
      field: "codecs[0].configuration.order")
    expectRefused(
      [codec("transpose", ["order": [1, 0], "axes": 2]), "bytes"], for: .number(.int8), chunkShape: [2, 3],
      field: "codecs[0].configuration.axes")
  }

  @Test("The next codec gets the shape that is left")
  func shapes() throws {
    // After each codec a transposition that needs just so many dimensions.
    for (first, count) in [
      (codec("reshape", ["shape": [[0, 1], [2], 3]]), 3), (codec("reshape", ["shape": [-1]]), 1),
      (codec("squeeze"), 3), (codec("zarrs.squeeze"), 3),
      (codec("transpose", ["order": [3, 2, 1, 4, 0]]), 5),
    ] {
      let shape = [4, 1, 5, 3, 1]
      for rank in 1...5 {
        let order = codec("transpose", ["order": .array((0..<rank).map { .integer($0) })])
        let codecs = [first, order, "bytes"]
        if rank == count {
          _ = try CodecChain(codecs, for: .number(.bool), chunkShape: shape)
        } else {
          expectRefused(codecs, for: .number(.bool), chunkShape: shape, field: "codecs[1]")
        }
      }
    }
  }

  @Test("A wrong shape is refused")
  func wrongShape() {
    for (value, field) in [
      ([0], "codecs[0].configuration.shape[0]"), ([-2], "codecs[0].configuration.shape[0]"),
      ([4, "a"], "codecs[0].configuration.shape[1]"), ([[0, "a"]], "codecs[0].configuration.shape[0]"),
      (24, "codecs[0].configuration.shape"), ([5], "codecs[0]"), ([-1, -1], "codecs[0]"),
    ] as [(JSONValue, String)] {
      expectRefused(
        [codec("reshape", ["shape": value]), "bytes"], for: .number(.int8), chunkShape: [4, 6], field: field)
    }
    expectRefused(
      [codec("squeeze", ["axes": [0]]), "bytes"], for: .number(.int8), chunkShape: [4, 6],
      field: "codecs[0].configuration.axes")
  }
}
