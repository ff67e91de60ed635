/// Lays out arrays of one dimension and any length in ``WireForm``, each as its items back to back.
///
/// See [numcodecs.vlen-array](https://numcodecs.readthedocs.io/en/stable/other/vlen.html#vlenarray). Lengths
/// are in bytes. numcodecs keeps the type of the items in the codec and zarrs in the data type; zarrs takes
/// the codec for elements of any type.
public struct VlenArrayCodec: WireFormCodec, Hashable {
  public static var name: String { "numcodecs.vlen-array" }

  /// Creates the codec.
  public init() {}
}
