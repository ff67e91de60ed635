import ChunkEngine

/// The codecs that can be named in metadata: those of this library, and those that others add.
///
///     CodecRegistry.register("example.reverse") { settings, context in
///       try settings.checkOnly()
///       return .bytesToBytes(.transform(ReverseCodec()))
///     }
public enum CodecRegistry {
  /// Makes a codec of its settings, for the elements that it gets.
  public typealias Factory = @Sendable (CodecSettings, CodecContext) throws(MetadataError) -> ResolvedCodec

  private static let added = Locked<[String: Factory]>([:])

  /// Adds a codec for the whole process, in place of one that was added before under its name.
  ///
  /// The codecs of this library cannot be replaced.
  ///
  /// - Parameters:
  ///   - name: The name in Zarr v3 metadata.
  ///   - factory: Makes the codec each time an array is opened.
  public static func register(_ name: String, _ factory: @escaping Factory) {
    added.withLock { $0[name] = factory }
  }

  /// The codec of a name, or nil if there is none.
  static func factory(_ name: String) -> Factory? {
    builtIn[name] ?? added.withLock { $0[name] }
  }

  /// Whether a name is that of a codec of this library.
  static func isBuiltIn(_ name: String) -> Bool { builtIn[name] != nil }

  private static let builtIn: [String: Factory] = {
    var factories: [String: Factory] = [:]
    let groups = [
      bytesToBytes, arrayToBytes, arrayToArray, numcodecs, objects, sharding, composite,
    ]
    for group in groups {
      factories.merge(group) { _, new in new }
    }
    return factories
  }()
}
