import ChunkEngine
import Glibc
import Zarr

/// Puts the lines of files and of standard input into an array.
struct LineImport: ImportWork {
  /// The name that stands for standard input.
  static let standardInputName = "-"

  /// What errors call standard input.
  static let standardInputTitle = "standard input"

  /// The paths of the files.
  let paths: [String]

  /// What ends a line.
  let terminator: UInt8

  let settings: ImportSettings

  func job() throws -> JSONObject {
    let sources = try paths.map { path -> JSONValue in
      guard path != Self.standardInputName, let status = try FileStatus(of: path), status.isRegularFile else {
        return .object(["path": .string(path)])
      }
      return .object([
        "path": .string(NodeDestination.resolve(path)), "bytes": .integer(status.byteCount),
        "modified": .array(status.modification.map { .integer($0) }),
      ])
    }
    return [
      "sources": .array(sources), "terminator": .integer(Int(terminator)),
      "options": .object(settings.encoding.json),
    ]
  }

  /// Where an import is.
  struct State {
    let appender: Appender
    var check: ElementCheck
    var position: ImportPosition
    var record: ImportRecord?

    /// The lines of the sources that are stored already.
    var stored: StoredElements?
  }

  func run(to destination: NodeDestination, record: ImportRecord?) throws {
    var state = try begin(at: destination, record)
    let progress = ProgressLine("importing", totalCount: try totalByteCount())
    defer { progress.clear() }
    do {
      for (index, path) in paths.enumerated().dropFirst(state.position.source) {
        if index > state.position.source {
          state.position.source = index
          (state.position.byteOffset, state.position.lineCount) = (0, 0)
        }
        try append(path, &state, progress)
      }
      if let count = state.stored?.count, count > 0 {
        throw ToolError("the sources end \(Quantity.count(count, "line")) before what is stored of them")
      }
      try state.appender.finish()
      state.position.isComplete = true
      try record?.save(state.position)
    } catch {
      state.appender.cancel()
      throw error
    }
  }

  func isStored(in store: FileStore) throws -> Bool {
    guard NodeEntry(in: store, at: .root)?.kind == .array else { return false }
    let array = try ZarrArray.open(in: store, access: settings.access)
    guard array.shape.count == 1, array.dataType == (settings.encoding.type ?? .string).dataType else {
      return false
    }
    let check = ElementCheck(settings.encoding.type, dataType: array.dataType)
    var stored = StoredElements(0..<array.shape[0], of: array)
    let progress = ProgressLine("comparing", totalCount: try totalByteCount())
    defer { progress.clear() }
    do {
      for path in paths {
        var reader = try reader(of: path)
        var isFirst = true
        try reader.forEachBlock { block in
          let lines = isFirst ? check.content(of: block) : block
          isFirst = false
          try lines.forEachLine(terminator) { line in
            guard stored.count > 0, try stored.takeNext(equalTo: line) else { throw OtherElement() }
          }
          progress.add(block.byteCount, byteCount: block.byteCount)
        }
      }
    } catch is OtherElement {
      return false
    }
    return stored.count == 0
  }

  /// Creates or opens the array, and finds where to go on.
  private func begin(at destination: NodeDestination, _ record: ImportRecord?) throws -> State {
    let encoding = settings.encoding
    let isThere = destination.continuesExisting || record?.isFound == true && destination.hasNode
    guard isThere else {
      let type = encoding.type ?? .string
      try record?.save(ImportPosition())
      return State(
        appender: try settings.create(in: destination.store, options: encoding.arrayOptions(type)),
        check: ElementCheck(type, dataType: type.dataType), position: ImportPosition(), record: record)
    }
    let array = try ZarrArray.open(in: destination.store, access: settings.access)
    try settings.checkContinuable(array, type: encoding.type)
    var state = State(
      appender: try settings.continuing(array), check: ElementCheck(encoding.type, dataType: array.dataType),
      position: ImportPosition(), record: record)
    guard let record else { return state }
    guard record.isFound else {
      state.position.firstElement = array.shape[0]
      try record.save(state.position)
      return state
    }
    state.position = record.position
    if state.position.source < paths.count, try !isSeekable(paths[state.position.source]) {
      // It is read again from its beginning.
      state.position.elementCount -= state.position.lineCount
      (state.position.byteOffset, state.position.lineCount) = (0, 0)
    }
    let first = state.position.firstElement + state.position.elementCount
    guard first <= array.shape[0] else {
      throw ToolError("\(destination.path) has fewer elements than the import had stored in it")
    }
    state.stored = StoredElements(first..<array.shape[0], of: array)
    return state
  }

