import ArgumentParser
import Zarr

/// Which part of a source is imported, as `3/8`: the third of eight.
struct ImportPart: Hashable {
  /// The number of the part, from 1 to ``count``.
  let number: Int

  /// The number of parts.
  let count: Int

  /// The rows of an array that belong to the part, which are whole chunks.
  ///
  /// There are none for the last parts if there are more parts than chunks.
  func rows(of array: ZarrArray) -> Range<Int> {
    let regions = array.alignedRegions(count: count)
    return number <= regions.count ? regions[number - 1].ranges[0] : 0..<0
  }
}

extension ImportPart: ExpressibleByArgument {
  init?(argument: String) {
    let numbers = argument.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard numbers.count == 2,
      numbers.allSatisfy({ $0.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } }),
      let number = Int(String(Substring(numbers[0]))), let count = Int(String(Substring(numbers[1]))),
      (1...max(1, count)).contains(number), count > 0
    else { return nil }
    self.init(number: number, count: count)
  }

  /// Reads a value of an option.
  ///
  /// - Throws: An error that says what is allowed.
  static func parse(_ argument: String) throws -> ImportPart {
    guard let value = ImportPart(argument: argument) else {
      throw ValidationError("A part is NUMBER/COUNT, as 3/8, with a NUMBER from 1 to COUNT.")
    }
    return value
  }
}
