import CLZMA

/// Compresses chunks with LZMA, in one of three forms.
///
/// See [numcodecs.lzma](https://numcodecs.readthedocs.io/en/stable/compression/lzma.html), which names the
/// settings as [Python](https://docs.python.org/3/library/lzma.html) does, and
/// [the format of `.xz` files](https://tukaani.org/xz/xz-file-format.txt). Several `.xz` streams in a row are
/// read as one. Bytes after the end are an error here. numcodecs ignores them.
package struct LZMACodec: BytesToBytesCodec, Hashable {
  package static var name: String { "numcodecs.lzma" }

  /// The container of the compressed bytes, by its number in metadata.
  package enum Format: Int, CaseIterable, Sendable {
    /// A stream of a `.xz` file.
    case xz = 1
    /// A `.lzma` file, the form before `.xz`.
    case alone = 2
    /// No container: readers have to know the filters.
    case raw = 3
  }

  /// The checksum inside a `.xz` stream, by the number in metadata.
  package enum Check: Int, CaseIterable, Sendable {
    /// None.
    case none = 0
    /// The CRC-32 of zlib.
    case crc32 = 1
    /// The CRC-64 of ECMA-182.
    case crc64 = 4
    /// SHA-256.
    case sha256 = 10
  }

  /// The presets, from fast to small.
  package static var presets: ClosedRange<Int> { 0...9 }

  /// The flag that makes a preset slower, and the result perhaps smaller.
  package static var extremePreset: Int { 1 << 31 }

  /// The container of the compressed bytes.
  package let format: Format

  /// The checksum of a `.xz` stream, or nil for the default.
  package let check: Check?

  /// The preset, or nil for the default or with filters.
  package let preset: Int?

  /// The filters, or nil for those of the preset.
  package let filters: [LZMAFilter]?

  /// Creates a codec.
  ///
  /// - Precondition: ``isValid(format:check:preset:filters:)``
  package init(
    format: Format = .xz, check: Check? = nil, preset: Int? = nil, filters: [LZMAFilter]? = nil
  ) {
    precondition(
      Self.isValid(format: format, check: check, preset: preset, filters: filters),
      "lzma does not have these settings")
    self.format = format
    self.check = check
    self.preset = preset
    self.filters = filters
  }

  /// Whether the settings fit together.
  ///
  /// Filters exclude a preset, and ``Format/raw`` needs them. Only ``Format/xz`` has checksums. The last filter
  /// compresses, the others do not. ``Format/alone`` takes only ``LZMAFilter/lzma1(_:)``, which ``Format/xz`` does not
  /// take.
  package static func isValid(format: Format, check: Check?, preset: Int?, filters: [LZMAFilter]?) -> Bool {
    if let preset, !presets.contains(preset & ~extremePreset) { return false }
    guard format == .xz || check == nil || check == Check.none else { return false }
    guard let filters else { return format != .raw }
    guard preset == nil, let chain = LZMAFilterChain(filters) else { return false }
    return switch format {
    case .xz: !chain.isLZMA1
    case .alone: chain.isLZMA1 && chain.hasOneFilter
    case .raw: true
    }
  }

  package func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    guard byteCount <= Int.max / 2 else { throw .chunkTooLarge(byteCount: byteCount, limit: Int.max / 2) }
    // LZMA 2 stores what does not shrink, in runs of up to 64 KiB with 3 bytes before each. LZMA 1 cannot, and its
    // output may be some percent larger than its input.
    var compressesAlways = format == .alone
    if case .lzma1 = filters?.last { compressesAlways = true }
    return byteCount + byteCount / (compressesAlways ? 3 : 512) + 4096
  }

  package func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    try LZMAEncoder(self)
  }

  package func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    try LZMADecoder(self)
  }

  /// The filters, those of the preset if none are set.
  fileprivate func chain() throws(ChunkError) -> LZMAFilterChain {
    var options = LZMAOptions()
    options.preset = preset ?? options.preset
    guard let chain = LZMAFilterChain(filters ?? [format == .alone ? .lzma1(options) : .lzma2(options)])
    else { throw .compressionFailed(codec: Self.name, reason: "liblzma does not have these filters") }
    return chain
  }
}

