/// A member of a structure.
public struct StructureField: Hashable, Sendable {
  /// The name, which no other member has.
  public let name: String

  /// What the member is; its size is fixed.
  public let dataType: DataType

  /// Creates a member.
  public init(_ name: String, _ dataType: DataType) {
    self.name = name
    self.dataType = dataType
  }
}
