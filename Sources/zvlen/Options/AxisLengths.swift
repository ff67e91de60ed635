import ArgumentParser

/// A length for each axis, as `--chunk-shape` says it: `100` or `64,64`.
struct AxisLengths: ExpressibleByArgument {
  /// The length along each axis, at least 1.
  let lengths: [Int]

  init?(argument: String) {
    guard let numbers = ElementIndex(argument: argument)?.indices, numbers.allSatisfy({ $0 > 0 }) else {
      return nil
    }
    lengths = numbers
  }
}
