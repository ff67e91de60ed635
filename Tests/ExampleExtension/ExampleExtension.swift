import ChunkEngine
import Zarr

/// A data type, two codecs, a Swift type and a store, as another package would add them.
///
/// It uses only public declarations. Call ``register()`` once, before you open arrays.
public enum ExampleExtension {
  /// Registers the data type and the codecs under their names in metadata.
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
