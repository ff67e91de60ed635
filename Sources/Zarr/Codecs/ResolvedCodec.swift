public import ChunkEngine

/// A codec of an array's metadata, ready to run.
public enum ResolvedCodec: Sendable {
  /// Turns elements into others; the context is what the next codec gets.
  case arrayToArray(any ArrayToArrayCodec, CodecContext)
  /// Turns elements into bytes.
  case arrayToBytes(any ArrayToBytesCodec)
  /// Turns bytes into others.
  case bytesToBytes(CodecChain.Stage)
}
