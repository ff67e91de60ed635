import ChunkEngine
public import Zarr

extension ZarrGroup {
  /// What is found below the group, whose arrays are of text, in the form that `hierarchies.py` prints.
  ///
  /// - Parameter isLeftOut: Whether a node is not looked at.
  /// - Returns: The description.
  /// - Throws: What reading the nodes throws.
  public func described(leavingOut isLeftOut: (NodePath) -> Bool = { _ in false }) throws -> JSONObject {
    var nodes: [JSONObject] = []
    try walk { entry, _ in
      guard !isLeftOut(entry.path) else { return }
      let node = try node(at: entry.path.description)
      var object: JSONObject = ["path": .string(entry.path.description), "kind": .string(node.kind.rawValue)]
      switch node {
      case .group(let group): object["attributes"] = .object(group.attributes)
      case .array(let array):
        object["attributes"] = .object(array.metadata.attributes)
        object["shape"] = .array(array.shape.map(JSONValue.integer))
        object["elements"] = .array(try array.read().strings().map(JSONValue.string))
      }
      nodes.append(object)
    }
    let sorted = nodes.sorted { left, right in
      (left["path"]?.stringValue ?? "") < (right["path"]?.stringValue ?? "")
    }
    return [
      "format": .integer(metadata.zarrFormat.rawValue), "consolidated": .bool(usesConsolidatedMetadata),
      "attributes": .object(attributes), "nodes": .array(sorted.map(JSONValue.object)),
    ]
  }
}
