import ChunkEngine
import TestSupport
import Testing
import Zarr

/// Data types, shapes, grids, shards and codecs together, against a dictionary.
@Suite("Arrays of any kind behave like dictionaries")
struct RandomArrayTests {
  /// The document of an array of Zarr v3.
  private func version3Document(using generator: inout SeededGenerator) throws -> (JSONObject, DataType) {
    let type = RandomDataType.any(using: &generator)
    let shape = RandomShape.shape(using: &generator)
    let (grid, chunkShape) = RandomShape.grid(of: shape, using: &generator)
    let fill =
      Bool.random(using: &generator)
      ? type.defaultFillValue : RandomDataType.element(of: type, using: &generator)
    let document: JSONObject = [
      "zarr_format": 3, "node_type": "array", "shape": .array(shape.map(JSONValue.integer)),
      "data_type": type.configuration.isEmpty ? .string(type.name) : type.metadata.json,
      "chunk_grid": .object(grid),
      "chunk_key_encoding": [
        "name": Bool.random(using: &generator) ? "default" : "v2",
        "configuration": ["separator": Bool.random(using: &generator) ? "/" : "."],
      ],
      "fill_value": try type.json(ofFillValue: fill),
      "codecs": .array(
        RandomCodecs.chain(for: type, chunkShape: chunkShape, using: &generator)),
    ]
    return (document, type)
  }

  /// The document of an array of Zarr v2.
  private func version2Document(using generator: inout SeededGenerator) -> JSONObject {
    let shape = RandomShape.shape(using: &generator)
    let (filters, compressor) = RandomCodecs.version2(using: &generator)
    return [
      "zarr_format": 2, "shape": .array(shape.map(JSONValue.integer)),
      "chunks": .array(shape.map { .integer(Int.random(in: 1...$0 + 2, using: &generator)) }),
      "dtype": RandomDataType.version2(using: &generator), "fill_value": .null,
      "order": Bool.random(using: &generator) ? "C" : "F", "filters": filters, "compressor": compressor,
      "dimension_separator": Bool.random(using: &generator) ? "." : "/",
    ]
  }

  /// Writes and reads random regions, and compares the array with the model.
  private func check(
    _ document: JSONObject, at key: String, seed: Int, using generator: inout SeededGenerator
  ) throws {
    let text = JSONValue.object(document).description
    let store = MemoryStore()
    try store.put(JSONWriter().bytes(of: .object(document)), at: key)
    func open() throws -> ZarrArray {
      try ZarrArray.open(
        in: store,
        access: ArrayAccess(
          workerCount: Int.random(in: 1...3, using: &generator),
          writesEmptyChunks: Int.random(in: 0..<4, using: &generator) == 0))
    }
    var array = try open()
    let type = array.dataType
    var model = ArrayModel(shape: array.shape, fillValue: array.metadata.fillValue)
    for _ in 0..<8 {
      let region = ArrayRegion.random(in: array.shape, using: &generator)
      let count = try #require(region.elementCount)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: array = try open()
      case 1:
        try #require(
          try array.read(region).arrays() == model.read(region), "seed \(seed): \(region) of \(text)")
      default:
        let isFill = Int.random(in: 0..<5, using: &generator) == 0
        let elements = (0..<count).map { _ in
          isFill ? model.fillValue : RandomDataType.element(of: type, using: &generator)
        }
        try array.write(blobs: elements, to: region)
        model.write(elements, to: region)
      }
    }
    try #require(try array.read().arrays() == model.read(), "seed \(seed): \(text)")
    let reopened = try open()
    var blocks: [[UInt8]] = []
    try reopened.forEachBlock { blocks += $0.elements.arrays() }
    #expect(blocks == model.read(), "seed \(seed): \(text)")
    // The JSON of an element reads back as the same element.
    for element in model.read().prefix(5) {
      let json = try type.json(ofFillValue: element)
      #expect(try type.fillValue(from: json) == element, "seed \(seed): \(json) of \(text)")
    }
  }

  @Test("Regions of arrays of Zarr v3 agree with the model", arguments: 0..<250)
  func version3(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (document, type) = try version3Document(using: &generator)
    try #require(ArrayMetadata(document).dataType == type)
    try check(document, at: "zarr.json", seed: seed, using: &generator)
  }

  @Test("Regions of arrays of Zarr v2 agree with the model", arguments: 0..<100)
  func version2(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let document = version2Document(using: &generator)
    try check(document, at: ".zarray", seed: seed, using: &generator)
  }
}
