public import ChunkEngine

/// Why an array or a group could not do what it was asked for.
@nonexhaustive
public enum ZarrError: Error, Sendable {
  /// There is no array and no group where one was expected.
  case notFound(path: String)
  /// There is one already where one was to be created.
  case alreadyExists(path: String)
  /// There is a group where an array was expected, or the other way round.
  case wrongNode(path: String, expected: String)
  /// A node is of another version of Zarr than the hierarchy that it is in, or is to be in.
  case mixedFormats(path: String, found: ZarrFormat, expected: ZarrFormat)
  /// The metadata of a node is damaged, or says what is not supported.
  case metadata(path: String, reason: MetadataError)
  /// A chunk could not be written or read.
  case chunk(path: String, reason: any Error)
  /// The next element would make a chunk of several larger than those that are written; as many elements as
  /// `fittingCount` have a good size.
  case chunkTooLarge(path: String, elementCount: Int, limit: Int, fittingCount: Int)
  /// A call asks for more than the limits of its reader allow.
  case limit(path: String, reason: ChunkError)
  /// A region is not inside of the array.
  case outOfBounds(path: String, region: ArrayRegion, shape: [Int])
  /// A selection is none of the array.
  case selection(path: String, reason: SelectionError)
  /// An element is no value of the type that was asked for, or a value cannot be an element. The index is
  /// that among the elements that were to be read or written, or nil if it is about all.
  case element(path: String, index: Int?, reason: ElementError)
  /// A source has not as many elements as they were to be written to.
  case elementCount(path: String, found: Int, expected: Int)
  /// An array has more elements than this machine can count.
  case tooLarge(path: String)
  /// An array can be read but not written.
  case notWritable(path: String, reason: String)
  /// Segments are not stored, or not as a whole: they were removed, or are a part of another commit.
  case segmentsMissing(path: String, ids: [String])
  /// Parts of a planned array are not there yet, by their numbers from 0 on.
  case partsMissing(path: String, parts: [Int])
  /// The metadata of an array is not that by which it was opened.
  case replaced(path: String)
  /// An element of a copy, at an index along each dimension, is not what it is in the array that was copied.
  case different(path: String, from: String, index: [Int])
  /// A store failed, mostly with a ``StoreError``, or another part that you brought.
  case store(path: String, reason: any Error)
  /// The task or the monitor of the call was cancelled.
  case cancelled
  /// The executor of the call takes no more calls.
  case drained(path: String)
}

extension ZarrError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFound(let path): "\(path): there is no Zarr array or group here"
    case .alreadyExists(let path): "\(path): there is a node here already"
    case .wrongNode(let path, let expected):
      "\(path): there is no \(expected) here but a node of another kind"
    case .mixedFormats(let path, let found, let expected):
      "\(path): a node of Zarr v\(found.rawValue) cannot be in one hierarchy with nodes of v\(expected.rawValue)"
    case .metadata(let path, let reason): "\(path): \(reason)"
    case .chunk(let path, let reason): "\(path): \(reason)"
    case .chunkTooLarge(let path, let elementCount, let limit, let fittingCount):
      "\(path): a chunk has places for \(elementCount) elements, and with the next one would have more than "
        + "\(limit) bytes: elements as large as these need chunks of \(fittingCount)"
    case .limit(let path, let reason): "\(path): \(reason)"
    case .outOfBounds(let path, let region, let shape) where region.ranges.count != shape.count:
      "\(path): the region \(region) has \(region.ranges.count) dimensions, and the array has \(shape.count)"
    case .outOfBounds(let path, let region, let shape): "\(path): \(region) is outside of the shape \(shape)"
    case .selection(let path, let reason): "\(path): \(reason)"
    case .element(let path, let index, let reason):
      "\(path): \(index.map { "element \($0): " } ?? "")\(reason)"
    case .elementCount(let path, let found, let expected):
      "\(path): \(found) elements were given for \(expected) places"
    case .tooLarge(let path): "\(path): there are more elements than can be counted"
    case .notWritable(let path, let reason): "\(path): cannot be written: \(reason)"
    case .segmentsMissing(let path, let ids):
      "\(path): \(ids.count) segments are not stored, such as \(ids.first ?? ""): they were removed, or another "
        + "commit has put them into the array; nothing has changed"
    case .partsMissing(let path, let parts):
      "\(path): \(parts.count) parts are not there yet: \(Self.list(parts))"
    case .replaced(let path):
      "\(path): another array has taken the place of the one that was opened, or its consolidated metadata is out of date"
    case .different(let path, let source, let index):
      "\(path): element \(index) differs from that of \(source)"
    case .store(let path, let reason):
      // Most errors of stores name the value, whose path is longer.
      "\(reason)".contains(path) ? "\(reason)" : "\(path): \(reason)"
    case .cancelled: "the work was cancelled"
    case .drained(let path): "\(path): the executor was drained and takes no more calls; use another one"
    }
  }
}

