import ArgumentParser

/// A length for each dimension, as `--chunk-shape` says it: `100` or `64,64`.
struct DimensionLengths: ExpressibleByArgument {
  /// The length along each dimension, at least 1.
  let lengths: [Int]

  init?(argument: String) {
    guard let numbers = ElementIndex(argument: argument)?.indices, numbers.allSatisfy({ $0 > 0 }) else {
      return nil
    }
    lengths = numbers
  }

  /// Reads a value of an option.
  ///
  /// - Throws: An error that says what is allowed.
  static func parse(_ argument: String) throws -> DimensionLengths {
    guard let value = DimensionLengths(argument: argument) else {
      throw ValidationError(
        "Give a number from 1 to \(Int.max) for each dimension, with commas between them, as 64,64.")
    }
    return value
  }
}
