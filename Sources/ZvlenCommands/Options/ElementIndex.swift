import ArgumentParser
import ChunkEngine

/// The index of an element, with a number for each dimension: `17` or `3,4`.
struct ElementIndex: ExpressibleByArgument {
  /// The index along each dimension, at least 0.
  let indices: [Int]

  init?(argument: String) {
    var indices: [Int] = []
    for part in argument.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let index = Int(digits: part) else { return nil }
      indices.append(index)
    }
    self.indices = indices
  }
}

extension ElementIndex: CustomStringConvertible {
  var description: String { "index " + indices.map(String.init).joined(separator: ",") }
}
