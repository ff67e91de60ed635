/// What one setting reached.
struct TuneRow: Sendable, Codable {
  let chunkBytes: Int
  let codec: String
  let workers: Int
  /// The flags of `zvlen import` that choose this setting.
  let importFlags: String
  /// The payload's bytes per second.
  let writeBytesPerSecond: Double
  let readBytesPerSecond: Double
  /// The median seconds of reading one blob at a random place.
  let randomReadSeconds: Double
  let payloadBytes: Int
  let encodedBytes: Int

  /// The payload divided by what is stored.
  var ratio: Double { encodedBytes == 0 ? 0 : Double(payloadBytes) / Double(encodedBytes) }

  /// Whether this row is at least as good as `other` in everything and better in something.
  func dominates(_ other: TuneRow) -> Bool {
    let pairs = zip(merits, other.merits)
    return pairs.allSatisfy { $0 >= $1 } && pairs.contains { $0 > $1 }
  }

  /// What speaks for the row; more is better.
  private var merits: [Double] { [writeBytesPerSecond, readBytesPerSecond, -randomReadSeconds, ratio] }
}
