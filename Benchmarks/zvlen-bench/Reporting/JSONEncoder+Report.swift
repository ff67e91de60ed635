import Foundation

extension JSONEncoder {
  /// Writes names in snake case, sorted, for people and programs to read.
  static var report: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}
