/// Why a text is not a JSON document, and where.
public struct JSONError: Error, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  @nonexhaustive
  public enum Code: Hashable, Sendable {
    /// The text breaks the grammar of JSON.
    case malformed
    /// A string is not UTF-8, or an escape in it is half of a surrogate pair.
    case invalidText
    /// Arrays and objects are nested more deeply than the limit.
    case tooDeep
    /// The text has more bytes than the limit.
    case tooLong
  }

  /// The kind of failure.
  public let code: Code

  /// Where the text goes wrong, in bytes from its beginning.
  public let byteOffset: Int

  /// The line in which it goes wrong, from 1.
  public let line: Int

  /// The code point in the line at which it goes wrong, from 1.
  public let column: Int

  /// What is wrong, for a person to read.
  public let message: String

  /// The place and the message.
  public var description: String {
    "line \(line), column \(column) (byte \(byteOffset)): \(message)"
  }
}
