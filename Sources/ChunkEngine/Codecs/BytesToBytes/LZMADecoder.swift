internal import CLZMA

/// The memory of an LZMA decompressor, which is used again for each chunk.
@safe
final class LZMADecoder: BytesDecoder {
  private let stream: UnsafeMutablePointer<lzma_stream>
  private let format: LZMACodec.Format

  /// The filters, which only the raw form does not say itself.
  private let chain: LZMAFilterChain?

  init(_ codec: LZMACodec) throws(ChunkError) {
    format = codec.format
    chain = codec.format == .raw ? try codec.chain() : nil
    unsafe stream = .allocate(capacity: 1)
    // lzma.h: LZMA_STREAM_INIT is all zeros.
    unsafe stream.initialize(to: lzma_stream())
  }

  deinit {
    unsafe lzma_end(stream)
    unsafe stream.deallocate()
  }

  func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    try start(memoryLimit: Self.memoryLimit(decodedByteCount: limit))
    try unsafe source.withUnsafeBytes { source throws(ChunkError) in
      // SAFETY: liblzma reads at most `avail_in` bytes during this call, and writes at most `avail_out`.
      unsafe stream.pointee.next_in = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe stream.pointee.avail_in = source.count
      try unsafe output.appendStream(
        codec: LZMACodec.name, firstByteCount: source.count * 4, free: limit, limit: limit
      ) { room throws(ChunkError) in
        unsafe stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = room.count
        let result = unsafe lzma_code(stream, LZMA_FINISH)
        guard result == LZMA_OK || result == LZMA_STREAM_END else { throw Self.error(result) }
        return unsafe (room.count - stream.pointee.avail_out, result == LZMA_STREAM_END)
      }
    }
    let rest = unsafe stream.pointee.avail_in
    guard rest == 0 else { throw .trailingBytes(codec: LZMACodec.name, byteCount: rest) }
  }

  /// The most memory that the window of a decoder may take.
  ///
  /// It needs no more than what may be decoded; but every preset writes windows of a size of its own, up to
  /// 64 MiB, whatever the size of the chunk.
  private static func memoryLimit(decodedByteCount: Int) -> UInt64 {
    (128 << 20) + UInt64(min(max(0, decodedByteCount), 1 << 30))
  }

  private func start(memoryLimit: UInt64) throws(ChunkError) {
    var result = LZMA_OK
    switch format {
    case .xz:
      // lzma.h: LZMA_CONCATENATED, a macro that Swift does not see.
      result = unsafe lzma_stream_decoder(stream, memoryLimit, 0x08)
    case .alone:
      result = unsafe lzma_alone_decoder(stream, memoryLimit)
    case .raw:
      guard let chain, unsafe lzma_raw_decoder_memusage(chain.filters) <= memoryLimit else {
        throw Self.error(LZMA_MEMLIMIT_ERROR)
      }
      result = unsafe lzma_raw_decoder(stream, chain.filters)
    }
    guard result == LZMA_OK else { throw Self.error(result) }
  }

  private static func error(_ result: lzma_ret) -> ChunkError {
    let name = LZMACodec.name
    return switch result {
    case LZMA_MEM_ERROR: .outOfMemory(byteCount: 0)
    case LZMA_MEMLIMIT_ERROR: .unsupported(codec: name, reason: "its window is larger than the limit")
    case LZMA_OPTIONS_ERROR: .unsupported(codec: name, reason: "its options are not known")
    case LZMA_FORMAT_ERROR: .decompressionFailed(codec: name, reason: "this is not the format")
    case LZMA_BUF_ERROR: .decompressionFailed(codec: name, reason: "the data is cut short")
    default: .decompressionFailed(codec: name, reason: "the data is damaged")
    }
  }
}
