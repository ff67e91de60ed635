import Testing
import Zarr

@Suite("Chunk grid")
struct ChunkGridTests {
  @Test(
    "There are as many chunks as cover the array",
    arguments: [
      ([10], [3], [4]), ([9], [3], [3]), ([0], [3], [0]), ([1], [3], [1]), ([], [], []),
      ([4, 5], [4, 1], [1, 5]),
      ([Int.max], [1], [Int.max]), ([Int.max], [4_294_967_295], [2_147_483_649]),
      ([Int.max, 0], [2, 2], [1 << 62, 0]),
    ])
  func chunkCounts(shape: [Int], chunkShape: [Int], counts: [Int]) throws {
    #expect(try ChunkGrid(chunkShape: chunkShape).chunkCounts(of: shape) == counts)
  }

  @Test("The number of all chunks is nil when it is out of range")
  func chunkCount() throws {
    let grid = try ChunkGrid(chunkShape: [2, 3])
    #expect(grid.chunkCount(of: [5, 6]) == 6)
    #expect(grid.chunkCount(of: [Int.max, Int.max]) == nil)
    #expect(grid.chunkCount(of: [Int.max, 0]) == 0)
    #expect(try ChunkGrid(chunkShape: [1, 1, 1]).chunkCount(of: [Int.max, Int.max, 0]) == 0)
    #expect(try ChunkGrid(chunkShape: []).chunkCount(of: []) == 1)
  }

  @Test(
    "A chunk has as many elements as can be counted", arguments: [[4_294_967_296], [65536, 65537], []])
  func elementCount(chunkShape: [Int]) throws {
    #expect(try ChunkGrid(chunkShape: chunkShape).elementCount == chunkShape.reduce(1, *))
  }

  @Test(
    "A larger chunk is refused",
    arguments: [[Int.max, 2], [Int.max, Int.max], [1 << 32, 1 << 32]])
  func tooLarge(chunkShape: [Int]) {
    let error = #expect(throws: MetadataError.self) { try ChunkGrid(chunkShape: chunkShape) }
    #expect(error?.code == .tooLarge)
  }

  @Test("A side without elements is refused", arguments: [[0], [1, 0], [-1], [0, Int.max], [Int.min, 2]])
  func emptySide(chunkShape: [Int]) {
    let error = #expect(throws: MetadataError.self) { try ChunkGrid(chunkShape: chunkShape) }
    #expect(error?.code == .unexpectedValue)
  }

  @Test("A shape of another rank is a programming error")
  func otherRank() async {
    await #expect(processExitsWith: .failure) {
      _ = try ChunkGrid(chunkShape: [1]).chunkCounts(of: [1, 1])
    }
  }

  @Test(
    "Chunks of their own lengths are found by element and by index",
    arguments: [[3], [1, 2, 3], [2, 2, 2, 5, 1, 1, 7], [1]])
  func lengths(lengths: [Int]) throws {
    let dimension = ChunkDimension.lengths(try ChunkLengths(lengths))
    let grid = try ChunkGrid(dimensions: [dimension, .repeated(4)])
    #expect(grid.chunkShape == [lengths.max() ?? 1, 4])
    var position = 0
    for (index, length) in lengths.enumerated() {
      #expect(grid.dimensions[0].range(ofChunk: index) == position..<position + length)
      #expect(grid.chunkShape(at: [index, 5]) == [length, 4])
      for _ in 0..<length {
        #expect(grid.chunkCounts(of: [position + 1, 9]) == [index + 1, 3])
        position += 1
      }
    }
    #expect(grid.chunkCounts(of: [0, 0]) == [0, 0])
  }

  @Test(
    "A rectilinear grid is read from and written to its document",
    arguments: [
      ([7], [[1, 2, 4]], [[1, 2, 4]]), ([6], [[[2, 3]]], [[[2, 3]]]), ([6], [[2, 2, 2]], [[[2, 3]]]),
      ([5, 9], [2, [[3, 2], 4]], [2, [[3, 2], 4]]), ([], [], []), ([0], [[]], [[]]),
      ([3], [[[1, 1_000_000_000_000]]], [[[1, 1_000_000_000_000]]]),
    ] as [([Int], JSONValue, JSONValue)])
  func rectilinear(shape: [Int], chunkShapes: JSONValue, written: JSONValue) throws {
    func document(_ shapes: JSONValue) -> JSONValue {
      [
        "name": "rectilinear", "configuration": ["kind": "inline", "chunk_shapes": shapes],
      ]
    }
    let metadata = try metadata(shape, document(chunkShapes))
    #expect(metadata.chunkGrid.isRectilinear)
    #expect(metadata.json["chunk_grid"] == document(written))
  }

  @Test(
    "A rectilinear grid that is broken or too short is an error that names the dimension",
    arguments: [
      [[1, 2, 3]], [[0, 7]], [[[7, 0]]], [[[7]]], [[-1, 8]], [["7"]], [0], [.null], [], [7, 7], 7,
      [[[9_223_372_036_854_775_807, 2]]], [[9_223_372_036_854_775_807, 1]],
    ] as [JSONValue])
  func brokenRectilinear(chunkShapes: JSONValue) {
    let error = #expect(throws: MetadataError.self) {
      try metadata(
        [7],
        [
          "name": "rectilinear", "configuration": ["kind": "inline", "chunk_shapes": chunkShapes],
        ])
    }
    #expect(error?.field.starts(with: "chunk_grid.configuration.chunk_shapes") == true)
  }

  private func metadata(_ shape: [Int], _ chunkGrid: JSONValue) throws -> ArrayMetadata {
    try ArrayMetadata([
      "zarr_format": 3, "node_type": "array", "shape": .array(shape.map(JSONValue.integer)),
      "data_type": "string", "chunk_grid": chunkGrid,
      "chunk_key_encoding": ["name": "default", "configuration": ["separator": "/"]], "fill_value": "",
      "codecs": [["name": "vlen-utf8"]],
    ])
  }
}
