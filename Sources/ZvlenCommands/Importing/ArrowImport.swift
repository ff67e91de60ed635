import ChunkEngine
import Zarr

/// Imports a column of Arrow files or of an Arrow stream into an array.
///
/// An element is null in an array of optional elements. A new array is one if a file has such an element. Of a stream,
/// this is not known before its end.
struct ArrowImport: ImportWork {
  /// The paths of the files, or of standard input.
  let paths: [String]

  /// The name of the column.
  let column: String

  let settings: ImportSettings

  /// What the sources have.
  private var found: (type: ElementType, hasNulls: Bool)?

  /// Those that can be read only once.
  private var streams: [String: ArrowReader] = [:]

  init(_ paths: [String], column: String, settings: ImportSettings) {
    (self.paths, self.column, self.settings) = (paths, column, settings)
  }

  var job: JSONObject { [:] }

  mutating func survey(excluding ownPaths: [String]) throws {
    guard found == nil else { return }
    for path in paths {
      let reader = try makeReader(path)
      if !reader.isRegularFile { streams[path] = reader }
      let hasNulls = try reader.isRegularFile && reader.hasNulls()
      if let found, found.type != reader.type {
        throw ToolError(
          "column \(column) has \(found.type.rawValue) in \(paths[0]) and \(reader.type.rawValue) in \(path); import "
            + "them separately, or use --type")
      }
      found = (reader.type, hasNulls || found?.hasNulls == true)
    }
  }

  private func makeReader(_ path: String) throws -> ArrowReader {
    try ArrowReader(path, column: column, limit: settings.access.limits.decodedByteCountPerChunk)
  }

  func run(to destination: any NodeDestination, record: ImportRecord?) throws {
    guard let found else { return }
    let (appender, dataType) = try begin(at: destination, found.type, hasNulls: found.hasNulls)
    let isOptional = if case .optional = dataType { true } else { false }
    let inner = if case .optional(let inner) = dataType { inner } else { dataType }
    var check = ElementCheck(settings.encoding.type, dataType: inner)
    let progress = ProgressLine("importing")
    defer { progress.clear() }
    var bytes: [UInt8] = []
    do {
      for path in paths {
        let reader = try streams[path] ?? makeReader(path)
        try reader.forEachElement(
          limit: settings.largestElementByteCount, tooLarge: { settings.tooLarge($0, byteCount: $1) }
        ) { name, element in
          guard let element else {
            guard isOptional else { throw Self.noNulls(name(), isNew: !destination.continuesExisting) }
            return try appender.append(checked: [0].rawSpan)
          }
          if let problem = check.problem(of: element) { throw ToolError("\(name()) \(problem.reason)") }
          if isOptional {
            bytes.removeAll(keepingCapacity: true)
            bytes.append(1)
            unsafe element.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
            try appender.append(checked: bytes.rawSpan)
          } else {
            try appender.append(checked: element)
          }
          progress.add(1, byteCount: element.byteCount)
        }
      }
      try appender.finish()
    } catch {
      appender.cancel()
      throw error
    }
  }

  private static func noNulls(_ name: String, isNew: Bool) -> ToolError {
    ToolError(
      "\(name) is null, and the elements of the array cannot be; "
        + (isNew
          ? "import a file instead of a stream, which is searched for nulls first"
          : "append to an array of optional elements, or replace the nulls"))
  }

  private func begin(
    at destination: any NodeDestination, _ type: ElementType, hasNulls: Bool
  ) throws -> (Appender, DataType) {
    guard destination.continuesExisting else {
      let type = settings.encoding.type ?? type
      let dataType: DataType = hasNulls ? .optional(type.dataType) : type.dataType
      var options = settings.encoding.arrayOptions(type)
      options.dataType = dataType
      return (try settings.create(in: destination.store, options: options), dataType)
    }
    let array = try ZarrArray.open(in: destination.store, access: settings.access)
    try settings.checkContinuable(array, type: settings.encoding.type)
    let inner = if case .optional(let inner) = array.dataType { inner } else { array.dataType }
    guard [.bytes, .string, .json].contains(inner) else {
      throw ToolError(
        "\(array.location) has elements of type \(array.dataType.name), and a column of text or bytes cannot be appended"
      )
    }
    return (try settings.continuing(array), array.dataType)
  }

  func run(_ part: ImportPart, to destination: any NodeDestination) throws {
    throw ToolError("--part and --column exclude each other; import whole files")
  }
}
