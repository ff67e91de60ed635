import ChunkEngine

/// Stands for the codecs of an array some of whose elements are pickles, and refuses to encode and decode.
///
/// A pickle is a program of Python, which runs when it is read. An array of them opens nevertheless, so that
/// its metadata can be looked at.
struct PickleCodec: ArrayToBytesCodec {
  static var name: String { "pickle" }

  /// The names that metadata has for it.
  static let names: Set<String> = ["pickle", "numcodecs.pickle"]

  func makeEncoder() throws(ChunkError) -> any ArrayEncoder { throw Self.refusal }

  func makeDecoder() throws(ChunkError) -> any ArrayDecoder { throw Self.refusal }

  private static var refusal: ChunkError {
    .refused(codec: name, reason: CodecRegistry.pickleError.message)
  }
}
