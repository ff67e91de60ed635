/// Any data type that another package has added.
public struct AnyExtensionDataType: Hashable, Sendable {
  /// The type itself.
  public let base: any ExtensionDataType

  /// Wraps a type.
  public init(_ base: any ExtensionDataType) {
    self.base = base
  }

  public static func == (left: AnyExtensionDataType, right: AnyExtensionDataType) -> Bool {
    AnyHashable(left.base) == AnyHashable(right.base)
  }

  public func hash(into hasher: inout Hasher) {
    base.hash(into: &hasher)
  }
}
