import Zarr

extension FuzzTarget {
  /// The documents of a node of Zarr v2: the input is `.zarray`, a NUL and `.zattrs`.
  static let version2Metadata = FuzzTarget("metadata-v2") {
    SeedDocuments.version2Arrays.flatMap { document in
      [Array(document.utf8), Array(document.utf8) + [0] + Array(#"{"title": "é", "nan": NaN}"#.utf8)]
    }
  } prepare: {
    let opening = ArrayOpening()
    let parser = JSONParser()
    return { input in
      let parts = input.rest().split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
      let document = Array(parts[0])
      guard let members = (try? parser.parse(document))?.objectValue else { return }
      let attributes = parts.count > 1 ? (try? parser.parse(Array(parts[1])))?.objectValue : nil
      _ = try? GroupMetadata(version2: members, attributes: attributes)
      guard let metadata = try? ArrayMetadata(version2: members, attributes: attributes) else { return }
      let again = try must("a written document is not read") {
        try ArrayMetadata(version2: metadata.json, attributes: metadata.attributes)
      }
      try check(again == metadata, "a written document says something else")
      try opening.open([".zarray": document])
    }
  }
}
