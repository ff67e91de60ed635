import ChunkEngine

/// How the indices of a chunk become its key in the store.
///
/// | indices | `default` with `/` | `default` with `.` | `v2` with `.` | `v2` with `/` |
/// |---------|--------------------|--------------------|---------------|---------------|
/// | 1, 23   | `c/1/23`           | `c.1.23`           | `1.23`        | `1/23`        |
/// | none    | `c`                | `c`                | `0`           | `0`           |
public struct ChunkKeyEncoding: Hashable, Sendable {
  /// The schemes.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The letter `c`, then a separator before each index.
    case `default`
    /// The indices with separators between them, as in Zarr v2.
    case v2
  }

  /// The separators of the indices.
  public enum Separator: String, Hashable, Sendable, CaseIterable {
    /// A slash, which makes a folder in a file system.
    case slash = "/"
    /// A dot.
    case dot = "."
  }

  /// The scheme.
  public let kind: Kind

  /// The separator of the indices.
  public let separator: Separator

  /// Creates an encoding.
  ///
  /// Without a separator it has the default one of its scheme.
  public init(_ kind: Kind = .default, separator: Separator? = nil) {
    self.kind = kind
    self.separator = separator ?? (kind == .default ? .slash : .dot)
  }

  /// The key of a chunk, relative to the array.
  ///
  /// - Precondition: No index is negative.
  public func key(for indices: [Int]) -> String {
    precondition(indices.allSatisfy { $0 >= 0 }, "chunk indices \(indices) are negative")
    switch kind {
    case .default: return indices.reduce(into: "c") { $0 += "\(separator.rawValue)\($1)" }
    case .v2: return indices.isEmpty ? "0" : indices.map(String.init).joined(separator: separator.rawValue)
    }
  }

  /// The indices of the chunk with a key, or nil if no chunk of an array of this rank has the key.
  ///
  /// The key must be spelled as ``key(for:)`` spells it, without leading zeros, signs or other digits.
  public func indices(ofKey key: String, rank: Int) -> [Int]? {
    if rank == 0 {
      return key == self.key(for: []) ? [] : nil
    }
    var parts = key.utf8.split(separator: separator.byte, omittingEmptySubsequences: false)[...]
    if kind == .default {
      guard parts.popFirst()?.elementsEqual("c".utf8) == true else { return nil }
    }
    guard parts.count == rank else { return nil }
    var indices: [Int] = []
    for part in parts {
      guard part.first != UInt8(ascii: "0") || part.count == 1, let index = Int(digits: part) else {
        return nil
      }
      indices.append(index)
    }
    return indices
  }
}

extension ChunkKeyEncoding.Separator {
  fileprivate var byte: UInt8 {
    switch self {
    case .slash: UInt8(ascii: "/")
    case .dot: UInt8(ascii: ".")
    }
  }
}

extension ChunkKeyEncoding {
  /// Reads the encoding from a document.
  init(_ value: JSONValue) throws(MetadataError) {
    let field = "chunk_key_encoding"
    var metadata = try MetadataExtension(value, field: field)
    try metadata.checkMustUnderstand(field: field)
    guard let kind = Kind(rawValue: metadata.name) else {
      throw MetadataError(
        code: .unsupported, field: field,
        message: "expected \"default\" or \"v2\", found \(JSONValue.string(metadata.name).summary)")
    }
    // Early writers put the separator next to the name.
    if let separator = metadata.additionalFields["separator"], metadata.additionalFields.count == 1 {
      var configuration = metadata.configuration
      configuration["separator"] = configuration["separator"] ?? separator
      metadata = MetadataExtension(name: metadata.name, configuration: configuration)
    }
    try metadata.checkOnly(settings: "separator", field: field)
    guard let value = metadata.configuration["separator"] else {
      self.init(kind)
      return
    }
    guard let separator = value.stringValue.flatMap(Separator.init(rawValue:)) else {
      throw .expected("\"/\" or \".\"", found: value, in: "\(field).configuration.separator")
    }
    self.init(kind, separator: separator)
  }

  /// The encoding as documents hold it.
  public var json: JSONValue {
    MetadataExtension(name: kind.rawValue, configuration: ["separator": .string(separator.rawValue)]).json
  }
}
