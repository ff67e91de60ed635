import ChunkEngine
import Zarr

extension Compression {
  /// The codecs of an array that is compressed like this.
  var stages: [CodecChain.Stage] {
    switch self {
    case .none: []
    case .zstd(let level): [.zstd(level: level)]
    case .lz4(let acceleration): [.lz4(acceleration: acceleration)]
    case .gzip(let level): [.gzip(level: level)]
    case .blosc(let compressor, let level):
      [.blosc(BloscCodec.Compressor(rawValue: compressor) ?? .lz4, level: level)]
    }
  }
}
