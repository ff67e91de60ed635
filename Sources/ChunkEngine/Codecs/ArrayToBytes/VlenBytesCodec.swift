import CKernels

/// Lays out elements of any bytes in ``WireForm``.
///
/// See [vlen-bytes](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-bytes). The
/// codec has no settings. zarr-python and zarrs accept bytes after the last element; here they are an error.
public struct VlenBytesCodec: WireFormCodec, Hashable {
  public static var name: String { "vlen-bytes" }

  /// Creates the codec.
  public init() {}
}

/// Lays out text in ``WireForm``, each element as UTF-8 without an end mark.
///
/// See [vlen-utf8](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-utf8). The codec
/// has no settings. Elements that come as bytes are validated before they are stored.
public struct VlenUTF8Codec: WireFormCodec, Hashable {
  public static var name: String { "vlen-utf8" }

  /// Creates the codec.
  public init() {}

  /// Checks that every one of `count` elements in wire form is well-formed UTF-8.
  ///
  /// - Parameters:
  ///   - elements: The elements without the header of the chunk.
  ///   - count: The number of elements.
  /// - Throws: ``ChunkError/invalidUTF8(index:)`` for the first that is not.
  /// - Complexity: O(*n*) where *n* is the size of `elements`. Does not allocate.
  static func validate(_ elements: RawSpan, count: Int) throws(ChunkError) {
    let failure = unsafe elements.withUnsafeBytes { elements in
      // SAFETY: The kernel stays inside the span.
      unsafe ckernels_wire_utf8_failure(elements.baseAddress, elements.count, count)
    }
    guard failure == count else { throw .invalidUTF8(index: failure) }
  }
}
