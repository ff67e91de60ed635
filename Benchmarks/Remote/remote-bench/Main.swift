import ChunkEngine
import Zarr
import ZarrPlatform
import ZarrRemote

/// Measures arrays in a bucket, as `run.py` asks.
///
///     remote-bench prepare|chunks|some|shards|append URL CONCURRENCY
///
/// Prints a figure, the processor's microseconds for each request, and the most megabytes of memory. The figure is of
/// requests a second for `chunks` and `some`, and of megabytes a second for `shards` and `append`.
@main
enum Main {
  private static let chunkCount = 4000
  private static let shardByteCount = 16 << 20

  /// So many that the first and the last requests, whose time no others share, do not count for much.
  private static let shardCount = 24

  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let concurrency = Int(arguments[3]) else {
      throw StoreError.invalidURL(arguments.dropFirst().joined(separator: " "), reason: "see the source")
    }
    var options = StoreOptions()
    // A web server is only read from.
    options.isWritable = !arguments[2].hasPrefix("http:")
    options.s3.requestConcurrency = concurrency
    options.http.requestConcurrency = concurrency
    let store = try Stores.open(arguments[2], options: options).store
    switch arguments[1] {
    case "prepare": try prepare(store)
    case "chunks":
      let array = try ZarrArray.open(in: store, at: "chunks")
      report(Double(chunkCount), try measure { _ = try array.read() })
    case "some":
      let array = try ZarrArray.open(in: store, at: "chunks")
      report(400, try measure { _ = try array.read([0..<400]) })
    case "shards":
      let array = try ZarrArray.open(in: store, at: "shards")
      report(megabytes, try measure { _ = try array.read() })
    case "append":
      var options = ArrayOptions()
      options.chunkSize = .shape([64])
      options.shardSize = .shape([4096])
      options.compressors = []
      options.dataType = .bytes
      let array = try ZarrArray.create(in: store, at: "appended", shape: [0], options: options)
      let blob = noise(4096)
      let cost = try measure {
        let appender = try Appender(to: array)
        for _ in 0..<shardCount * 4096 { try appender.append(blob: blob) }
        try appender.finish()
      }
      report(megabytes, cost)
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

  private static var megabytes: Double { Double(shardCount * shardByteCount) / 1e6 }

  /// What a call takes: seconds, those of a processor, and requests.
  private struct Cost {
    var seconds = 0.0
    var processorSeconds = 0.0
    var requestCount = 0
  }

  private static func measure(_ body: () throws -> Void) rethrows -> Cost {
    let (start, processorStart, requests) = (
      ContinuousClock.now, clock(), RemoteActivity.current.requestCount
    )
    try body()
    return Cost(
      seconds: start.duration(to: .now) / .seconds(1),
      processorSeconds: Double(clock() - processorStart) / Double(CLOCKS_PER_SEC),
      requestCount: RemoteActivity.current.requestCount - requests)
  }

  private static func report(_ amount: Double, _ cost: Cost) {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    print(
      amount / cost.seconds, cost.processorSeconds / Double(max(1, cost.requestCount)) * 1e6,
      usage.ru_maxrss / 1024)
  }
}
