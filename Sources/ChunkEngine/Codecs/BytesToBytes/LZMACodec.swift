internal import CLZMA

/// Compresses chunks with LZMA, in one of three forms.
///
/// See [numcodecs.lzma](https://numcodecs.readthedocs.io/en/stable/compression/lzma.html), which names the
/// settings as [Python](https://docs.python.org/3/library/lzma.html) does, and
/// [the format of `.xz` files](https://tukaani.org/xz/xz-file-format.txt). Several `.xz` streams in a row are
/// read as one. Bytes behind the end are an error here, and ignored by numcodecs.
public struct LZMACodec: BytesToBytesCodec, Hashable {
  public static var name: String { "numcodecs.lzma" }

  /// What stands around the compressed bytes, by the number in metadata.
  public enum Format: Int, CaseIterable, Sendable {
    /// A stream of a `.xz` file.
    case xz = 1
    /// A `.lzma` file, the form before `.xz`.
    case alone = 2
    /// Nothing: readers have to know the filters.
    case raw = 3
  }

  /// The checksum inside of a `.xz` stream, by the number in metadata.
  public enum Check: Int, CaseIterable, Sendable {
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
  public static var presets: ClosedRange<Int> { 0...9 }

  /// What makes a preset slower when it is added to it.
  public static var extremePreset: Int { 1 << 31 }

  /// What stands around the compressed bytes.
  public let format: Format

  /// The checksum of a `.xz` stream, or nil for the usual one.
  public let check: Check?

  /// The preset, or nil for the usual one or where there are filters.
  public let preset: Int?

  /// The filters, or nil for those of the preset.
  public let filters: [LZMAFilter]?

  /// Creates a codec.
  ///
  /// - Precondition: ``isValid(format:check:preset:filters:)``
  public init(
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
  /// Filters exclude a preset, and ``Format/raw`` needs them. Only ``Format/xz`` has checksums. The last
  /// filter compresses, the others do not; ``Format/alone`` has ``LZMAFilter/lzma1(_:)`` only, ``Format/xz``
  /// does not have it.
  public static func isValid(format: Format, check: Check?, preset: Int?, filters: [LZMAFilter]?) -> Bool {
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

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    guard byteCount <= Int.max / 2 else { throw .chunkTooLarge(byteCount: byteCount, limit: Int.max / 2) }
    // LZMA 2 stores what does not get smaller, in runs of up to 64 KiB with 3 bytes in front. LZMA 1 cannot,
    // and its range coder may need some percent more than it is given.
    var compressesAlways = format == .alone
    if case .lzma1 = filters?.last { compressesAlways = true }
    return byteCount + byteCount / (compressesAlways ? 3 : 512) + 4096
  }

  public func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    try LZMAEncoder(self)
  }

  public func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    try LZMADecoder(self)
  }

  /// The filters, those of the preset if none are set.
  func chain() throws(ChunkError) -> LZMAFilterChain {
    var options = LZMAOptions()
    options.preset = preset ?? options.preset
    guard let chain = LZMAFilterChain(filters ?? [format == .alone ? .lzma1(options) : .lzma2(options)])
    else { throw .compressionFailed(codec: Self.name, reason: "liblzma does not have these filters") }
    return chain
  }
}