/// The settings of the LZMA compressor inside a chain of filters.
///
/// The preset decides what is nil. See [the filters of
/// Python](https://docs.python.org/3/library/lzma.html#specifying-custom-filter-chains), which name them in
/// metadata.
package struct LZMAOptions: Hashable, Sendable {
  /// How the compressor searches.
  package enum Mode: Int, CaseIterable, Sendable {
    /// For speed.
    case fast = 1
    /// For size.
    case normal = 2
  }

  /// What finds matches, by the number in metadata.
  package enum MatchFinder: Int, CaseIterable, Sendable {
    /// Hash chains of 2 and 3 bytes.
    case hashChain3 = 3
    /// Hash chains of 2, 3 and 4 bytes.
    case hashChain4 = 4
    /// A binary tree over hashes of 2 bytes.
    case binaryTree2 = 18
    /// A binary tree over hashes of 2 and 3 bytes.
    case binaryTree3 = 19
    /// A binary tree over hashes of 2, 3 and 4 bytes.
    case binaryTree4 = 20
  }

  /// The preset for all that is not set, perhaps with ``LZMACodec/extremePreset``.
  package var preset = 6

  /// The bytes in which matches are searched.
  package var dictionaryByteCount: Int?

  /// The number of high bits of the previous byte that tell literals apart.
  package var literalContextBits: Int?

  /// The number of low bits of the position that tell literals apart.
  package var literalPositionBits: Int?

  /// The number of low bits of the position that tell all else apart.
  package var positionBits: Int?

  /// How the compressor searches.
  package var mode: Mode?

  /// The length of a match that is good enough.
  package var niceLength: Int?

  /// What finds matches.
  package var matchFinder: MatchFinder?

  /// The most steps of a search, where 0 lets the library choose.
  package var depth: Int?

  /// Creates the settings of the default preset.
  package init() {}
}

/// A step of an LZMA chain: up to three prepare the bytes, and the last one compresses.
package enum LZMAFilter: Hashable, Sendable {
  /// The processor whose relative addresses become absolute.
  package enum Processor: Int, CaseIterable, Sendable {
    /// x86, with 32 and 64 bits.
    case x86 = 4
    /// PowerPC, big-endian.
    case powerPC = 5
    /// Itanium.
    case itanium = 6
    /// ARM, little-endian.
    case arm = 7
    /// ARM Thumb, little-endian.
    case armThumb = 8
    /// SPARC.
    case sparc = 9
  }

  /// Compresses in the form of `.lzma` files.
  case lzma1(LZMAOptions)
  /// Compresses in the form of `.xz` files.
  case lzma2(LZMAOptions)
  /// Subtracts the byte that is `distance` before.
  case delta(distance: Int)
  /// Changes addresses in the program of a processor, which begins at `startOffset`.
  case processor(Processor, startOffset: Int)
}

/// A chain of filters as liblzma takes it: an array with an end mark, and the options that it points to.
@safe
private final class LZMAFilterChain {
  /// The most filters of a chain.
  static let maximumCount = Int(LZMA_FILTERS_MAX)

  /// The filters, the last one with the end mark as its identifier.
  let filters: UnsafeMutablePointer<lzma_filter>

  /// Whether the last filter is the compressor of `.lzma` files alone.
  let isLZMA1: Bool

