/// One side of the comparison: a library, and the layout in which it takes blobs and gives them back.
///
/// A competitor belongs to one setting and one corpus.
protocol Competitor: AnyObject {
  /// The library's name in tables.
  var name: String { get }
  /// Where blobs come from and go to.
  var layout: Layout { get }

  /// Stores all blobs, or those that others are appended to, in a directory that does not exist yet.
  func write(_ part: CorpusPart, to directory: String, measuresMemory: Bool) throws -> Pass

  /// Appends the last blobs to a directory that has the others.
  func append(to directory: String, measuresMemory: Bool) throws -> Pass

  /// Reads all blobs of a directory, and checks them once the clock has stopped if that is asked for.
  func read(_ directory: String, verifies: Bool, measuresMemory: Bool) throws -> Pass

  /// Opens a directory, and then reads and checks blobs one by one.
  ///
  /// - Returns: The seconds of each.
  func readRandom(_ directory: String, _ indices: [Int]) throws -> [Double]

  /// The bytes that ``write(_:to:measuresMemory:)`` stored in a directory.
  func storedByteCount(_ directory: String) -> Int

  /// The process that does the work.
  var processIdentifier: Int32 { get }

  /// Has the passes to come begin with as little memory as a new process has, if they do not already.
  func beginMemoryPasses() throws

  /// Ends what was begun for them.
  func endMemoryPasses()
}

/// What of the blobs is written.
enum CorpusPart {
  /// All.
  case all
  /// The first nine tenths.
  case head
}

/// One run of a piece of work, and what it took.
struct Pass {
  /// Its time.
  let elapsed: Elapsed
  /// When it began and ended, in seconds of the clock that all processes share.
  let start: Double
  let end: Double
  /// How far resident memory rose above what it was, if that was measured.
  var peakByteCount: Int?
}

/// Why a library has no figure in a row.
enum CompetitorError: Error, CustomStringConvertible {
  /// It cannot do it.
  case unsupported(String)
  /// What was read is not what was written.
  case differs
  /// It failed.
  case failed(String)

  var description: String {
    switch self {
    case .unsupported(let reason): reason
    case .differs: "what was read is not what was written"
    case .failed(let message): "failed: \(message)"
    }
  }
}
