import CKernels
import CZstd

/// Compresses chunks with Zstandard.
///
/// Each chunk becomes one frame, as [RFC 8878](https://www.rfc-editor.org/rfc/rfc8878) defines it. The frame states
/// the size of its content, which several Zarr readers need. The codec also reads frames without it, several frames
/// in a row, and skippable frames. See
/// [zstd](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/zstd).
public struct ZstdCodec: BytesToBytesCodec, Hashable {
  public static var name: String { "zstd" }

  /// The levels that the linked library supports.
  public static var levels: ClosedRange<Int> { Int(ZSTD_minCLevel())...Int(ZSTD_maxCLevel()) }

  /// The compression level, where 0 stands for the library's default.
  public let level: Int

  /// Whether each frame ends with a checksum of its content.
  ///
  /// It is compared only when a frame is decoded whole. A ``CRC32CCodec`` after this codec is always compared, and
  /// costs less.
  public let hasChecksum: Bool

  /// Creates a codec.
  ///
  /// - Precondition: `level` is in ``levels``.
  public init(level: Int = 1, hasChecksum: Bool = false) {
    precondition(Self.levels.contains(level), "zstd has levels \(Self.levels), not \(level)")
    self.level = level
    self.hasChecksum = hasChecksum
  }

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    let bound = ZSTD_compressBound(byteCount)
    guard ZSTD_isError(bound) == 0, bound >= byteCount else {
      throw .chunkTooLarge(byteCount: byteCount, limit: Int.max / 2)
    }
    return bound
  }

  public func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    try ZstdEncoder(self)
  }

  public func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    try ZstdDecoder()
  }
}

/// A compression context, which costs far more to make than a small chunk costs to compress.
@safe
final class ZstdEncoder: BytesEncoder {
  private let context: OpaquePointer

  /// Whether content that cannot be compressed may be stored in raw blocks, without a look at all of it.
  let writesRawFrames: Bool

  /// How many threads may compress a chunk together.
  var threadCount = 1
  private let codec: ZstdCodec

  /// Bytes from all over a chunk, and what they are compressed to.
  private var sample = ByteArena()
  private var compressedSample = ByteArena()

  init(_ codec: ZstdCodec) throws(ChunkError) {
    self.codec = codec
    unsafe context = try unsafe Self.makeContext(codec)
    // libzstd knows how to compute the checksum of the content.
    writesRawFrames = !codec.hasChecksum
  }