  /// Whether a source can be read from anywhere.
  private func isSeekable(_ path: String) throws -> Bool {
    try path != Self.standardInputName && FileStatus(of: path)?.isRegularFile == true
  }

  /// The size of all files, or nil if one of them is a stream.
  private func totalByteCount() throws -> Int? {
    var total = 0
    for path in paths {
      guard path != Self.standardInputName, let status = try FileStatus(of: path), status.isRegularFile else {
        return nil
      }
      total += status.byteCount
    }
    return total
  }

  /// What errors call a source.
  private func name(of path: String) -> String {
    path == Self.standardInputName ? Self.standardInputTitle : path
  }

  private func reader(of path: String) throws -> LineReader {
    try LineReader(
      path == Self.standardInputName
        ? OpenFile(borrowing: STDIN_FILENO, path: name(of: path)) : OpenFile(path),
      terminator: terminator)
  }

  private func append(_ path: String, _ state: inout State, _ progress: ProgressLine) throws {
    let reader = try reader(of: path)
    if state.position.byteOffset > 0 { try reader.seek(to: state.position.byteOffset) }
    progress.add(state.position.byteOffset, byteCount: 0)
    try append(reader, name(of: path), &state, progress)
  }

  /// Appends all lines that a reader has.
  func append(
    _ reader: consuming LineReader, _ name: String, _ state: inout State, _ progress: ProgressLine
  ) throws {
    try reader.forEachBlock { block in
      let lineNumber = state.position.lineCount + 1
      let lines = try lines(of: block, isFirst: lineNumber == 1, state.check, name)
      // No line feed is part of a character, so that a block is UTF-8 if and only if all its lines are.
      if state.check.isJSON || state.check.isText && !lines.isWellFormedText {
        try expect(
          linesOf: lines, at: state.position.byteOffset + block.byteCount - lines.byteCount, &state.check,
          name,
          firstLineNumber: lineNumber)
      }
      let count = try append(linesOf: lines, name, firstLineNumber: lineNumber, &state)
      progress.add(block.byteCount, byteCount: block.byteCount)
      state.position.byteOffset += block.byteCount
      state.position.lineCount += count
      state.position.elementCount += count
      if let record = state.record, record.isDue, (state.stored?.count ?? 0) == 0 {
        try state.appender.checkpoint()
        try record.save(state.position)
      }
    }
  }

  /// Appends the lines of a block, but for those that are stored, and returns their number.
  private func append(
    linesOf block: RawSpan, _ name: String, firstLineNumber: Int, _ state: inout State
  ) throws -> Int {
    var count = 0
    try block.forEachLine(terminator) { line in
      guard line.byteCount <= settings.largestElementByteCount else {
        throw settings.tooLarge("\(name), line \(firstLineNumber + count),", byteCount: line.byteCount)
      }
      if let left = state.stored?.count, left > 0 {
        guard try state.stored?.takeNext(equalTo: line) == true else {
          throw ToolError(
            "\(name), line \(firstLineNumber + count) is not what was imported from there before; a stopped "
              + "import goes on with the same input only")
        }
      } else {
        try state.appender.append(line)
      }
      count += 1
    }
    return count
  }

  /// The lines that are in a block: of the first one of a source, all but a byte order mark in front of JSON.
  ///
  /// - Throws: ``ToolError`` if a source holds no lines at all.
  @_lifetime(copy block)
  private func lines(
    of block: RawSpan, isFirst: Bool, _ check: ElementCheck, _ name: String
  ) throws(ToolError) -> RawSpan {
    guard isFirst else { return block }
    // Bytes that end with a NUL byte may be anything.
    if check.isText || terminator != 0, let form = SourceForm(block, isText: check.isText) {
      throw form.error(name)
    }
    return check.content(of: block)
  }

  /// Looks at each line of a block, and throws for the first one that cannot be an element.
  private func expect(
    linesOf block: RawSpan, at byteOffset: Int, _ check: inout ElementCheck, _ name: String,
    firstLineNumber: Int
  ) throws {
    var number = firstLineNumber
    var offset = byteOffset
    try block.forEachLine(terminator) { line in
      if let problem = check.problem(of: line) {
        var advice = ""
        if problem.isEncoding {
          advice = "; if it is Latin-1, \(SourceForm.conversion(from: "LATIN1", name))"
          if !check.isJSON { advice += "; --type bytes takes it as it is" }
        }
        throw ToolError(
          "\(name), line \(number) \(problem.reason) (byte \(problem.byteOffset) of the line, "
            + "\(offset + problem.byteOffset) of \(name))\(advice)")
      }
      number += 1
      offset += line.byteCount + 1
    }
  }
}
