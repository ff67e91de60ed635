/// Lays out elements of any bytes in ``WireForm``.
///
/// See [vlen-bytes](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-bytes). The
/// codec has no settings. zarr-python and zarrs accept bytes behind the last element; here they are an error.
public struct VlenBytesCodec: WireFormCodec, Hashable {
  public static var name: String { "vlen-bytes" }

  /// Creates the codec.
  public init() {}
}
