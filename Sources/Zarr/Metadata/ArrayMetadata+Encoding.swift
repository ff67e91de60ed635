extension ArrayMetadata {
  /// The document of the array, with its fields in the order of zarr-python.
  ///
  /// - Complexity: O(*n*) in the size of the document.
  public var json: JSONObject {
    var document: JSONObject = [
      "shape": .array(shape.map(JSONValue.integer)),
      "data_type": statedDataType.dataTypeJSON,
      "chunk_grid": chunkGrid.json,
      "chunk_key_encoding": chunkKeyEncoding.json,
      // The initializer has made sure that the bytes are a fill value.
      "fill_value": (try? dataType.json(ofFillValue: fillValue)) ?? "",
      "codecs": .array(codecs.map(\.json)),
      "attributes": .object(attributes),
    ]
    if let dimensionNames {
      document["dimension_names"] = .array(dimensionNames.map { $0.map(JSONValue.string) ?? .null })
    }
    document["zarr_format"] = 3
    document["node_type"] = "array"
    document["storage_transformers"] = .array(storageTransformers.map(\.json))
    for (name, value) in additionalFields {
      document[name] = value
    }
    return document
  }

  /// The bytes of the array's `zarr.json`.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public func encoded() -> [UInt8] {
    JSONWriter().bytes(of: .object(json))
  }
}
