import ChunkEngine
import Zarr

/// An array-to-bytes codec, and its elements.
struct ElementCodec {
  let codec: any ArrayToBytesCodec
  let layout: ElementLayout

  init(_ codec: any ArrayToBytesCodec, _ layout: ElementLayout = .variable) {
    self.codec = codec
    self.layout = layout
  }
}

/// The codecs that inputs choose from.
enum SampleCodecs {
  /// The bytes-to-bytes codecs, except Blosc with its many settings.
  static let bytesToBytes: [any BytesToBytesCodec] = [
    ZstdCodec(level: 1), ZstdCodec(level: 1, hasChecksum: true), LZ4Codec(), GzipCodec(level: 1),
    ZlibCodec(level: 1), BZ2Codec(), LZMACodec(preset: 0), LZMACodec(format: .alone, preset: 0),
    LZMACodec(format: .raw, filters: [.delta(distance: 3), .lzma2(lzmaOptions)]),
    LZMACodec(format: .raw, filters: [.processor(.x86, startOffset: 16), .lzma1(lzmaOptions)]),
    Base64Codec(), ShuffleCodec(), ShuffleCodec(itemByteCount: 7), BloscCodec(),
  ]

  private static let lzmaOptions: LZMAOptions = {
    var options = LZMAOptions()
    options.preset = 0
    options.dictionaryByteCount = 1 << 16
    return options
  }()

  /// The checksums in each possible place.
  static let checksums: [any ChecksumCodec] = [
    CRC32CCodec(), CRC32Codec(location: .start), CRC32Codec(location: .end),
    NumcodecsCRC32CCodec(location: .start),
    Adler32Codec(location: .start), Adler32Codec(location: .end), Fletcher32Codec(),
    JenkinsLookup3Codec(prefix: [1]),
  ]

  /// Every stage of a chain that takes bytes.
  static let stages: [CodecChain.Stage] =
    bytesToBytes.map { .transform($0) } + checksums.map { .checksum($0) }

  /// The array-to-bytes codecs.
  static let arrayToBytes: [ElementCodec] =
    wireForms + composites + [
      number(1, .little), number(4, .big), number(8, .little),
      ElementCodec(BytesCodec(byteOrder: .big, scalarByteCounts: [1, 2, 4]), .fixed(byteCount: 7)),
      packed(1, 1), packed(2, 16, isSigned: true, bits: 3...10, padding: .firstByte),
      packed(4, 32, bits: 0...31, padding: .lastByte),
      packed(1, 4, isSigned: true, count: 2, padding: .lastByte),
    ]

  private static let wireForms: [ElementCodec] = [
    ElementCodec(VlenBytesCodec()), ElementCodec(VlenUTF8Codec()), ElementCodec(VlenV2Codec()),
    ElementCodec(VlenArrayCodec(items: BytesCodec(byteOrder: .big, scalarByteCounts: [4]))),
    ElementCodec(CategorizeCodec(labels: ["a", "bé", ""])),
  ]

  private static let composites: [ElementCodec] = [
    vlen(.uint32, .start, []), vlen(.uint64, .end, []), vlen(.uint32, .end, [.zstd()]),
    ElementCodec(
      OptionalCodec(mask: packed(1, 1).chain, data: CodecChain(VlenBytesCodec()))),
    ElementCodec(
      OptionalCodec(mask: number(1, .little).chain, data: number(4, .big).chain), .fixed(byteCount: 5)),
  ]

  private static func number(_ byteCount: Int, _ order: ByteOrder) -> ElementCodec {
    ElementCodec(
      BytesCodec(byteOrder: order, scalarByteCounts: [UInt8(byteCount)]), .fixed(byteCount: byteCount))
  }

  private static func packed(
    _ byteCount: Int, _ bitCount: Int, isSigned: Bool = false, count: Int = 1, bits: ClosedRange<Int>? = nil,
    padding: PackBitsCodec.PaddingEncoding = .none
  ) -> ElementCodec {
    let component = PackBitsCodec.Component(byteCount: byteCount, bitCount: bitCount, isSigned: isSigned)
    return ElementCodec(
      PackBitsCodec(component, componentCount: count, bits: bits, paddingEncoding: padding),
      .fixed(byteCount: byteCount * count))
  }

  private static func vlen(
    _ type: VlenCodec.OffsetType, _ location: StoredLocation, _ stages: [CodecChain.Stage]
  ) -> ElementCodec {
    let (data, index) = (number(1, .little), number(type == .uint32 ? 4 : 8, .little))
    return ElementCodec(
      VlenCodec(
        data: CodecChain(data.codec, stages: stages, layout: data.layout),
        index: CodecChain(index.codec, stages: stages, layout: index.layout),
        offsetType: type, indexLocation: location))
  }
}

extension ElementCodec {
  /// The chain of this codec alone.
  fileprivate var chain: CodecChain { CodecChain(codec, layout: layout) }
}