  private static func makeContext(_ codec: ZstdCodec) throws(ChunkError) -> OpaquePointer {
    guard let context = unsafe ZSTD_createCCtx() else { throw .outOfMemory(byteCount: 0) }
    do throws(ChunkError) {
      try unsafe check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(codec.level)))
      try unsafe check(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, codec.hasChecksum ? 1 : 0))
    } catch {
      unsafe ZSTD_freeCCtx(context)
      throw error
    }
    return unsafe context
  }

  deinit {
    unsafe ZSTD_freeCCtx(context)
  }

  func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    guard writesRawFrames, try isIncompressible(source) else {
      return try compressTogether(source, into: &output)
    }
    let frame = ZstdRawFrame(contentByteCount: source.byteCount)
    try output.checkFreeCapacity(frame.storedByteCount, codec: ZstdCodec.name)
    do {
      var writer = ZstdRawFrame.Writer(frame, nil)
      try writer.write(source) { output.append(copying: $0) }
    } catch {
      // The source has the size that it says.
      throw .compressionFailed(codec: ZstdCodec.name, reason: "\(error)")
    }
  }

  /// Whether a look at a part of the bytes finds nothing that could be compressed.
  ///
  /// - Throws: ``ChunkError``
  /// - Complexity: A small part of compressing the bytes.
  func isIncompressible(_ bytes: RawSpan) throws(ChunkError) -> Bool {
    guard bytes.byteCount >= ZstdRawFrame.leastByteCount else { return false }
    let sampleByteCount = Int(ckernels_sample_byte_count)
    var sample = ByteArena()
    swap(&sample, &self.sample)
    defer { swap(&sample, &self.sample) }
    sample.removeAll()
    var mayBe = false
    try sample.append(addingCapacity: sampleByteCount) { sample throws(ChunkError) in
      try unsafe sample.appendUnsafe { sample in
        // SAFETY: Both have as many bytes as the kernel copies.
        unsafe bytes.withUnsafeBytes { bytes in
          mayBe = unsafe ckernels_sample(bytes.baseAddress, bytes.count, sample.baseAddress)
        }
        return mayBe ? sampleByteCount : 0
      }
    }
    guard mayBe else { return false }
    compressedSample.removeAll()
    let bound = ZSTD_compressBound(sampleByteCount)
    try compressedSample.append(addingCapacity: bound) { output throws(ChunkError) in
      try compress(sample.bytes, into: &output)
    }
    guard compressedSample.count > sampleByteCount else { return false }
    // SAFETY: The kernel reads `count` bytes and keeps nothing.
    return unsafe bytes.withUnsafeBytes { unsafe !ckernels_repeats($0.baseAddress, $0.count) }
  }

  /// Compresses a chunk with as many threads as may work on it, each of which takes 1 MiB at least.
  ///
  /// libzstd's threads belong to the context, and not to a child of the process. So they end with the call.
  private func compressTogether(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    let count = min(threadCount, source.byteCount / Self.leastJobByteCount)
    guard count > 1 else { return try compress(source, into: &output) }
    let context = try unsafe Self.makeContext(codec)
    defer { unsafe ZSTD_freeCCtx(context) }
    // A library without threads has no such parameter.
    guard unsafe ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, Int32(clamping: count))) == 0
    else { return try compress(source, into: &output) }
    // Large chunks have the library's own size of jobs, which depends on the level.
    let share = (source.byteCount + count - 1) / count
    if share < Self.largestShareByteCount {
      try unsafe Self.check(ZSTD_CCtx_setParameter(context, ZSTD_c_jobSize, Int32(share)))
    }
    try unsafe compress(source, with: context, into: &output)
  }

  private static let leastJobByteCount = 1 << 20
  private static let largestShareByteCount = 4 << 20

  private func compress(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    try unsafe compress(source, with: context, into: &output)
  }

  private func compress(
    _ source: RawSpan, with context: OpaquePointer, into output: inout OutputRawSpan
  ) throws(ChunkError) {
    try unsafe source.withUnsafeBytes { source throws(ChunkError) in
      try unsafe output.appendUnsafe { free throws(ChunkError) in
        // SAFETY: zstd writes at most `free.count` bytes, returns how many, and keeps neither pointer.
        try unsafe Self.check(
          ZSTD_compress2(context, free.baseAddress, free.count, source.baseAddress, source.count))
      }
    }
  }

  @discardableResult
  private static func check(_ result: Int) throws(ChunkError) -> Int {
    guard ZSTD_isError(result) == 0 else {
      throw .compressionFailed(
        codec: ZstdCodec.name, reason: unsafe String(cString: ZSTD_getErrorName(result)))
    }
    return result
  }
}

/// A decompression context.
@safe
final class ZstdDecoder: FollowedBytesDecoder {
  private let context: OpaquePointer

  init() throws(ChunkError) {
    guard let context = unsafe ZSTD_createDCtx() else { throw .outOfMemory(byteCount: 0) }
    unsafe self.context = context
  }

  deinit {
    unsafe ZSTD_freeDCtx(context)
  }

