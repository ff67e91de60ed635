/// What two nodes do not have in common.
@nonexhaustive
public enum NodeDifference: Hashable, Sendable {
  /// Only one of them has a member with a path.
  case member(path: NodePath)
  /// One is an array and the other a group.
  case kind(path: NodePath)
  /// Two arrays have different shapes.
  case shape(path: NodePath, [Int], [Int])
  /// The elements of two arrays cannot be compared.
  case dataType(path: NodePath, String, String)
  /// Attributes, or the names of dimensions, differ.
  case attributes(path: NodePath)
  /// An element differs, at an index along each dimension.
  case element(path: NodePath, index: [Int])
}

extension NodeDifference: CustomStringConvertible {
  public var description: String {
    switch self {
    case .member(let path): "only one of them has \(path)"
    case .kind(let path): "\(Self.name(path)) is an array in one of them, and a group in the other"
    case .shape(let path, let one, let other): "the shape of \(Self.name(path)) is \(one), and \(other)"
    case .dataType(let path, let one, let other):
      "the data type of \(Self.name(path)) is \(one), and \(other)"
    case .attributes(let path): "the attributes of \(Self.name(path))"
    case .element(let path, let index): "element \(index) of \(Self.name(path))"
    }
  }

  private static func name(_ path: NodePath) -> String {
    path.names.isEmpty ? "the node itself" : path.description
  }
}
