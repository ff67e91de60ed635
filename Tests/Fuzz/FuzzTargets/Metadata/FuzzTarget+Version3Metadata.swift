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
      guard let node = try? NodeMetadata(decoding: bytes) else { return }
      let again = try must("a written document is not read") { try NodeMetadata(decoding: node.encoded()) }
      try check(again == node, "a written document says something else")
      guard case .array(let metadata) = node else { return }
      let resized = try must("no array of its own shape") { try metadata.resized(to: metadata.shape) }
      try check(resized == metadata, "an array of its own shape is another one")
      try opening.open(["zarr.json": bytes])
    }
  }
}
