import ChunkEngine
import Glibc
import Zarr

/// Continues an array with a checkpoint now and then, and logs its progress.
///
///     CrashWriter DIRECTORY WORKLOAD DURABILITY SEED [LIMIT]
///
/// The log has a line with the number of rows after each checkpoint. With a limit, `file-size` or `files`,
/// the process starts with too few resources. After the first error, which it logs, it continues with enough,
/// and repeats each failed call.
@main
struct CrashWriter {
  private let directory: String
  private let workload: CrashWorkload
  private let limits: ResourceLimits
  private let log: Int32

  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 5, let workload = CrashWorkload(rawValue: arguments[2]),
      let durability = Durability(rawValue: arguments[3]), let seed = UInt64(arguments[4])
    else {
      print("usage: CrashWriter DIRECTORY WORKLOAD DURABILITY SEED [LIMIT]")
      exit(64)
    }
    let log = unsafe Glibc.open("\(arguments[1])/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    let writer = CrashWriter(
      directory: arguments[1], workload: workload,
      limits: ResourceLimits(arguments.count > 5 ? arguments[5] : nil), log: log)
    try writer.run(FileStore(creating: "\(arguments[1])/store", durability: durability), seed: seed)
  }

  private func run(_ store: FileStore, seed: UInt64) throws {
    limits.lower()
    let appender = try retrying { try open(store) }
    var row = (try? ZarrArray.open(in: store).shape[0]) ?? 0
    var random = seed
    while row < workload.length {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let end = min(workload.length, row + 1 + Int(random >> 33) % 150)
      for element in workload.elements(ofRows: row..<end) {
        // SAFETY: Bytes have no padding.
        try retrying { try appender.append(element) }
      }
      row = end
      if random >> 32 & 1 == 0 {
        try retrying { try appender.checkpoint() }
        note("\(row)")
      }
    }
    _ = try retrying { try appender.finish() }
    note("\(row)")
  }

  private func open(_ store: FileStore) throws -> Appender {
    do {
      return try Appender(to: ZarrArray.open(in: store), evenChunkByteCount: 4000)
    } catch ZarrError.notFound {
      return try Appender.create(
        in: store, rowShape: workload.rowShape, options: workload.options, memoryBudget: 10_000)
    }
  }

  /// Repeats a call with enough resources if it fails for lack of them.
  private func retrying<Result>(_ call: () throws -> Result) throws -> Result {
    do {
      return try call()
    } catch  where limits.areLow {
      note("error: \(error)")
      limits.raise()
      return try call()
    }
  }

  private func note(_ line: String) {
    let line = Array("\(line)\n".utf8)
    _ = unsafe write(log, line, line.count)
  }
}
