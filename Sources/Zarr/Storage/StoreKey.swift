/// The name of a value in a store: names with slashes between them, as `blobs/c/0`.
///
/// No key can lead out of the store that it is used with: no name is empty or has nothing but dots. Keys are
/// equal if their bytes are.
public struct StoreKey: Sendable, CustomStringConvertible {
  /// The names with slashes between them.
  public let description: String

  /// Creates a key from text.
  ///
  /// - Throws: ``StoreError/invalidKey(_:reason:)`` if a name is empty, has nothing but dots, or has a NUL
  ///   character.
  public init(_ text: String) throws(StoreError) {
    for name in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      let reason =
        if name.isEmpty {
          "a name in it is empty"
        } else if name.allSatisfy({ $0 == UInt8(ascii: ".") }) {
          "a name in it is \(String(Substring(name)))"
        } else if name.contains(0) {
          "a name in it has a NUL character"
        } else {
          nil as String?
        }
      if let reason { throw .invalidKey(text, reason: reason) }
    }
    description = text
  }

  /// Creates a key from text that was made of checked parts.
  init(checked text: String) {
    description = text
  }
}

extension StoreKey: Hashable {
  public static func == (left: StoreKey, right: StoreKey) -> Bool {
    ExactString(left.description) == ExactString(right.description)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(ExactString(description))
  }
}
