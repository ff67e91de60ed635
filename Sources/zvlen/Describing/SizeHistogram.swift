/// How many elements have which size.
///
/// Sizes that occur are few, even of very many elements: *k* different sizes need more than *k*²/2 bytes of
/// elements.
struct SizeHistogram {
  /// Sizes below this are counted in a table.
  private static let tableSize = 4096

  private var small = [Int](repeating: 0, count: tableSize)
  private var large: [Int: Int] = [:]

  /// The number of elements.
  private(set) var count = 0

  /// The bytes of all elements, which may be more than an `Int` holds: arrays claim any number of fill values.
  private(set) var byteCount: UInt128 = 0

  /// Adds elements of one size.
  mutating func add(byteCount size: Int, count: Int = 1) {
    if size < Self.tableSize {
      small[size] += count
    } else {
      large[size, default: 0] += count
    }
    self.count += count
    byteCount += UInt128(size) * UInt128(count)
  }

  /// Adds all elements of another histogram.
  mutating func add(_ other: SizeHistogram) {
    for (size, count) in other.sizes {
      add(byteCount: size, count: count)
    }
  }

  /// The sizes that occur, the smallest first, with their numbers.
  private var sizes: [(size: Int, count: Int)] {
    small.enumerated().filter { $0.element > 0 }.map { ($0.offset, $0.element) }
      + large.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The smallest size that is not exceeded by these parts of the elements, in ascending order of the parts.
  ///
  /// - Parameter parts: Numbers from 0, for the smallest size, to 1, for the largest.
  /// - Returns: A size for each part, or nothing if there are no elements.
  func quantiles(_ parts: [Double]) -> [Int] {
    guard count > 0 else { return [] }
    var quantiles: [Int] = []
    var reached = 0
    for (size, sizeCount) in sizes {
      reached += sizeCount
      while quantiles.count < parts.count,
        reached >= rank(of: parts[quantiles.count])
      {
        quantiles.append(size)
      }
    }
    return quantiles
  }
  /// The number of elements that a part of them has at least.
  private func rank(of part: Double) -> Int {
    // Rounding may give more than there are, and more than an `Int` holds.
    max(1, Int(exactly: (part * Double(count)).rounded(.up)).map { min(count, $0) } ?? count)
  }
}
