import Foundation
import Zarr

/// Remembers how far an import has come, in a file beside what it writes, so that the same import can go on.
///
///     data.zarr                    what the import makes
///     .data.zarr.import.json       this record
///     .data.zarr.import.partial    the array or group until it is whole, unless data.zarr is continued
final class ImportRecord {
  /// The path of what the import makes.
  private let path: String

  /// Where the record is.
  var location: String { "\(store.location)/\(key)" }

  private let store: FileStore
  private let key: StoreKey

  /// What is imported, and how.
  private let job: JSONObject

  /// How far the import has come.
  private(set) var position: ImportPosition

  /// Whether there was a record of the same import, or of one that this one adds to.
  let isFound: Bool

  /// Whether that import had the same options for new arrays.
  let hasSameOptions: Bool

  private let interval: Duration
  private var lastSaving = ContinuousClock.now

  /// The most bytes of a record.
  private static let maximumByteCount = 16 << 20

  /// Reads the record of an import, or begins one, which is not stored yet.
  ///
  /// - Parameters:
  ///   - path: The path of what the import makes, links resolved. The directory above it exists.
  ///   - job: What is imported, and how; a record of another job that is not complete is an error.
  ///   - adds: Whether it goes to the end of what imports before have made. Lines of other sources then add to
  ///     those that are known.
  ///   - interval: The time between checkpoints.
  ///   - durability: What the record survives.
  /// - Throws: ``ToolError`` that says what stands in the way, and `StoreError`.
  init(
    of path: String, job: JSONObject, adds: Bool, interval: Duration, durability: Durability
  ) throws {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let name = URL(fileURLWithPath: path).lastPathComponent
    store = try FileStore(creating: directory, durability: durability)
    key = try StoreKey(".\(name).import.json")
    self.path = path
    self.job = job
    self.interval = interval
    // Of a record that was being written when its import was killed.
    try store.sweepTemporaryFiles(of: key, olderThan: .zero)
    guard let bytes = try store.bytes(of: key, limit: Self.maximumByteCount) else {
      (isFound, hasSameOptions) = (false, false)
      position = ImportPosition()
      return
    }
    guard case .object(let record)? = try? JSONParser().parse(bytes),
      case .object(let members)? = record["position"], let position = ImportPosition(members),
      case .object(let recorded)? = record["job"]
    else {
      throw ToolError(
        "\(directory)/\(key) is not what an import writes; remove it and what else is there of the import, "
          + "\(Self.workingPath(of: path)), to begin again")
    }
    let isOfLines = job["sources"] != nil && recorded["sources"] != nil
    isFound =
      recorded == job
      || adds && position.isComplete && isOfLines && recorded["terminator"] == job["terminator"]
    hasSameOptions = isFound && recorded["options"] == job["options"]
    self.position = isFound ? position : ImportPosition()
    guard isFound || position.isComplete else {
      throw ToolError(
        "an import to \(path) was stopped, and \(Self.difference(recorded, job)); go on with the same sources "
          + "and options, or remove \(directory)/\(key) and \(Self.workingPath(of: path)) to begin again")
    }
  }

  /// Whether what an import makes is in its place already, and not to be moved there.
  static func isInPlace(_ path: String) throws -> Bool {
    try FileStatus(of: workingPath(of: path)) == nil && NodeDestination.isNode(path)
  }

  /// Where a new array or group is until it is whole.
  static func workingPath(of path: String) -> String {
    let url = URL(fileURLWithPath: path)
    return url.deletingLastPathComponent().path + "/.\(url.lastPathComponent).import.partial"
  }

  /// Whether it is time for a checkpoint.
  var isDue: Bool { lastSaving.duration(to: .now) >= interval }

  /// Stores how far the import has come.
  ///
  /// - Precondition: What is in front of the position is stored.
  func save(_ position: ImportPosition) throws {
    self.position = position
    let record: JSONObject = [
      "job": .object(job), "position": .object(position.json),
    ]
    let bytes = JSONWriter().bytes(of: .object(record))
    // SAFETY: Bytes have no padding.
    try store.write(key, unsafe bytes.span.bytes)
    lastSaving = .now
  }

  /// Forgets the import.
  func remove() throws {
    try store.delete(key)
  }

  /// What to do to begin again with what nobody has seen yet.
  var beginningAgain: String { "remove \(location) and \(Self.workingPath(of: path)) to begin again" }

  /// What two jobs do not have in common, in words that follow "and".
  private static func difference(_ old: JSONObject, _ new: JSONObject) -> String {
    for (name, value) in new where old[name] != value {
      let before = old[name].map {
        String(decoding: JSONWriter(style: .compact).bytes(of: $0), as: UTF8.self)
      }
      let now = String(decoding: JSONWriter(style: .compact).bytes(of: value), as: UTF8.self)
      return "its \(name) were \(before ?? "not said") and are now \(now)"
    }
    return "it was another one"
  }
}
