import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("Arrays of optional elements")
struct OptionalArrayTests {
  private static let packed: JSONValue = "packbits"

  private func optional(
    _ data: JSONValue..., mask: JSONValue = packed, name: String = "zarrs.optional"
  ) -> JSONValue {
    ["name": .string(name), "configuration": ["mask_codecs": [mask], "data_codecs": .array(data)]]
  }

  @Test("Either name stands for the codec", arguments: ["optional", "zarrs.optional"])
  func names(name: String) throws {
    let chain = try CodecChain(
      [optional("bytes", name: name)], for: .optional(.number(.uint8)), chunkShape: [2, 2])
    // The draft's example: 0, absent, absent, 5
    let memory = bytes(1, 0, 0, 0, 0, 0, 1, 5)
    let stored = bytes(1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 5)
    #expect(try chain.encoded(memory, shape: [2, 2]) == stored)
    #expect(try chain.decoded(stored, shape: [2, 2]) == memory)
  }

  @Test("The mask has the shape of the chunk, and the data one dimension")
  func transposedMask() throws {
    let transpose: JSONValue = ["name": "transpose", "configuration": ["order": [1, 0]]]
    let codec: JSONValue = [
      "name": "zarrs.optional",
      "configuration": ["mask_codecs": [transpose, "bytes"], "data_codecs": ["bytes"]],
    ]
    let chain = try CodecChain([codec], for: .optional(.number(.uint8)), chunkShape: [2, 2])
    let stored = try chain.encoded(bytes(1, 7, 0, 0, 1, 8, 1, 9), shape: [2, 2])
    #expect(stored.dropFirst(16) == bytes(1, 1, 0, 1, 7, 8, 9)[...])
    #expect(try chain.decoded(stored, shape: [2, 2]) == bytes(1, 7, 0, 0, 1, 8, 1, 9))
  }

  @Test("Optional elements have the codec for them, and no others have it")
  func refusals() {
    let number = DataType.optional(.number(.uint8))
    expectRefused(["bytes"], for: number, chunkShape: [2], field: "codecs[0]")
    expectRefused(["vlen-bytes"], for: .optional(.bytes), chunkShape: [2], field: "codecs[0]")
    expectRefused(["zarrs.vlen_v2"], for: .optional(.bytes), chunkShape: [2], field: "codecs[0]")
    expectRefused([optional("bytes")], for: .number(.uint8), chunkShape: [2], field: "codecs[0]")
    let field = "codecs[0].configuration"
    expectRefused(
      [optional("vlen-utf8")], for: number, chunkShape: [2], field: "\(field).data_codecs[0]")
    expectRefused(
      [optional("bytes")], for: .optional(number), chunkShape: [2], field: "\(field).data_codecs[0]")
    expectRefused([optional()], for: number, chunkShape: [2], field: "\(field).data_codecs")
    expectRefused(
      [optional("bytes", mask: "vlen-bytes")], for: number, chunkShape: [2],
      field: "\(field).mask_codecs[0]")
    for name in ["mask_codecs", "data_codecs"] {
      let codec: JSONValue = ["name": "optional", "configuration": .object([name: ["bytes"]])]
      let other = name == "mask_codecs" ? "data_codecs" : "mask_codecs"
      expectRefused([codec], for: number, chunkShape: [2], field: "\(field).\(other)")
    }
    expectRefused(
      [
        [
          "name": "optional",
          "configuration": ["mask_codecs": ["bytes"], "data_codecs": ["bytes"], "level": 1],
        ]
      ], for: number, chunkShape: [2], field: "\(field).level")
  }

