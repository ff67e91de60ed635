/// A codec that can be named in the metadata of an array.
///
/// The engine knows codecs by what they do; this is where they meet their names and settings.
public protocol MetadataCodec: Sendable {
  /// The name in Zarr v3 metadata.
  static var name: String { get }

  /// The settings, all of them spelled out: some readers want those that have their default.
  var configuration: JSONObject { get }

  /// Reads settings. Those that are missing have the default of the codec's specification.
  ///
  /// - Throws: ``MetadataError`` that names a setting which is unknown or out of range.
  init(_ settings: CodecSettings) throws(MetadataError)
}

extension MetadataCodec {
  /// The codec as metadata holds it.
  var metadata: MetadataExtension { MetadataExtension(name: Self.name, configuration: configuration) }
}
