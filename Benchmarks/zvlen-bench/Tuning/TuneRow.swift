import CommandLineOptions
import Zarr

/// What one setting reached.
struct TuneRow: Sendable, Encodable {
  let chunkBytes: Int
  /// The size of a shard, or nil for chunks in files of their own.
  let shardBytes: Int?
  let codec: String
  let workers: Int
  /// How often it was measured.
  let passes: Int
  /// The payload's bytes per second.
  let writeBytesPerSecond: Double
  let readBytesPerSecond: Double
  /// The median seconds of reading one blob at a random place.
  let randomReadSeconds: Double
  let payloadBytes: Int
  let storedBytes: Int

  /// Sums up what was measured of a setting.
  init(_ setting: TuneSetting, _ result: TuningResult, payloadByteCount: Int, store: StoreSpeed) {
    chunkBytes = setting.chunkBytes.value
    shardBytes = setting.shardBytes?.value
    codec = setting.codec.description
    workers = setting.workers
    passes = result.measurements.count
    writeBytesPerSecond = Double(payloadByteCount) / result.cost(for: .write, in: store)
    readBytesPerSecond = Double(payloadByteCount) / result.cost(for: .read, in: store)
    randomReadSeconds = result.cost(for: .random, in: store)
    payloadBytes = payloadByteCount
    storedBytes = result.storedByteCount
  }

  /// The payload divided by what is stored.
  var ratio: Double { storedBytes == 0 ? 0 : Double(payloadBytes) / Double(storedBytes) }

  /// What it reached in words.
  var words: String {
    """
    writes \(Figure.count(Int(writeBytesPerSecond / 1e6))) MB/s, reads \
    \(Figure.count(Int(readBytesPerSecond / 1e6))) MB/s, one blob in \(Figure.duration(randomReadSeconds)), ratio \
    \(Figure.fixed(ratio, places: 2))
    """
  }
}