  func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    guard source.byteCount > 0 else {
      throw .truncatedHeader(codec: ZstdCodec.name, byteCount: 0, expected: 5)
    }
    var rest = source
    var free = limit
    while rest.byteCount > 0 {
      let frameByteCount = try check(
        unsafe rest.withUnsafeBytes { unsafe ZSTD_findFrameCompressedSize($0.baseAddress, $0.count) })
      let frame = rest.extracting(0..<frameByteCount)
      let decoded = try decodeFrame(frame, into: &output, free: free, limit: limit)
      free -= decoded
      rest = rest.extracting(frameByteCount..<rest.byteCount)
    }
  }

  func decode(
    _ source: RawSpan, into output: inout ByteArena, limit: Int, follower: WireFormFollower
  ) throws(ChunkError) {
    guard let byteCount = try followedByteCount(of: source, limit: limit),
      byteCount >= follower.leastByteCount,
      beginFollowedFrame()
    else { return try decode(source, into: &output, limit: limit) }
    try output.append(addingCapacity: byteCount, growingTo: byteCount) { output throws(ChunkError) in
      try unsafe source.withUnsafeBytes { source throws(ChunkError) in
        try unsafe output.appendUnsafe { room throws(ChunkError) in
          var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: 0, pos: 0)
          var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: byteCount, pos: 0)
          // What zstd asks for next: the header at first, and then a block at a time.
          var wanted = Self.largestHeaderByteCount
          while wanted > 0 {
            let before = unsafe (input.pos, target.pos)
            unsafe input.size = min(source.count, input.pos + wanted)
            // SAFETY: zstd writes at most `byteCount` bytes and keeps the pointer as long as the frame, which
            // is begun anew after an error.
            wanted = try unsafe check(ZSTD_decompressStream(context, &target, &input))
            guard unsafe wanted == 0 || input.pos > before.0 || target.pos > before.1 else {
              throw .decompressionFailed(codec: ZstdCodec.name, reason: "the frame does not end")
            }
            guard wanted > 0, unsafe target.pos > before.1 else { continue }
            // SAFETY: These bytes were written, and stay.
            let decoded = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: room[..<target.pos]))
            // A frame that is decoded whole goes on to its checksum.
            if try !follower.take(decoded, of: byteCount), unsafe target.pos < byteCount { break }
          }
          return unsafe target.pos
        }
      }
    }
  }

  /// The largest header of a frame, see RFC 8878, section 3.1.1.1.
  private static let largestHeaderByteCount = 18

  /// The bytes that `source` decodes to, if it is one frame with a plausible size.
  private func followedByteCount(of source: RawSpan, limit: Int) throws(ChunkError) -> Int? {
    guard source.byteCount > Self.largestHeaderByteCount else { return nil }
    // This looks at the headers of all blocks: the frame must be complete, and nothing may follow it.
    let frameByteCount = try check(
      unsafe source.withUnsafeBytes { unsafe ZSTD_findFrameCompressedSize($0.baseAddress, $0.count) })
    let claim = unsafe source.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    guard frameByteCount == source.byteCount, let byteCount = knownByteCount(claim), byteCount <= limit,
      isPlausible(byteCount, encodedByteCount: frameByteCount)
    else { return nil }
    return byteCount
  }

  /// Prepares for a frame that is decoded block by block into its final place, and returns whether zstd can do that.
  private func beginFollowedFrame() -> Bool {
    guard unsafe ZSTD_isError(ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters)) == 0 else {
      return false
    }
    // ZSTD_d_stableOutBuffer, a macro that Swift does not see: the output does not move, so zstd uses it as the window
    // and takes no memory of its own.
    return unsafe ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_experimentalParam2, 1)) == 0
      && ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 31)) == 0
  }

  /// Decodes one frame, of any kind, and returns how many bytes it gave.
  private func decodeFrame(
    _ frame: RawSpan, into output: inout ByteArena, free: Int, limit: Int
  ) throws(ChunkError) -> Int {
    let claim = unsafe frame.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    guard let claimed = knownByteCount(claim) else {
      return try decodeFrameOfUnknownSize(frame, into: &output, free: free, limit: limit)
    }
    // First the claims that no limit could allow: such a frame is damaged.
    guard isPlausible(claimed, encodedByteCount: frame.byteCount) else {
      throw .implausibleByteCount(codec: ZstdCodec.name, claimed: claimed, encoded: frame.byteCount)
    }
    guard claimed <= free else {
      throw .decodedByteCountExceedsLimit(codec: ZstdCodec.name, byteCount: claimed, limit: limit)
    }
    let before = output.count
    try output.append(addingCapacity: claimed, growingTo: sumOrMaximum(before, free)) {
      output throws(ChunkError) in
      try unsafe frame.withUnsafeBytes { frame throws(ChunkError) in
        try unsafe output.appendUnsafe { free throws(ChunkError) in
          // SAFETY: zstd writes at most `free.count` bytes, returns how many, and keeps neither pointer.
          try unsafe check(
            ZSTD_decompressDCtx(context, free.baseAddress, free.count, frame.baseAddress, frame.count))
        }
      }
    }
    return output.count - before
  }

  /// Decodes a frame block by block, taking memory only for what has been decoded.
  private func decodeFrameOfUnknownSize(
    _ frame: RawSpan, into output: inout ByteArena, free: Int, limit: Int
  ) throws(ChunkError) -> Int {
    try check(unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters))
    // zstd takes the window, whose size the header claims too, in addition to the output. It need not exceed what may
    // be decoded, but RFC 8878 wants 8 MiB for every frame, and zstd itself stops at 128 MiB.
    let window = min(27, max(23, Int.bitWidth - free.leadingZeroBitCount))
    try check(unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(window)))
    // Room for one byte more than may be decoded, so that a frame of exactly the limit can end.
    let free = min(free, Int.max - 1)
    let before = output.count
    try unsafe frame.withUnsafeBytes { frame throws(ChunkError) in
      var input = unsafe ZSTD_inBuffer(src: frame.baseAddress, size: frame.count, pos: 0)
      var isComplete = false
      while !isComplete {
        let decoded = output.count - before
        let step = min(max(128 << 10, decoded / 2), free - decoded + 1)
        try output.append(addingCapacity: step, growingTo: sumOrMaximum(before, free)) {
          output throws(ChunkError) in
          try unsafe output.appendUnsafe { room throws(ChunkError) in
            // SAFETY: zstd writes at most `room.count` bytes and keeps neither pointer.
            var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            isComplete = try unsafe check(ZSTD_decompressStream(context, &target, &input)) == 0
            guard unsafe isComplete || target.pos > 0 || input.pos < input.size else {
              throw .decompressionFailed(codec: ZstdCodec.name, reason: "the frame does not end")
            }
            return unsafe target.pos
          }
        }
        guard output.count - before <= free else {
          throw .decodedByteCountExceedsLimit(codec: ZstdCodec.name, byteCount: nil, limit: limit)
        }
      }
    }
    return output.count - before
  }

  /// Whether a frame can have as much content as it claims.
  private func isPlausible(_ byteCount: Int, encodedByteCount: Int) -> Bool {
    // A block has at least three bytes and gives at most 128 KiB, whatever the header claims.
    let (largest, overflow) = (encodedByteCount / 3 + 1).multipliedReportingOverflow(by: 128 << 10)
    return overflow || byteCount <= largest
  }

  /// The content size that a frame claims, or `nil` when it claims none.
  private func knownByteCount(_ claim: UInt64) -> Int? {
    // zstd.h: ZSTD_CONTENTSIZE_UNKNOWN is -1 and ZSTD_CONTENTSIZE_ERROR is -2, macros that Swift does not
    // see.
    claim >= UInt64.max - 1 ? nil : Int(clamping: claim)
  }

  @discardableResult
  private func check(_ result: Int) throws(ChunkError) -> Int {
    guard ZSTD_isError(result) != 0 else { return result }
    let reason = unsafe String(cString: ZSTD_getErrorName(result))
    switch ZSTD_getErrorCode(result) {
    case ZSTD_error_memory_allocation: throw .outOfMemory(byteCount: 0)
    // A frame may need a dictionary, or a larger window than is allowed here, and be sound.
    case ZSTD_error_frameParameter_windowTooLarge, ZSTD_error_frameParameter_unsupported,
      ZSTD_error_version_unsupported, ZSTD_error_dictionary_wrong:
      throw .unsupported(codec: ZstdCodec.name, reason: reason)
    default: throw .decompressionFailed(codec: ZstdCodec.name, reason: reason)
    }
  }
}
