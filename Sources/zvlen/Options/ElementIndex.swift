import ArgumentParser

/// The index of an element, with a number for each dimension: `17` or `3,4`.
struct ElementIndex: ExpressibleByArgument {
  /// The index along each dimension, at least 0.
  let indices: [Int]

  init?(argument: String) {
    var indices: [Int] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      // Only digits are allowed: `Int` would also accept a plus sign.
      guard part.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let index = Int(part)
      else {
        return nil
      }
      indices.append(index)
    }
    self.indices = indices
  }
}

extension ElementIndex: CustomStringConvertible {
  var description: String { "index " + indices.map(String.init).joined(separator: ",") }
}
