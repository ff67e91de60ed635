import CFloor
import CommandLineOptions

extension CodecChoice {
  /// The floor's codec, or nothing where the floor has none for this compression.
  var floorCodec: floor_codec? {
    switch self {
    case .none: floor_codec(kind: CInt(FLOOR_CODEC_NONE), setting: 0)
    case .zstd(let level): floor_codec(kind: CInt(FLOOR_CODEC_ZSTD), setting: CInt(level))
    case .lz4(let acceleration): floor_codec(kind: CInt(FLOOR_CODEC_LZ4), setting: CInt(acceleration))
    case .gzip, .zlib, .bz2, .lzma, .blosc: nil
    }
  }
}
