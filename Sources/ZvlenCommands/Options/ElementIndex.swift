import ArgumentParser
import ChunkEngine

/// The index of an element, with a number for each dimension: `17` or `3,4`.
struct ElementIndex: ExpressibleByArgument {
  /// The index along each dimension.
  ///
  /// A negative one counts from the end.
  let indices: [Int]

  init?(argument: String) {
    self.init(argument.utf8, allowsNegative: false)
  }

  /// Reads an index as it stands in a line of a file.
  ///
  /// - Parameters:
  ///   - text: The numbers, with commas between them.
  ///   - allowsNegative: Whether a number may have a minus sign. The command line has options that begin with one.
  init?<Text: Collection<UInt8>>(_ text: Text, allowsNegative: Bool) {
    var indices: [Int] = []
    for part in text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let isNegative = allowsNegative && part.first == UInt8(ascii: "-")
      guard let number = Int(digits: isNegative ? part.dropFirst() : part), !isNegative || number > 0 else {
        return nil
      }
      indices.append(isNegative ? -number : number)
    }
    self.indices = indices
  }

  /// The index of an element that is counted in C order.
  init(of element: Int, in shape: [Int]) {
    var indices: [Int] = []
    var rest = element
    for length in shape.reversed() {
      indices.append(rest % max(1, length))
      rest /= max(1, length)
    }
    self.indices = indices.reversed()
  }

  /// The numbers with commas between them.
  var text: String { indices.map(String.init).joined(separator: ",") }

  /// The same element, counted from the beginning, or nil if it is outside of an array.
  ///
  /// - Precondition: There is a number for each dimension.
  func places(in shape: [Int]) -> [Int]? {
    let places = zip(indices, shape).map { $0 < 0 ? $0 + $1 : $0 }
    return zip(places, shape).allSatisfy { $0 >= 0 && $0 < $1 } ? places : nil
  }
}

extension ElementIndex: CustomStringConvertible {
  var description: String { "index \(text)" }
}
