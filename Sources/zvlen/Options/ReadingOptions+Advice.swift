import ChunkEngine
import Zarr

extension ReadingOptions {
  /// What to do about an error of the library, which knows no options; nothing if these options do not help.
  static func advice(for error: any Error) -> String {
    var reason: any Error = (error as? ZarrError)?.chunkError ?? error
    while case ChunkError.innerChunk(_, let inner) = reason { reason = inner }
    switch reason {
    case ChunkError.decodedByteCountExceedsLimit, ChunkError.storedByteCountExceedsLimit,
      ChunkError.expansionExceedsLimit, StoreError.tooLarge:
      return "; if the array is to be trusted, --chunk-limit allows more"
    case StoreError.outside: return "; if the array is to be trusted, --follow-links follows it"
    default: return ""
    }
  }
}

/// A command that has ``ReadingOptions``.
protocol ReadingCommand {
  var reading: ReadingOptions { get }
}
