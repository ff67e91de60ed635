import Foundation

extension ArrayMetadata {
  /// The document of the array, with its fields in the order of zarr-python; of Zarr v2 as it was read, and
  /// without the attributes.
  ///
  /// - Complexity: O(*n*) in the size of the document.
  public var json: JSONObject {
    if let version2Document { return version2Document }
    var document: JSONObject = [
      "shape": .array(shape.map(JSONValue.integer)),
      "data_type": statedDataType.dataTypeJSON,
      "chunk_grid": chunkGrid.json,
      "chunk_key_encoding": chunkKeyEncoding.json,
      "fill_value": fillValueJSON,
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

  /// The fill value as the document has it.
  private var fillValueJSON: JSONValue {
    // Before the type was called `struct`, zarr-python read nothing but this.
    if case .structure = dataType, dataTypeName == DataType.earlierStructureName {
      return .string(Data(fillValue).base64EncodedString())
    }
    // The initializer has made sure that the bytes are a fill value.
    return (try? dataType.json(ofFillValue: fillValue)) ?? ""
  }

  /// The bytes of the array's `zarr.json`, or of its `.zarray` in Zarr v2.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public func encoded() -> [UInt8] {
    JSONWriter().bytes(of: .object(json))
  }
}
