/// The names of the axes of an array, which the versions of Zarr keep in different places.
///
/// Zarr v3 has a field for them, `dimension_names`. For Zarr v2, xarray put them into an attribute,
/// `_ARRAY_DIMENSIONS`, which other programs have taken over.
struct AxisNames: Hashable {
  private static let attributeName = "_ARRAY_DIMENSIONS"

  private let names: [String?]?
  private let attributes: JSONObject

  /// Finds the names of the axes of an array, wherever they are.
  init(of metadata: ArrayMetadata) {
    var attributes = metadata.attributes
    var names = metadata.dimensionNames
    if metadata.zarrFormat == .version2, let values = attributes[Self.attributeName]?.arrayValue,
      values.count == metadata.shape.count, values.allSatisfy({ $0.stringValue != nil })
    {
      names = values.map(\.stringValue)
      attributes[Self.attributeName] = nil
    }
    self.names = names
    self.attributes = attributes
  }

  /// The attributes of the array in a version of Zarr.
  func attributes(in format: ZarrFormat) -> JSONObject {
    var attributes = attributes
    // The attribute has no way to leave an axis without a name.
    if format == .version2, let names, !names.isEmpty, !names.contains(nil) {
      attributes[Self.attributeName] = .array(names.map { .string($0 ?? "") })
    }
    return attributes
  }

  /// The field with the names in a version of Zarr.
  func dimensionNames(in format: ZarrFormat) -> [String?]? {
    format == .version3 ? names : nil
  }
}
