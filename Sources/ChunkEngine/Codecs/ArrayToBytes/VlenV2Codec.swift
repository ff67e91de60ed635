/// Lays out elements of any bytes in ``WireForm``, as ``VlenBytesCodec`` does, whatever the data type.
///
/// See [zarrs.vlen_v2](https://docs.rs/zarrs/latest/zarrs/array/codec/array_to_bytes/vlen_v2/index.html). The
/// codec has no settings.
public struct VlenV2Codec: WireFormCodec, Hashable {
  public static var name: String { "zarrs.vlen_v2" }

  /// Creates the codec.
  public init() {}
}
