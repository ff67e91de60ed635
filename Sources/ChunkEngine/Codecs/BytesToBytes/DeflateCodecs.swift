import CDeflate

/// Compresses chunks to one gzip member.
///
/// See [gzip](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/gzip/index.html) and
/// [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952). Several members in a row are read as one.
public struct GzipCodec: DeflateCodec, Hashable {
  public static var name: String { "gzip" }

  package static var wrapping: DeflateWrapping { .gzip }

  /// The compression level.
  public let level: Int

  /// Creates a codec.
  ///
  /// - Precondition: `level` is from 0 to 9.
  public init(level: Int = 5) {
    self.level = Self.checked(level)
  }
}

/// Compresses chunks to one zlib stream.
///
/// See [numcodecs.zlib](https://numcodecs.readthedocs.io/en/stable/compression/zlib.html) and
/// [RFC 1950](https://www.rfc-editor.org/rfc/rfc1950). Bytes after the stream are an error.
package struct ZlibCodec: DeflateCodec, Hashable {
  package static var name: String { "numcodecs.zlib" }

  package static var wrapping: DeflateWrapping { .zlib }

  /// The compression level.
  package let level: Int

  /// Creates a codec.
  ///
  /// - Precondition: `level` is from 0 to 9.
  package init(level: Int = 1) {
    self.level = Self.checked(level)
  }
}

/// A codec that compresses with DEFLATE, in one of its wrappings.
package protocol DeflateCodec: BytesToBytesCodec {
  static var wrapping: DeflateWrapping { get }
  var level: Int { get }
}

extension DeflateCodec {
  /// The levels of the codec, from storing to the best compression.
  public static var levels: ClosedRange<Int> { 0...9 }

  fileprivate static func checked(_ level: Int) -> Int {
    precondition(levels.contains(level), "\(wrapping) has levels \(levels), not \(level)")
    return level
  }

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    guard byteCount <= Int.max / 2 else { throw .chunkTooLarge(byteCount: byteCount, limit: Int.max / 2) }
    return switch Self.wrapping {
    case .gzip: libdeflate_gzip_compress_bound(nil, byteCount)
    case .zlib: libdeflate_zlib_compress_bound(nil, byteCount)
    }
  }

  public func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    try DeflateEncoder(level: level, wrapping: Self.wrapping, codec: Self.name)
  }

  public func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    try DeflateDecoder(wrapping: Self.wrapping, codec: Self.name)
  }
}

/// The two wrappings of DEFLATE data that Zarr uses.
package enum DeflateWrapping: Sendable {
  /// [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952), one member or several.
  case gzip
  /// [RFC 1950](https://www.rfc-editor.org/rfc/rfc1950).
  case zlib
}

/// Compresses with libdeflate, which is about twice as fast as zlib and writes the same format.
@safe
private final class DeflateEncoder: BytesEncoder {
  private let compressor: OpaquePointer
  private let codec: String
  private let wrapping: DeflateWrapping

  init(level: Int, wrapping: DeflateWrapping, codec: String) throws(ChunkError) {
    guard let compressor = unsafe libdeflate_alloc_compressor(Int32(level)) else {
      throw .outOfMemory(byteCount: 0)
    }
    unsafe self.compressor = compressor
    self.codec = codec
    self.wrapping = wrapping
  }

  deinit {
    unsafe libdeflate_free_compressor(compressor)
  }

  func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    try unsafe source.withUnsafeBytes { source throws(ChunkError) in
      try unsafe output.appendUnsafe { free throws(ChunkError) in
        // SAFETY: libdeflate writes at most `free.count` bytes and keeps neither pointer.
        let written =
          switch wrapping {
          case .gzip:
            unsafe libdeflate_gzip_compress(
              compressor, source.baseAddress, source.count, free.baseAddress, free.count)
          case .zlib:
            unsafe libdeflate_zlib_compress(
              compressor, source.baseAddress, source.count, free.baseAddress, free.count)
          }
        guard written > 0 else { throw .compressionFailed(codec: codec, reason: "the output is full") }
        return written
      }
    }
  }
}

/// Decompresses with libdeflate.
///
/// DEFLATE data does not say how large it becomes, so memory is taken in steps, up to the most that its bytes
/// can give.
@safe
private final class DeflateDecoder: BytesDecoder {
  /// A bit of a block gives at most 258 bytes of a repeated one, and each byte at most four of these.
  private static let maximumRatio = 1032

  private let decompressor: OpaquePointer
  private let codec: String
  private let wrapping: DeflateWrapping

  init(wrapping: DeflateWrapping, codec: String) throws(ChunkError) {
    guard let decompressor = unsafe libdeflate_alloc_decompressor() else { throw .outOfMemory(byteCount: 0) }
    unsafe self.decompressor = decompressor
    self.codec = codec
    self.wrapping = wrapping
  }

  deinit {
    unsafe libdeflate_free_decompressor(decompressor)
  }

  func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    var rest = source
    var free = limit
    repeat {
      let before = output.count
      let consumed = try decodeMember(rest, into: &output, free: free, limit: limit)
      free -= output.count - before
      rest = rest.extracting(consumed..<rest.byteCount)
    } while wrapping == .gzip && !isPadding(rest)
    guard wrapping == .gzip || rest.isEmpty else {
      throw .trailingBytes(codec: codec, byteCount: rest.byteCount)
    }
  }

  /// Decodes one member or stream, and returns how many bytes it has.
  private func decodeMember(
    _ source: RawSpan, into output: inout ByteArena, free: Int, limit: Int
  ) throws(ChunkError) -> Int {
    let (bound, overflow) = (source.byteCount + 1).multipliedReportingOverflow(by: Self.maximumRatio)
    let most = min(overflow ? Int.max : bound, free)
    var capacity = min(source.byteCount * 4 + 1024, most)
    while true {
      var consumed = 0
      let before = output.count
      var isFull = false
      try output.append(addingCapacity: capacity, growingTo: sumOrMaximum(before, free)) {
        output throws(ChunkError) in
        try unsafe source.withUnsafeBytes { source throws(ChunkError) in
          try unsafe output.appendUnsafe { room throws(ChunkError) in
            var written = 0
            // SAFETY: libdeflate stays inside the two sizes that it is given, and keeps no pointer.
            let result =
              switch wrapping {
              case .gzip:
                unsafe libdeflate_gzip_decompress_ex(
                  decompressor, source.baseAddress, source.count, room.baseAddress, room.count, &consumed,
                  &written)
              case .zlib:
                unsafe libdeflate_zlib_decompress_ex(
                  decompressor, source.baseAddress, source.count, room.baseAddress, room.count, &consumed,
                  &written)
              }
            isFull = result == LIBDEFLATE_INSUFFICIENT_SPACE
            guard isFull || result == LIBDEFLATE_SUCCESS else {
              throw .decompressionFailed(codec: codec, reason: "the data is damaged or cut short")
            }
            return isFull ? 0 : written
          }
        }
      }
      guard isFull else { return consumed }
      output.truncate(to: before)
      guard capacity < most else {
        throw .decodedByteCountExceedsLimit(codec: codec, byteCount: nil, limit: limit)
      }
      capacity = capacity > most / 4 ? most : capacity * 4
    }
  }

  /// Whether `bytes` are zeros only, which may follow a gzip file.
  private func isPadding(_ bytes: RawSpan) -> Bool {
    unsafe bytes.withUnsafeBytes { unsafe $0.allSatisfy { $0 == 0 } }
  }
}