  @Test("Elements that may be absent come and go in arrays, absent chunks and edges included")
  func arrays() throws {
    for (dataType, codecs) in [
      (.optional(.string), []), (.optional(.number(.int16)), [.zstd()]),
      (.optional(.optional(.bytes)), [.crc32c]),
    ] as [(DataType, [CodecChain.Stage])] {
      let isText = dataType == .optional(.string)
      let there: [UInt8] =
        isText ? [1, 0x61] : dataType == .optional(.optional(.bytes)) ? [1, 1, 2] : [1, 7, 0]
      let absent = dataType.defaultFillValue
      let options = ArrayOptions(dataType: dataType, chunkSize: .shape([4]), compressors: codecs)
      let array = try ZarrArray.create(in: MemoryStore(), shape: [10], options: options)
      #expect(try array.read().arrays() == [[UInt8]](repeating: absent, count: 10))
      try array.write(blobs: [there, absent, there], to: ArrayRegion([7..<10]))
      let expected = [[UInt8]](repeating: absent, count: 7) + [there, absent, there]
      let opened = try ZarrArray.open(in: array.store)
      #expect(opened.dataType == dataType)
      #expect(try opened.read().arrays() == expected)
      let stored = try array.store.list("").map(\.description).filter { $0 != "zarr.json" }
      #expect(stored.sorted() == ["c/1", "c/2"])
      try opened.write(blob: there, at: [0])
      try opened.write(blob: absent, at: [7])
      #expect(try opened.read(at: [0]) == there)
      #expect(try opened.read(at: [7]) == absent)
    }
  }

  @Test("Optional elements in shards come back")
  func shards() throws {
    let sharding = MetadataExtension(
      name: "sharding_indexed",
      configuration: [
        "chunk_shape": [2], "codecs": [optional("vlen-utf8")],
        "index_codecs": [["name": "bytes", "configuration": ["endian": "little"]], "crc32c"],
        "index_location": "end",
      ])
    let options = ArrayOptions(
      dataType: .optional(.string), chunkSize: .shape([4]), compressors: [], serializer: sharding)
    let array = try ZarrArray.create(in: MemoryStore(), shape: [10], options: options)
    let elements: [[UInt8]] = [[1, 0x61], [0], [1], [0], [0], [0], [1, 0x62, 0x63], [0], [1], [1]]
    try array.write(blobs: elements)
    #expect(try ZarrArray.open(in: array.store).read().arrays() == elements)
    #expect(try array.read(at: [6]) == [1, 0x62, 0x63])
  }

  @Test(
    "Arrays of any length have one layout under two names", arguments: ["vlen-array", "numcodecs.vlen-array"])
  func vlenArrays(name: String) throws {
    // numcodecs' VLenArray("<i2") of [1, -1], [], [7]
    let wire = bytes(3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 255, 255, 0, 0, 0, 0, 2, 0, 0, 0, 7, 0)
    let array = DataType.array(of: .number(.int16))
    let named: JSONValue = ["name": .string(name), "configuration": ["dtype": "<i2"]]
    for (dataType, codec) in [(array, .string(name)), (array, named), (.bytes, .string(name))]
      as [(DataType, JSONValue)]
    {
      let chain = try CodecChain([codec], for: dataType, chunkShape: [3])
      #expect(try chain.encoded(wire, shape: [3]) == wire)
      #expect(try chain.decoded(wire, shape: [3]) == wire)
    }
    for (dataType, item) in [(array, "<i4"), (array, "<i1"), (.bytes, "|u1"), (.string, "|O")]
      as [(DataType, JSONValue)]
    {
      expectRefused(
        [["name": .string(name), "configuration": ["dtype": item]]], for: dataType, chunkShape: [3],
        field: "codecs[0].configuration.dtype")
    }
    let bytes: JSONValue = ["name": .string(name), "configuration": ["dtype": "<u1"]]
    _ = try CodecChain([bytes], for: .array(of: .number(.uint8)), chunkShape: [3])
    let big: JSONValue = ["name": .string(name), "configuration": ["dtype": ">i2"]]
    let chain = try CodecChain([big], for: array, chunkShape: [3])
    let stored = TestSupport.bytes(3, 0, 0, 0, 4, 0, 0, 0, 0, 1, 255, 255, 0, 0, 0, 0, 2, 0, 0, 0, 0, 7)
    #expect(try chain.encoded(wire, shape: [3]) == stored)
    #expect(try chain.decoded(stored, shape: [3]) == wire)
    let odd = TestSupport.bytes(1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 255)
    #expect(throws: ChunkError.self) { try chain.encoded(odd, shape: [1]) }
    #expect(throws: ChunkError.self) { try chain.decoded(odd, shape: [1]) }
    expectRefused([.string(name)], for: .number(.int16), chunkShape: [3], field: "codecs[0]")
  }
}
