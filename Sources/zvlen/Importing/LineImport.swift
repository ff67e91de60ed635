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

  var job: JSONObject {
    [
      "sources": .array(names.map(JSONValue.string)),
      "terminator": .integer(Int(terminator)), "options": .object(settings.encoding.json),
    ]
  }

  /// What the record calls the sources.
  private var names: [String] {
    paths.map { $0 == Self.standardInputName ? $0 : NodeDestination.resolve($0) }
  }

  /// Where an import is.
  struct State {
    let appender: Appender
    var check: ElementCheck
    var position: ImportPosition
    var record: ImportRecord?

    /// The position where this import began, if it adds to one that had come to its end.
    var beginning: ImportPosition?

    /// The lines of the sources that are stored already, behind those of the position.
    var stored: StoredElements?

    /// What to do where a source has changed.
    var advice = ""

    /// Stores where the import began before the array gets longer: the record of the one before is at its end,
    /// and knows nothing of lines that are stored after it.
    mutating func noteBeginning() throws {
      if let beginning { try record?.save(beginning) }
      beginning = nil
    }
  }

  func survey(excluding ownPaths: [String]) {}

  func isUnchanged(since position: ImportPosition) throws -> Bool {
    guard names == position.sources.map(\.name) else { return false }
    return try zip(paths, position.sources).allSatisfy { path, source in
      try status(of: path).map { $0 == source.status && $0[0] == source.byteCount } ?? false
    }
  }

  func run(to destination: NodeDestination, record: ImportRecord?) throws {
    if let record, record.isFound, record.position.isComplete, destination.hasNode,
      try isUnchanged(since: record.position)
    {
      return
    }
    var state = try begin(at: destination, record)
    let progress = ProgressLine("importing", totalCount: try totalByteCount())
    defer { progress.clear() }
    do {
      // A source that is named twice has two positions.
      var known: [String: [Int]] = [:]
      for (index, source) in state.position.sources.enumerated().reversed() {
        known[source.name, default: []].append(index)
      }
      for (path, name) in zip(paths, names) {
        guard let index = known[name]?.popLast() else { continue }
        try append(path, index, &state, progress)
      }
      if let count = state.stored?.count, count > 0 {
        throw ToolError("the sources end \(Quantity.count(count, "line")) before what is stored of them")
      }
      if state.position.elementCount > 0 { try state.noteBeginning() }
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
    let new = ImportPosition(sources: names.map { SourcePosition(name: $0) })
    let isThere = destination.continuesExisting || record?.isFound == true && destination.hasNode
    guard isThere else {
      let type = encoding.type ?? .string
      try record?.save(new)
      let state = State(
        appender: try settings.create(in: destination.store, options: encoding.arrayOptions(type)),
        check: ElementCheck(type, dataType: type.dataType), position: new, record: record)
      allowDividing(state)
      return state
    }
    let array = try ZarrArray.open(in: destination.store, access: settings.access)
    try settings.checkContinuable(array, type: encoding.type)
    var state = State(
      appender: try settings.continuing(array), check: ElementCheck(encoding.type, dataType: array.dataType),
      position: new, record: record)
    state.position.firstElement = array.shape[0]
    guard let record else { return state }
    guard record.isFound else {
      try record.save(state.position)
      return state
    }
    let found = record.position
    let first = found.firstElement + found.elementCount
    guard first <= array.shape[0] else {
      throw ToolError(
        "\(destination.path) has fewer elements than the import had stored in it; remove \(record.location) "
          + "if these sources are to be imported again")
    }
    state.position.sources = found.sources
    var known = Dictionary(found.sources.map { ($0.name, 1) }, uniquingKeysWith: +)
    for source in new.sources {
      known[source.name, default: 0] -= 1
      if known[source.name, default: 0] < 0 { state.position.sources.append(source) }
    }
    state.advice =
      destination.continuesExisting
      ? "without --resume, --append appends all lines of its sources"
      : record.beginningAgain
    if found.isComplete {
      state.beginning = state.position
    } else {
      (state.position.firstElement, state.position.elementCount) = (found.firstElement, found.elementCount)
      state.stored = StoredElements(first..<array.shape[0], of: array)
    }
    if !destination.continuesExisting { allowDividing(state) }
    return state
  }

  /// Lets the array be divided into smaller chunks, which nobody else knows of.
  private func allowDividing(_ state: State) {
    guard let record = state.record, settings.encoding.chunkCount == nil, !settings.encoding.evenChunks else {
      return
    }
    let new = ImportPosition(sources: state.position.sources.map { SourcePosition(name: $0.name) })
    state.appender.willDivide = {
      // Until it is done the import would begin again.
      try record.save(new)
    }
  }

  /// What tells whether a file has changed, or nil for a stream.
  private func status(of path: String) throws -> [Int]? {
    guard path != Self.standardInputName, let status = try FileStatus(of: path), status.isRegularFile else {
      return nil
    }
    return [status.byteCount] + status.modification
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

  /// Appends the lines of a source, but for those that are imported.
  private func append(
    _ path: String, _ index: Int, _ state: inout State, _ progress: ProgressLine
  ) throws {
    let name = name(of: path)
    let (done, advice) = (state.position.sources[index], state.advice)
    let status = try status(of: path)
    var isChecked = done.byteCount == 0
    let reader = try reader(of: path)
    if let status {
      guard status[0] >= done.byteCount else {
        throw changed(name, done, advice, "has only \(status[0]) bytes now")
      }
      if status == done.status {
        isChecked = true
        try reader.seek(to: done.byteCount)
        progress.add(done.byteCount, byteCount: 0)
      }
      state.position.sources[index].status = status
    }
    var seen = SourcePosition()
    try append(reader, name, index, &state, progress) { block in
      guard !isChecked else { return (0, 0) }
      let count = min(block.byteCount, done.byteCount - seen.byteCount)
      seen.add(block.extracting(0..<count), terminator)
      guard seen.byteCount == done.byteCount else { return (count, count) }
      guard seen.checksum == done.checksum else {
        throw changed(name, done, advice, "begins in another way now")
      }
      isChecked = true
      guard count < block.byteCount, !done.isTerminated else { return (count, count) }
      guard unsafe block.unsafeLoad(fromByteOffset: count, as: UInt8.self) == terminator else {
        throw changed(name, done, advice, "goes on in line \(done.lineCount), which had no end then")
      }
      return (count, count + 1)
    }
    guard isChecked else { throw changed(name, done, advice, "has only \(seen.byteCount) bytes now") }
  }

  /// The error for a source that does not begin with what was imported from it.
  private func changed(
    _ name: String, _ done: SourcePosition, _ advice: String, _ reason: String
  ) -> ToolError {
    ToolError(
      "\(Quantity.count(done.lineCount, "line")) (\(Quantity.count(done.byteCount, "byte"))) were imported from "
        + "\(name), and it \(reason); \(advice)")
  }

  /// Appends all lines that a reader has.
  ///
  /// - Parameters:
  ///   - reader: Hands out the lines.
  ///   - name: What errors call the source.
  ///   - index: The position of the source among all.
  ///   - state: Where the import is.
  ///   - progress: Shows it.
  ///   - offsets: Where the bytes of a block begin that are not imported yet, and their lines.
  /// - Throws: ``ToolError`` for a line that cannot be an element, and what reading and writing throw.
  func append(
    _ reader: consuming LineReader, _ name: String, _ index: Int, _ state: inout State,
    _ progress: ProgressLine, from offsets: (RawSpan) throws -> (bytes: Int, lines: Int) = { _ in (0, 0) }
  ) throws {
    try reader.forEachBlock { block in
      progress.add(block.byteCount, byteCount: block.byteCount)
      let start = try offsets(block)
      guard start.bytes < block.byteCount else { return }
      let lineNumber = state.position.sources[index].lineCount + 1
      let lines = try lines(
        of: block.extracting(start.lines..<block.byteCount), isFirst: lineNumber == 1, state.check, name)
      // No line feed is part of a character, so that a block is UTF-8 if and only if all its lines are.
      if state.check.isJSON || state.check.isText && !lines.isWellFormedText {
        let end = state.position.sources[index].byteCount + block.byteCount - start.bytes
        try expect(
          linesOf: lines, at: end - lines.byteCount, &state.check, name, firstLineNumber: lineNumber)
      }
      let count = try append(linesOf: lines, name, firstLineNumber: lineNumber, &state)
      state.position.elementCount += count
      state.position.sources[index].lineCount += count
      guard let record = state.record else {
        state.position.sources[index].byteCount += block.byteCount - start.bytes
        return
      }
      state.position.sources[index].add(block.extracting(start.bytes..<block.byteCount), terminator)
      if record.isDue, (state.stored?.count ?? 0) == 0 {
        try state.noteBeginning()
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
        try state.appender.append(checked: line)
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
