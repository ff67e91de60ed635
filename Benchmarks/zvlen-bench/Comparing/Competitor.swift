import CFloor
import ChunkEngine
import Foundation

/// One side of the comparison: a library, with the layout in which it takes and returns blobs.
///
/// A competitor belongs to one setting and one corpus.
protocol Competitor: AnyObject {
  /// The library's name in tables.
  var name: String { get }
  /// The layout of the blobs in memory.
  var layout: Layout { get }

  /// Stores all blobs, or the first ones, in a directory that does not exist yet.
  func write(_ part: CorpusPart, to directory: String, measuresMemory: Bool) throws -> Pass

  /// Appends the last blobs to a directory with the first ones.
  func append(to directory: String, measuresMemory: Bool) throws -> Pass

  /// Reads all blobs of a directory. If `verifies`, checks them after the clock has stopped.
  func read(_ directory: String, verifies: Bool, measuresMemory: Bool) throws -> Pass

  /// Opens a directory, then reads and checks blobs one at a time.
  ///
  /// - Returns: The seconds of each.
  func readRandom(_ directory: String, _ indices: [Int]) throws -> [Double]

  /// Reads blobs at some places in one call, and checks them after the clock has stopped.
  ///
  /// If `isWarm`, the directory has been opened and read in this way before; otherwise opening it counts.
  func take(_ directory: String, _ indices: [Int], isWarm: Bool, measuresMemory: Bool) throws -> Pass

  /// Reads all blobs in batches, and checks them the first time.
  ///
  /// - Parameters:
  ///   - directory: Where they are.
  ///   - batchSize: The blobs of a batch.
  ///   - order: Their order; then the directory has been opened and read before. If nil, the library draws one.
  ///   - measuresMemory: Whether to measure memory.
  /// - Returns: The time of a pass through all.
  /// - Throws: ``CompetitorError`` if the library cannot do that, or reads other blobs.
  func readEpoch(_ directory: String, batchSize: Int, order: [Int]?, measuresMemory: Bool) throws -> Pass

  /// The bytes that ``write(_:to:measuresMemory:)`` stored in a directory.
  func storedByteCount(_ directory: String) -> Int

  /// The process that does the work.
  var processIdentifier: Int32 { get }

  /// Makes the next passes begin with as little memory as a new process, if they do not already.
  func beginMemoryPasses() throws

  /// Ends the passes that ``beginMemoryPasses()`` began.
  func endMemoryPasses()
}

/// The blobs that are written.
enum CorpusPart {
  /// All.
  case all
  /// The first nine tenths.
  case head
}

/// One run of a kind of work.
struct Pass {
  /// Its time.
  let elapsed: Elapsed
  /// The start and the end, in seconds of the clock that all processes share.
  let start: Double
  let end: Double
  /// The rise of resident memory, if it was measured.
  var peakByteCount: Int?
}

/// The reason why a library has no figure in a row.
enum CompetitorError: Error, CustomStringConvertible {
  /// The library cannot do the work.
  case unsupported(String)
  /// What was read is not what was written.
  case differs
  /// The library failed.
  case failed(String)

  var description: String {
    switch self {
    case .unsupported(let reason): reason
    case .differs: "what was read is not what was written"
    case .failed(let message): "failed: \(message)"
    }
  }
}

extension Competitor {
  /// The bytes of all files of a directory.
  func storedByteCount(_ directory: String) -> Int {
    let keys: [URLResourceKey] = [.isRegularFileKey, .fileSizeKey]
    let files = FileManager.default.enumerator(
      at: URL(fileURLWithPath: directory), includingPropertiesForKeys: keys)
    var sum = 0
    while let file = files?.nextObject() as? URL {
      let values = try? file.resourceValues(forKeys: Set(keys))
      if values?.isRegularFile == true { sum += values?.fileSize ?? 0 }
    }
    return sum
  }

  /// This process, which releases memory before a pass that measures it.
  var processIdentifier: Int32 { ProcessInfo.processInfo.processIdentifier }

  func beginMemoryPasses() throws {}

  func endMemoryPasses() {}
}

extension Pass {
  /// Runs `body` in this process, and if `measuresMemory` releases memory first and measures the peak.
  ///
  /// - Returns: The pass, and the result of `body`, so that it is freed after the clock has stopped.
  static func measure<Result>(measuresMemory: Bool, _ body: () throws -> Result) rethrows -> (Pass, Result) {
    var residentByteCount: Int?
    if measuresMemory {
      SharedBytes.releaseRecycledMemory()
      floor_release_freed_memory()
      residentByteCount = PeakMemory.currentByteCount
      if !PeakMemory.reset() { residentByteCount = nil }
    }
    let start = Stopwatch.sharedSeconds
    let stopwatch = Stopwatch()
    let result = try body()
    let elapsed = stopwatch.elapsed
    let end = Stopwatch.sharedSeconds
    var pass = Pass(elapsed: elapsed, start: start, end: end)
    if let residentByteCount, let peak = PeakMemory.residentByteCount {
      pass.peakByteCount = max(0, peak - residentByteCount)
    }
    return (pass, result)
  }
}

/// A library in the rows of one setting: a competitor, or the reason for its absence.
final class Contestant {
  let name: String
  let layout: Layout
  /// Nil if the library cannot take part.
  let competitor: (any Competitor)?
  /// The directory with all blobs, once they are stored.
  var directory = ""
  /// The directory with the first blobs.
  var headDirectory = ""
  /// The bytes of the files in ``directory``.
  var storedByteCount: Int?
  private var reasons: [Work: String] = [:]
  private var reason: String?
  private let mostSeconds: Double

  /// Creates a contestant that leaves out work whose pass takes more than `mostSeconds`.
  init(_ competitor: any Competitor, mostSeconds: Double = .infinity) {
    name = competitor.name
    layout = competitor.layout
    self.competitor = competitor
    self.mostSeconds = mostSeconds
  }

  /// Creates a contestant that does not take part.
  init(name: String, layout: Layout, reason: String) {
    self.name = name
    self.layout = layout
    self.reason = reason
    competitor = nil
    mostSeconds = .infinity
  }

  /// The reason why work has no figures, or nil if it has some.
  func reason(_ work: Work) -> String? { reason ?? reasons[work] }

  /// Leaves out work if a pass took too long.
  func leaveOut(_ work: Work, ifLong pass: Pass) {
    guard pass.elapsed.seconds > mostSeconds else { return }
    reasons[work] =
      "takes \(Figure.duration(pass.elapsed.seconds)), more than \(Figure.duration(mostSeconds)): measured once"
  }

  /// Runs `body` unless something failed before.
  ///
  /// If `body` fails, `work` has no figures; if `work` is nil, nothing has.
  func attempt<Result>(_ work: Work? = nil, _ body: (any Competitor) throws -> Result) -> Result? {
    guard let competitor, reason == nil, work.flatMap({ reasons[$0] }) == nil else { return nil }
    do {
      return try body(competitor)
    } catch {
      if let work { reasons[work] = "\(error)" } else { reason = "\(error)" }
      return nil
    }
  }
}
