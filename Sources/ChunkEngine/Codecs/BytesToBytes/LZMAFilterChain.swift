internal import CLZMA

/// A chain of filters as liblzma takes it: an array with an end mark, and the options that it points to.
@safe
final class LZMAFilterChain {
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

  /// A filter with options of its own, which are to be deallocated with it.
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