  /// Lays out a chain, or returns nil if liblzma has no such chain.
  init?(_ chain: [LZMAFilter]) {
    guard !chain.isEmpty, chain.count <= Self.maximumCount else { return nil }
    // SAFETY: There is room for all filters and the end mark, and all of them are initialized.
    unsafe filters = .allocate(capacity: chain.count + 1)
    let end = unsafe lzma_filter(id: UInt64.max, options: nil)
    unsafe filters.initialize(repeating: end, count: chain.count + 1)
    if case .lzma1 = chain.last { isLZMA1 = true } else { isLZMA1 = false }
    for (index, filter) in chain.enumerated() {
      guard let made = unsafe Self.make(filter) else { return nil }
      unsafe filters[index] = unsafe made
    }
    guard unsafe lzma_raw_encoder_memusage(filters) != UInt64.max else { return nil }
  }

  deinit {
    var next = unsafe filters
    while unsafe next.pointee.id != UInt64.max {
      unsafe next.pointee.options?.deallocate()
      unsafe next += 1
    }
    unsafe filters.deallocate()
  }

  /// Whether there is just one filter, as `.lzma` files have.
  var hasOneFilter: Bool { unsafe filters[1].id == UInt64.max }

  /// A filter with its own options, which are deallocated with it.
  private static func make(_ filter: LZMAFilter) -> lzma_filter? {
    switch filter {
    case .lzma1(let options):
      // lzma.h: LZMA_FILTER_LZMA1, a macro that Swift does not see, as those below.
      return unsafe make(0x4000_0000_0000_0001, lzmaOptions(options))
    case .lzma2(let options):
      return unsafe make(0x21, lzmaOptions(options))
    case .delta(let distance):
      var options = unsafe lzma_options_delta()
      unsafe options.type = LZMA_DELTA_TYPE_BYTE
      unsafe options.dist = UInt32(clamping: distance)
      return unsafe make(0x03, options)
    case .processor(let processor, let startOffset):
      return unsafe make(
        UInt64(processor.rawValue), lzma_options_bcj(start_offset: UInt32(clamping: startOffset)))
    }
  }

  private static func make<Options>(_ identifier: UInt64, _ options: Options?) -> lzma_filter? {
    guard let options else { return nil }
    let memory = UnsafeMutablePointer<Options>.allocate(capacity: 1)
    unsafe memory.initialize(to: options)
    return unsafe lzma_filter(id: identifier, options: UnsafeMutableRawPointer(memory))
  }

  /// The options of liblzma, or nil if it has no such preset.
  static func lzmaOptions(_ options: LZMAOptions) -> lzma_options_lzma? {
    var made = unsafe lzma_options_lzma()
    guard unsafe lzma_lzma_preset(&made, UInt32(clamping: options.preset)) == 0 else { return nil }
    if let value = options.dictionaryByteCount { unsafe made.dict_size = UInt32(clamping: value) }
    if let value = options.literalContextBits { unsafe made.lc = UInt32(clamping: value) }
    if let value = options.literalPositionBits { unsafe made.lp = UInt32(clamping: value) }
    if let value = options.positionBits { unsafe made.pb = UInt32(clamping: value) }
    if let value = options.niceLength { unsafe made.nice_len = UInt32(clamping: value) }
    if let value = options.depth { unsafe made.depth = UInt32(clamping: value) }
    if let mode = options.mode { unsafe made.mode = lzma_mode(UInt32(mode.rawValue)) }
    if let finder = options.matchFinder { unsafe made.mf = lzma_match_finder(UInt32(finder.rawValue)) }
    return unsafe made
  }
}

/// The memory of an LZMA compressor, which it reuses for each chunk.
@safe
private final class LZMAEncoder: BytesEncoder {
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
        // SAFETY: liblzma stays inside the two sizes, and the pointers are set anew for each chunk.
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

/// The memory of an LZMA decompressor, which it reuses for each chunk.
@safe
private final class LZMADecoder: BytesDecoder {
  private let stream: UnsafeMutablePointer<lzma_stream>
  private let format: LZMACodec.Format

  /// The filters, which only the raw form does not state itself.
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
  /// The window need not exceed what may be decoded. But each preset writes its own size of window, up to 64 MiB,
  /// whatever the size of the chunk.
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
