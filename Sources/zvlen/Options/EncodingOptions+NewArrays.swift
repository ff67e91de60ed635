import ChunkEngine
import CommandLineOptions
import Zarr

/// What arrays are like that are made of files and lines.
extension EncodingOptions {
  /// The options for an array of elements that come one after the other, of unknown sizes.
  func arrayOptions(_ type: ElementType) -> ArrayOptions {
    arrayOptions(type, chunkSize: chunkSize, shardSize: shardBytes.map { .bytes($0.value) })
  }

  /// The options for an array of elements whose number and size are known.
  ///
  /// Chunks that end by their bytes need no count.
  ///
  /// - Parameters:
  ///   - type: What the elements are.
  ///   - count: The number of elements.
  ///   - byteCount: The bytes that they have together.
  ///   - fitting: Makes the elements of a chunk fewer, where with so many some chunks would be too large.
  /// - Returns: The options.
  func arrayOptions(
    _ type: ElementType, forElements count: Int, byteCount: Int, fitting: (Int) -> Int
  ) -> ArrayOptions {
    guard !evenChunks else { return arrayOptions(type) }
    let mean = count > 0 ? Double(byteCount) / Double(count) : nil
    let inChunk = chunkCount ?? fitting(Self.elementCount(inBytes: chunkByteCount, mean))
    let shardSize = shardBytes.map { bytes in
      ChunkSize.rows(max(1, Self.elementCount(inBytes: bytes.value, mean) / inChunk) * inChunk)
    }
    return arrayOptions(type, chunkSize: .rows(inChunk), shardSize: shardSize)
  }

  private func arrayOptions(
    _ type: ElementType, chunkSize: ChunkSize, shardSize: ChunkSize?
  ) -> ArrayOptions {
    ArrayOptions(
      dataType: type.dataType, dataTypeName: type == .bytes ? dataTypeName : nil, chunkSize: chunkSize,
      shardSize: shardSize, compressors: codecs, zarrFormat: (zarrFormat ?? .version3).zarrFormat)
  }

  /// The codecs behind the one that lays out the elements.
  var codecs: [CodecChain.Stage] {
    (codec ?? .zstd(level: 3)).stages + (checksum ? [.crc32c] : [])
  }

  /// The size of chunks of elements that come one after the other, of unknown sizes.
  private var chunkSize: ChunkSize {
    if let chunkCount { return .rows(chunkCount) }
    return evenChunks ? .evenBytes(chunkByteCount) : .bytes(chunkByteCount)
  }

  /// The bytes of a chunk before it is compressed.
  var chunkByteCount: Int { chunkBytes?.value ?? 1 << 20 }

  /// How many elements of a mean size have about as many bytes; some if there are none to have a size.
  private static func elementCount(inBytes byteCount: Int, _ meanByteCount: Double?) -> Int {
    guard let meanByteCount else { return 256 }
    // Each element has its length in front of it.
    let most = Double(byteCount) / (meanByteCount + Double(WireForm.lengthByteCount))
    return max(1, Int(min(most, Double(ChunkGrid.maximumElementCount))))
  }
}
