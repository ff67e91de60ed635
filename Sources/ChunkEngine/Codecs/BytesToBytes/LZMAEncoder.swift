internal import CLZMA

/// The memory of an LZMA compressor, which is used again for each chunk.
@safe
final class LZMAEncoder: BytesEncoder {
  private let stream: UnsafeMutablePointer<lzma_stream>
  private let chain: LZMAFilterChain
  private let format: LZMACodec.Format
  private let check: lzma_check

  init(_ codec: LZMACodec) throws(ChunkError) {
    chain = try codec.chain()
    format = codec.format
    check = lzma_check(UInt32((codec.check ?? .crc64).rawValue))
    unsafe stream = .allocate(capacity: 1)
    // lzma.h: LZMA_STREAM_INIT is all zeros.
    unsafe stream.initialize(to: lzma_stream())
  }

  deinit {
    unsafe lzma_end(stream)
    unsafe stream.deallocate()
  }

  func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    // SAFETY: The filters live as long as the stream.
    let started =
      switch format {
      case .xz: unsafe lzma_stream_encoder(stream, chain.filters, check)
      case .alone:
        unsafe lzma_alone_encoder(
          stream, chain.filters[0].options?.assumingMemoryBound(to: lzma_options_lzma.self))
      case .raw: unsafe lzma_raw_encoder(stream, chain.filters)
      }
    guard started == LZMA_OK else { throw Self.error(started) }
    try unsafe source.withUnsafeBytes { source throws(ChunkError) in
      try unsafe output.appendUnsafe { free throws(ChunkError) in
        // SAFETY: liblzma stays inside of the two sizes, and the pointers are set anew for each chunk.
        unsafe stream.pointee.next_in = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_in = source.count
        unsafe stream.pointee.next_out = free.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = free.count
        let result = unsafe lzma_code(stream, LZMA_FINISH)
        guard result == LZMA_STREAM_END else { throw Self.error(result) }
        return unsafe free.count - stream.pointee.avail_out
      }
    }
  }

  private static func error(_ result: lzma_ret) -> ChunkError {
    switch result {
    case LZMA_MEM_ERROR: .outOfMemory(byteCount: 0)
    case LZMA_OK, LZMA_BUF_ERROR: .compressionFailed(codec: LZMACodec.name, reason: "the output is full")
    default: .compressionFailed(codec: LZMACodec.name, reason: "error \(result.rawValue)")
    }
  }
}
