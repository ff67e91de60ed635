/// Why a document, or a value that was meant for one, is not valid Zarr metadata.
public struct MetadataError: Error, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  @nonexhaustive
  public enum Code: Hashable, Sendable {
    /// The text is not a JSON document.
    case malformedText
    /// A field that must be there is not.
    case missingField
    /// A field has a value of a wrong type, or out of its range.
    case unexpectedValue
    /// A field says something valid that this library does not know.
    case unsupported
    /// There is a field that is not known and may not be ignored.
    case unknownField
    /// A number of elements does not fit into an integer, or into the format.
    case tooLarge
    /// The name or path of a node is not allowed.
    case invalidPath
  }

  /// The kind of failure.
  public let code: Code

  /// The field that is wrong, as `chunk_grid.configuration.chunk_shape[0]`; empty for the document as a
  /// whole.
  public let field: String

  /// What is wrong with it, for a person to read.
  public let message: String

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - code: The kind of failure.
  ///   - field: The field that is wrong, empty for the document as a whole.
  ///   - message: What is wrong with it, for a person to read.
  public init(code: Code, field: String, message: String) {
    self.code = code
    self.field = field
    self.message = message
  }

  /// The field and the message.
  public var description: String {
    field.isEmpty ? message : "\(field): \(message)"
  }
}

extension MetadataError {
  /// A field does not have the value that it should.
  static func expected(_ expected: String, found value: JSONValue, in field: String) -> MetadataError {
    MetadataError(
      code: .unexpectedValue, field: field, message: "expected \(expected), found \(value.summary)")
  }
}
