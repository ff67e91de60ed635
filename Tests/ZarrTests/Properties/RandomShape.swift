import TestSupport
import Zarr

/// Random shapes of arrays and divisions into chunks.
enum RandomShape {
  /// The shape of an array with up to three dimensions, possibly without elements.
  static func shape(using generator: inout SeededGenerator) -> [Int] {
    let rank = Int.random(in: 0...3, using: &generator)
    let longest = [0, 30, 9, 5][rank]
    return (0..<rank).map { _ in Int.random(in: 0...longest, using: &generator) }
  }

  /// A regular or rectilinear grid in the form of metadata, and the shape of one of its chunks.
  static func grid(of shape: [Int], using generator: inout SeededGenerator) -> (JSONObject, chunkShape: [Int])
  {
    let sides = shape.map { Int.random(in: 1...$0 + 2, using: &generator) }
    guard Int.random(in: 0..<3, using: &generator) == 0 else {
      let grid: JSONObject = [
        "name": "regular", "configuration": ["chunk_shape": .array(sides.map(JSONValue.integer))],
      ]
      return (grid, sides)
    }
    let lengths = zip(shape, sides).map { length, side in
      Bool.random(using: &generator) ? .integer(side) : self.lengths(covering: length, using: &generator)
    }
    let grid: JSONObject = [
      "name": "rectilinear", "configuration": ["kind": "inline", "chunk_shapes": .array(lengths)],
    ]
    return (grid, sides)
  }

  /// Different lengths of chunks, some as a length and its count.
  private static func lengths(covering length: Int, using generator: inout SeededGenerator) -> JSONValue {
    var lengths: [JSONValue] = []
    var rest = max(1, length)
    while rest > 0 {
      let side = Int.random(in: 1...rest + 1, using: &generator)
      let count = Int.random(in: 1...2, using: &generator)
      lengths.append(count == 1 ? .integer(side) : [.integer(side), .integer(count)])
      rest -= side * count
    }
    return .array(lengths)
  }
}