extension ZarrError {
  /// The first of some numbers, from 1 on as people count.
  private static func list(_ parts: [Int]) -> String {
    parts.prefix(20).map { "\($0 + 1)" }.joined(separator: ", ") + (parts.count > 20 ? ", …" : "")
  }

  /// Takes any error that the work on a node threw.
  init(_ error: any Error, at path: String) {
    self =
      switch error {
      case let error as ZarrError: error
      case ChunkError.cancelled, is CancellationError: .cancelled
      case let reason as ChunkError:
        switch reason {
        case .callByteCountExceedsLimit, .callElementCountExceedsLimit: .limit(path: path, reason: reason)
        default: .chunk(path: path, reason: reason)
        }
      case let reason as SelectionError: .selection(path: path, reason: reason)
      case let failure as ElementFailure: .element(path: path, index: failure.index, reason: failure.reason)
      case let reason as ElementError: .element(path: path, index: nil, reason: reason)
      case let reason as MetadataError: .metadata(path: path, reason: reason)
      default: .store(path: path, reason: error)
      }
  }

  /// Whether the work ended because its task or its monitor was cancelled.
  ///
  /// All calls of this library throw ``cancelled`` for that, those of `async` code too, and never `CancellationError`.
  public var isCancellation: Bool { if case .cancelled = self { true } else { false } }

  /// The reason why a chunk or a call failed, if it is one of the engine's.
  public var chunkError: ChunkError? {
    switch self {
    case .chunk(_, let reason): reason as? ChunkError
    case .limit(_, let reason): reason
    default: nil
    }
  }

  /// The reason why the store failed, if it is one of this library's.
  public var storeError: StoreError? {
    if case .store(_, let reason) = self { reason as? StoreError } else { nil }
  }
}

/// Calls `body`, whose errors become those of the node at `location`.
///
/// Every public call of a node goes through here, so that it throws nothing but ``ZarrError``. All that it waits for
/// ends soon when `monitor` is cancelled.
func zarrErrors<Result>(
  at location: @autoclosure () -> String, following monitor: ProgressMonitor? = nil,
  _ body: () throws -> Result
) throws(ZarrError) -> Result {
  do {
    return try monitor.whileCurrent(body)
  } catch {
    throw ZarrError(error, at: location())
  }
}

/// Calls `body` as ``zarrErrors(at:following:_:)`` does, but throws a ``CallerFailure`` as what the caller's code threw.
func zarrOrCallerErrors<Result>(
  at location: @autoclosure () -> String, following monitor: ProgressMonitor? = nil,
  _ body: () throws -> Result
) throws -> Result {
  do {
    return try monitor.whileCurrent(body)
  } catch let failure as CallerFailure {
    throw failure.error
  } catch {
    throw ZarrError(error, at: location())
  }
}

/// What the caller's code threw, on its way through that of the library.
struct CallerFailure: Error {
  let error: any Error

  /// Calls code of the caller.
  static func wrap<Result>(_ body: () throws -> Result) throws(CallerFailure) -> Result {
    do {
      return try body()
    } catch {
      throw CallerFailure(error: error)
    }
  }
}
