import ChunkEngine
import Zarr

extension FuzzTarget {
  /// Consolidated metadata: the first byte is the version, and the rest the document.
  static let consolidatedMetadata = FuzzTarget("consolidated") {
    [[3] + Array(SeedDocuments.consolidated.utf8), [2] + Array(SeedDocuments.version2Consolidated.utf8)]
  } prepare: {
    let version2Group = Array(#"{"zarr_format": 2}"#.utf8)
    let access = ArrayAccess(workerCount: 1, limits: decodingLimits)
    return { input in
      let store = MemoryStore()
      if input.byte() & 1 == 1 {
        try store.write(StoreKey("zarr.json"), input.rest().span.bytes)
      } else {
        try store.write(StoreKey(".zgroup"), version2Group.span.bytes)
        try store.write(StoreKey(".zmetadata"), input.rest().span.bytes)
      }
      guard let group = try? ZarrGroup.open(in: store) else { return }
      var paths: [NodePath] = []
      try must("consolidated metadata cannot be walked") {
        try group.walk { entry, depth in
          paths.append(entry.path)
          try check(entry.path.names.count == depth, "\(entry.path) is not at the depth \(depth)")
          for name in entry.path.names {
            try check(!["", ".", ".."].contains(name) && !name.contains("/"), "a node is called '\(name)'")
          }
          _ = try StoreKey("\(entry.path)/zarr.json")
          guard (try? entry.metadata()) != nil else { return }
          _ = try? group.node(at: entry.path.description, access: access)
        }
      }
      try check(Set(paths).count == paths.count, "a node is listed twice")
      guard group.usesConsolidatedMetadata, group.metadata.zarrFormat == .version3 else { return }
      // Written again, it has the same copies.
      try group.setAttributes(["a": 1])
      var again: [NodePath] = []
      try must("a written group is not read") {
        try ZarrGroup.open(in: store).walk { entry, _ in again.append(entry.path) }
      }
      try check(again == paths, "a written group has other nodes")
    }
  }
}
