public import Zarr

/// The model of an array: a dictionary from indices to elements.
public struct ArrayModel: Sendable {
  /// The number of elements along each dimension.
  public var shape: [Int]

  /// The element where nothing was written.
  public let fillValue: [UInt8]

  private var elements: [[Int]: [UInt8]] = [:]

  /// Creates the model of an empty array.
  public init(shape: [Int], fillValue: [UInt8] = []) {
    self.shape = shape
    self.fillValue = fillValue
  }

  /// Writes elements in C order.
  public mutating func write(_ elements: [[UInt8]], to region: ArrayRegion) {
    for (indices, element) in zip(region.allIndices, elements) {
      self.elements[indices] = element
    }
  }

  /// Elements in C order.
  public func read(_ region: ArrayRegion) -> [[UInt8]] {
    region.allIndices.map { elements[$0] ?? fillValue }
  }

  /// All elements in C order.
  public func read() -> [[UInt8]] { read(ArrayRegion(allOf: shape)) }

  /// Whether a chunk has an element other than the fill value.
  public func isStored(chunkAt indices: [Int], chunkShape: [Int]) -> Bool {
    elements.contains { place, element in
      element != fillValue && zip(zip(place, chunkShape).map { $0 / $1 }, indices).allSatisfy { $0 == $1 }
        && zip(place, shape).allSatisfy { $0 < $1 }
    }
  }
}

extension ArrayRegion {
  /// The indices of all elements in C order.
  public var allIndices: [[Int]] {
    var all: [[Int]] = [[]]
    for range in ranges {
      all = all.flatMap { start in range.map { start + [$0] } }
    }
    return all
  }

  /// Every region of an array, including empty ones.
  public static func all(of shape: [Int]) -> [ArrayRegion] {
    var all: [[Range<Int>]] = [[]]
    for length in shape {
      let ranges = (0...length).flatMap { lower in (lower...length).map { lower..<$0 } }
      all = all.flatMap { start in ranges.map { start + [$0] } }
    }
    return all.map(ArrayRegion.init)
  }

  /// A random region of an array, sometimes empty.
  public static func random(in shape: [Int], using generator: inout SeededGenerator) -> ArrayRegion {
    ArrayRegion(
      shape.map { length in
        let one = Int.random(in: 0...length, using: &generator)
        let other = Int.random(in: 0...length, using: &generator)
        return min(one, other)..<max(one, other)
      })
  }
}
