import ChunkEngine
import Zarr
import ZarrPlatform
import ZarrRemote

/// Measures arrays in a bucket, as `run.py` asks.
///
///     remote-bench prepare|chunks|some|shards|append URL CONCURRENCY
///
/// Prints one figure: for `chunks` and `some` requests a second, for `shards` and `append` megabytes a second.
@main
enum Main {
  private static let chunkCount = 4000
  private static let shardByteCount = 16 << 20
  private static let shardCount = 8

  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let concurrency = Int(arguments[3]) else {
      throw StoreError.invalidURL(arguments.dropFirst().joined(separator: " "), reason: "see the source")
    }
    var options = StoreOptions()
    options.isWritable = true
    options.s3.requestConcurrency = concurrency
    let store = try Stores.open(arguments[2], options: options).store
    switch arguments[1] {
    case "prepare": try prepare(store)
    case "chunks":
      let array = try ZarrArray.open(in: store, at: "chunks")
      let time = try measure { _ = try array.read() }
      print(Double(chunkCount) / time)
    case "some":
      let array = try ZarrArray.open(in: store, at: "chunks")
      let time = try measure { _ = try array.read([0..<400]) }
      print(400 / time)
    case "shards":
      let array = try ZarrArray.open(in: store, at: "shards")
      let time = try measure { _ = try array.read() }
      print(Double(shardCount * shardByteCount) / 1e6 / time)
    case "append":
      var options = ArrayOptions()
      options.chunkSize = .shape([64])
      options.shardSize = .shape([4096])
      options.compressors = []
      options.dataType = .bytes
      let array = try ZarrArray.create(in: store, at: "appended", shape: [0], options: options)
      let blob = noise(4096)
      let time = try measure {
        let appender = try Appender(to: array)
        for _ in 0..<shardCount * 4096 { try appender.append(blob: blob) }
        try appender.finish()
      }
      print(Double(shardCount * shardByteCount) / 1e6 / time)
    default: throw StoreError.invalidURL(arguments[1], reason: "see the source")
    }
  }

  private static func prepare(_ store: any Store) throws {
    var options = ArrayOptions()
    options.compressors = []
    options.dataType = .bytes
    options.chunkSize = .shape([1])
    let blob = noise(4096)
    try ZarrArray.create(
      in: store, at: "chunks", writing: [[UInt8]](repeating: blob, count: chunkCount), options: options)
    options.chunkSize = .shape([64])
    options.shardSize = .shape([4096])
    try ZarrArray.create(
      in: store, at: "shards", writing: [[UInt8]](repeating: blob, count: shardCount * 4096), options: options
    )
  }

  private static func noise(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
  }

  /// The seconds that a call takes.
  private static func measure(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return start.duration(to: .now) / .seconds(1)
  }
}
