import Zarr

extension FuzzTarget {
  /// The document of a node of Zarr v3: the input is `zarr.json`.
  static let version3Metadata = FuzzTarget("metadata-v3") {
    try Fixtures.files("arrays", endingWith: "zarr.json", below: 4096, count: 100)
      + SeedDocuments.arrays.map { Array($0.utf8) }
      + [Array(SeedDocuments.group.utf8)]
  } prepare: {
    let opening = ArrayOpening()
    return { input in
      let bytes = input.rest()
      guard let document = (try? JSONParser().parse(bytes))?.objectValue,
        let node = try? NodeMetadata(document)
      else { return }
      if case .group(let group) = node {
        let again = try must("a written document is not read") { try GroupMetadata(group.json) }
        return try check(again == group, "a written document says something else")
      }
      guard case .array(let metadata) = node else { return }
      let again = try must("a written document is not read") { try ArrayMetadata(metadata.json) }
      try check(again == metadata, "a written document says something else")
      let resized = try must("no array of its own shape") { try metadata.resized(to: metadata.shape) }
      try check(resized == metadata, "an array of its own shape is another one")
      try opening.open(["zarr.json": bytes])
    }
  }
}
