/// What the elements of an array are.
@nonexhaustive
public enum DataType: Hashable, Sendable, CaseIterable {
  /// Byte strings of any length.
  case bytes
  /// Text of any length, in UTF-8.
  case string

  /// Creates a data type from any of its names.
  ///
  /// - Throws: An error with the name if it is not supported.
  public init(name: String) throws(MetadataError) {
    guard let type = Self.allCases.first(where: { $0.names.contains(name) }) else {
      throw MetadataError(
        code: .unsupported, field: "data_type",
        message: "expected a supported data type, found \(JSONValue.string(name).summary)")
    }
    self = type
  }

  /// The name that new arrays get.
  public var name: String { names[0] }

  /// All names that stand for the data type, the best first.
  ///
  /// `bytes` is the registered name, and the one that both zarr-python and zarrs read; zarr-python writes
  /// `variable_length_bytes`, and zarrs wrote `binary` before 2025.
  public var names: [String] {
    switch self {
    case .bytes: ["bytes", "variable_length_bytes", "binary"]
    case .string: ["string"]
    }
  }

  /// The name of the array-to-bytes codec that belongs to the data type.
  public var defaultCodecName: String {
    switch self {
    case .bytes: "vlen-bytes"
    case .string: "vlen-utf8"
    }
  }
}
