import ChunkEngine
import Zarr

/// What a package of somebody else's adds to Zarr: a data type, two codecs, a Swift type as elements and a
/// store.
///
/// It uses what is public, and nothing of it is known to the library. A program calls ``register()`` once,
/// before it opens arrays.
public enum ExampleExtension {
  /// Makes the data type and the codecs known by their names in metadata.
  public static func register() {
    DataTypeRegistry.register(DecimalType.name) { settings throws(MetadataError) in
      try DecimalType(settings)
    }
    CodecRegistry.register(ExclusiveOrCodec.name) { settings, _ throws(MetadataError) in
      .bytesToBytes(.transform(try ExclusiveOrCodec(settings)))
    }
    CodecRegistry.register(LinesCodec.name) { settings, context throws(MetadataError) in
      guard context.dataType == .string else {
        throw settings.error("", "lines are text, not \(context.dataType.name)")
      }
      return .arrayToBytes(try LinesCodec(settings))
    }
  }
}
