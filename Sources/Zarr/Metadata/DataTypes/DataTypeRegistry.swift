import ChunkEngine

/// The data types that other packages add.
public enum DataTypeRegistry {
  /// Makes a data type of its settings.
  public typealias Factory = @Sendable (CodecSettings) throws(MetadataError) -> any ExtensionDataType

  private static let added = Locked<[String: Factory]>([:])

  /// Adds a data type for the whole process, in place of one that was added before under its name.
  ///
  /// The data types of this library cannot be replaced.
  ///
  /// - Parameters:
  ///   - name: The name in Zarr v3 metadata.
  ///   - factory: Makes the data type each time metadata is read.
  public static func register(_ name: String, _ factory: @escaping Factory) {
    added.withLock { $0[name] = factory }
  }

  /// The data type of a name, or nil if none was added.
  static func factory(_ name: String) -> Factory? {
    added.withLock { $0[name] }
  }
}
