import ChunkEngine

/// The index of an element, or of several, with a number or a range for each dimension: `17`, `3,4`, `-1` or `5:10`.
///
/// A negative number counts from the end, and a range has no more than the array, as in Python.
struct ElementIndex {
  /// What is chosen along a dimension.
  private enum Choice {
    case one(Int)
    case range(Int?, Int?)
  }

  private let choices: [Choice]

  /// What no argument of a process contains.
  private static let mark: Character = "\0"

  /// Marks arguments that are negative indices, which would be options otherwise.
  ///
  /// - Parameter arguments: Those of a command. What follows `--` is no option anyway.
  /// - Returns: The arguments, for ``unmark(_:)``.
  static func mark(_ arguments: [String]) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return arguments[..<end].map { argument in
      let isIndex = argument.utf8.first == UInt8(ascii: "-") && argument != "-0"
      return isIndex && ElementIndex(argument.utf8) != nil ? "\(mark)\(argument)" : argument
    } + arguments[end...]
  }

  /// An argument as it was before it was marked.
  static func unmark(_ argument: String) -> String {
    argument.first == mark ? String(argument.dropFirst()) : argument
  }

  /// Reads an index, or returns nil if the text is none.
  init?(_ text: some Collection<UInt8>) {
    var choices: [Choice] = []
    for part in text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let bounds = part.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      let numbers = bounds.map { $0.isEmpty ? nil : Self.number($0) }
      guard zip(bounds, numbers).allSatisfy({ $0.isEmpty || $1 != nil }) else { return nil }
      switch numbers.count {
      case 1:
        guard let number = numbers[0] else { return nil }
        choices.append(.one(number))
      case 2: choices.append(.range(numbers[0], numbers[1]))
      default: return nil
      }
    }
    self.choices = choices
  }

  /// The index of an element that is counted in C order, as text.
  static func text(ofElement element: Int, in shape: [Int]) -> String {
    RowMajor.indices(at: element, in: shape).map(String.init).joined(separator: ",")
  }

  /// A number that may have a minus sign.
  private static func number(_ text: some Collection<UInt8>) -> Int? {
    let isNegative = text.first == UInt8(ascii: "-")
    guard let number = Int(digits: isNegative ? text.dropFirst() : text[...]), !isNegative || number > 0
    else { return nil }
    return isNegative ? -number : number
  }

  /// The number of dimensions.
  var dimensionCount: Int { choices.count }

  /// The chosen indices along each dimension, counted from the beginning, or nil if one is outside of the array.
  ///
  /// - Precondition: There is a choice for each dimension.
  func ranges(in shape: [Int]) -> [Range<Int>]? {
    var ranges: [Range<Int>] = []
    for (choice, length) in zip(choices, shape) {
      switch choice {
      case .one(let number):
        let index = number < 0 ? number + length : number
        guard index >= 0, index < length else { return nil }
        ranges.append(index..<index + 1)
      case .range(let start, let end):
        let bounds = [start ?? 0, end ?? length].map { min(max(0, $0 < 0 ? $0 + length : $0), length) }
        ranges.append(bounds[0]..<max(bounds[0], bounds[1]))
      }
    }
    return ranges
  }
}

/// The elements of ranges, in C order.
struct ElementPlaces: Sequence, IteratorProtocol {
  private let ranges: [Range<Int>]
  private var following: [Int]?

  /// Goes through ranges along each dimension.
  init(_ ranges: [Range<Int>]) {
    self.ranges = ranges
    following = ranges.contains(where: \.isEmpty) ? nil : ranges.map(\.lowerBound)
  }

  mutating func next() -> [Int]? {
    guard let place = following else { return nil }
    following = nil
    var other = place
    for dimension in ranges.indices.reversed() {
      other[dimension] += 1
      if other[dimension] < ranges[dimension].upperBound {
        following = other
        break
      }
      other[dimension] = ranges[dimension].lowerBound
    }
    return place
  }
}
