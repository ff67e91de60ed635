/// The two things that a node of a hierarchy can be.
public enum NodeKind: String, Hashable, Sendable, CaseIterable {
  /// A node with elements.
  case array
  /// A node that holds other nodes.
  case group
}
