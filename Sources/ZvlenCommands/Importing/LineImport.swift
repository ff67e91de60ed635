import ChunkEngine
import Zarr
import ZarrPlatform
import ZarrRemote

/// Imports the lines of files and standard input into an array.
struct LineImport: ImportWork {
  /// The argument for standard input.
  static let standardInputName = "-"

  /// The name of standard input in errors.
  static let standardInputTitle = "standard input"

  /// The paths of the files.
  let paths: [String]

  /// The byte that ends a line.
  let terminator: UInt8

  let settings: ImportSettings

  /// The file for lines that cannot be elements, or nil if such a line ends the import.
  var skippedPath: String?

  var job: JSONObject {
    [
      "sources": .array(names.map(JSONValue.string)),
      "terminator": .integer(Int(terminator)), "options": .object(settings.encoding.json),
    ]
  }

  /// The names of the sources in the record.
  private var names: [String] {
    paths.map { $0 == Self.standardInputName ? $0 : (try? RemoteFile($0))?.name ?? FilePath.resolve($0) }
  }

  /// The state of an import.
  struct State {
    let appender: Appender
    var check: ElementCheck
    var position: ImportPosition
    var record: ImportRecord?

    /// Where lines go that cannot be elements.
    var skipped: SkippedLines?

    /// The position where this import began, if it adds to a complete one.
    var beginning: ImportPosition?

    /// The stored lines after the position.
    var stored: StoredElements?

    /// The advice for a source that has changed.
    var advice = ""

    /// Saves the position.
    mutating func save() throws {
      if let skipped {
        try skipped.flush()
        position.skipped = skipped.position
      }
      try record?.save(position)
    }

    /// Saves where the import began, before the array grows.
    ///
    /// The record of the import before does not include lines that are stored after it.
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

  func run(to destination: any NodeDestination, record: ImportRecord?) throws {
    if let record, record.isFound, record.position.isComplete, destination.hasNode,
      try isUnchanged(since: record.position)
    {
      return
    }
    var state = try begin(at: destination, record)
    if let skippedPath {
      let isContinued = record?.isFound == true && destination.hasNode
      state.skipped = try SkippedLines(
        path: skippedPath, terminator: terminator, continuing: isContinued ? state.position.skipped : nil,
        appends: destination.continuesExisting)
    }
    let progress = ProgressLine("importing", totalCount: try totalByteCount())
    defer { progress.clear() }
    do {
      // A source that you name twice has two positions.
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
      try state.save()
      state.skipped?.report()
    } catch {
      state.appender.cancel()
      throw error
    }
  }

  func isStored(in store: any Store) throws -> Bool {
    guard NodeEntry(in: store, at: .root)?.kind == .array else { return false }
    let array = try ZarrArray.open(in: store, access: settings.access)
    guard array.shape.count == 1, array.dataType == (settings.encoding.type ?? .string).dataType else {
      return false
    }
    var check = ElementCheck(settings.encoding.type, dataType: array.dataType)
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
            if isSkipped(line, &check) { return }
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

  /// Creates or opens the array, and finds the position to start from.
  private func begin(at destination: any NodeDestination, _ record: ImportRecord?) throws -> State {
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
    let advice = "without --resume, --append appends all lines of its sources"
    guard record.isFound else {
      if let sources = try sources(after: array, state.check, new.sources) {
        (state.position.sources, state.advice) = (sources, advice)
        let count = Quantity.count(array.shape[0], "line")
        StandardError.write(
          "zvlen: note: \(OneLine(destination.name)) has the first \(count) already, and gets those that follow; "
            + "\(advice)\n")
      }
      try record.save(state.position)
      return state
    }
    let found = record.position
    let first = found.firstElement + found.elementCount
    guard first <= array.shape[0] else {
      throw ToolError(
        "\(destination.name) has fewer elements than the import had stored in it; to import these sources again, remove "
          + "\(record.location)")
    }
    (state.position.sources, state.position.skipped) = (found.sources, found.skipped)
    var known = Dictionary(found.sources.map { ($0.name, 1) }, uniquingKeysWith: +)
    for source in new.sources {
      known[source.name, default: 0] -= 1
      if known[source.name, default: 0] < 0 { state.position.sources.append(source) }
    }
    state.advice =
      destination.continuesExisting ? advice : record.beginningAgain
    if found.isComplete {
      state.beginning = state.position
    } else {
      (state.position.firstElement, state.position.elementCount) = (found.firstElement, found.elementCount)
      state.stored = StoredElements(first..<array.shape[0], of: array)
    }
    if !destination.continuesExisting { allowDividing(state) }
    return state
  }

  /// The positions after the elements of an array that was imported without a record, if the sources begin with
  /// all of them, as a log does that has grown since; otherwise nil.
  private func sources(
    after array: ZarrArray, _ check: ElementCheck, _ new: [SourcePosition]
  ) throws -> [SourcePosition]? {
    // A stream cannot be read twice.
    guard array.shape[0] > 0, try paths.allSatisfy({ try status(of: $0) != nil }) else { return nil }
    var (sources, check) = (new, check)
    var stored = StoredElements(0..<array.shape[0], of: array)
    do {
      for (index, path) in paths.enumerated() {
        var reader = try reader(of: path)
        try reader.forEachBlock { block in
          let lines = sources[index].byteCount == 0 ? check.content(of: block) : block
          var byteCount = block.byteCount - lines.byteCount
          try lines.forEachLine(terminator) { line in
            guard stored.count > 0 else { return }
            let isSkipped = isSkipped(line, &check)
            guard try isSkipped || stored.takeNext(equalTo: line) else { throw OtherElement() }
            sources[index].lineCount += 1
            byteCount += line.byteCount + 1
          }
          sources[index].add(block.extracting(0..<min(byteCount, block.byteCount)), terminator)
          if stored.count == 0 { throw EndOfElements() }
        }
      }
    } catch is EndOfElements {
      return sources
    } catch let error where error is OtherElement || FailureKind(of: error) != .unavailable {
      // What cannot be compared is appended to.
    }
    return nil
  }

  /// Lets the appender divide the array into smaller chunks, which is possible while no reader can see it.
  private func allowDividing(_ state: State) {
    guard let record = state.record, settings.encoding.chunkCount == nil, !settings.encoding.evenChunks else {
      return
    }
    let new = ImportPosition(sources: state.position.sources.map { SourcePosition(name: $0.name) })
    state.appender.willDivide = {
      // If the import stops before that is done, it starts from the beginning.
      try record.save(new)
    }
  }

  /// The size and modification time of a file, or nil for a stream.
  private func status(of path: String) throws -> [Int]? {
    if let file = try RemoteFile(path) { return file.status }
    guard path != Self.standardInputName, let status = try FileStatus(of: path), status.isRegularFile else {
      return nil
    }
    return [status.byteCount] + status.modification
  }

  /// The total size of the files, or nil if one source is a stream.
  private func totalByteCount() throws -> Int? {
    var total = 0
    for path in paths {
      guard let byteCount = try status(of: path)?[0] else { return nil }
      total += byteCount
    }
    return total
  }

  /// The name of a source in errors.
  private func name(of path: String) -> String {
    path == Self.standardInputName ? Self.standardInputTitle : Stores.redacted(path)
  }

  private func reader(of path: String) throws -> LineReader {
    if let file = try RemoteFile(path) { return LineReader(file, terminator: terminator) }
    return try LineReader(
      path == Self.standardInputName
        ? OpenFile(borrowing: STDIN_FILENO, path: name(of: path)) : OpenFile(path),
      terminator: terminator)
  }

  /// Appends the lines of a source after its position.
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

  /// The error for a source that does not begin with its imported lines.
  private func changed(
    _ name: String, _ done: SourcePosition, _ advice: String, _ reason: String
  ) -> ToolError {
    ToolError(
      "\(Quantity.count(done.lineCount, "line")) (\(Quantity.count(done.byteCount, "byte"))) were imported from "
        + "\(name), and it \(reason); \(advice)")
  }

  /// Appends all lines of a reader.
  ///
  /// `offsets` returns where the new bytes of a block begin, and where their lines begin.
  ///
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
      var broken: Set<Int> = []
      // A line feed is never part of a longer character, so a block is UTF-8 if and only if all of its lines are.
      if state.check.isForEach || state.check.isText && !lines.isWellFormedText {
        let end = state.position.sources[index].byteCount + block.byteCount - start.bytes
        try forEachProblem(
          inLinesOf: lines, at: end - lines.byteCount, &state.check, name, firstLineNumber: lineNumber
        ) { number, error in
          guard state.skipped != nil else { throw error }
          broken.insert(number)
        }
      }
      let count = try append(linesOf: lines, name, firstLineNumber: lineNumber, except: broken, &state)
      state.position.elementCount += count.elements
      state.position.sources[index].lineCount += count.lines
      guard let record = state.record else {
        state.position.sources[index].byteCount += block.byteCount - start.bytes
        return
      }
      state.position.sources[index].add(block.extracting(start.bytes..<block.byteCount), terminator)
      if record.isDue, (state.stored?.count ?? 0) == 0 {
        try state.noteBeginning()
        try state.appender.checkpoint()
        try state.save()
      }
    }
  }

  /// Whether a line is left out because it cannot be an element.
  private func isSkipped(_ line: RawSpan, _ check: inout ElementCheck) -> Bool {
    guard skippedPath != nil else { return false }
    return line.byteCount > settings.largestElementByteCount || check.problem(of: line) != nil
  }

  /// Appends the lines of a block that are not stored yet, except for some, and returns the number of all lines, and of
  /// those that are elements.
  private func append(
    linesOf block: RawSpan, _ name: String, firstLineNumber: Int, except broken: Set<Int>,
    _ state: inout State
  ) throws -> (lines: Int, elements: Int) {
    var (count, skippedCount) = (0, 0)
    try block.forEachLine(terminator) { line in
      if let skipped = state.skipped,
        line.byteCount > settings.largestElementByteCount || broken.contains(firstLineNumber + count)
      {
        try skipped.add(line, number: firstLineNumber + count, of: name)
        count += 1
        skippedCount += 1
        return
      }
      guard line.byteCount <= settings.largestElementByteCount else {
        throw settings.tooLarge("\(name), line \(firstLineNumber + count),", byteCount: line.byteCount)
      }
      if let left = state.stored?.count, left > 0 {
        guard try state.stored?.takeNext(equalTo: line) == true else {
          throw ToolError(
            "\(name), line \(firstLineNumber + count) differs from the line that was imported before; a stopped "
              + "import goes on only with the same input")
        }
      } else {
        try state.appender.append(checked: line)
      }
      count += 1
    }
    return (count, count - skippedCount)
  }

  /// The lines in a block.
  ///
  /// The first block of a source loses a byte order mark before JSON.
  ///
  /// - Throws: ``ToolError`` if the source has no lines.
  @_lifetime(copy block)
  private func lines(
    of block: RawSpan, isFirst: Bool, _ check: ElementCheck, _ name: String
  ) throws(ToolError) -> RawSpan {
    guard isFirst else { return block }
    // Bytes between NUL bytes can be anything.
    if check.isText || terminator != 0, let form = SourceForm(block, isText: check.isText) {
      throw form.error(name)
    }
    return check.content(of: block)
  }

  /// Calls `body` with the number of each line of a block that cannot be an element, and the reason.
  private func forEachProblem(
    inLinesOf block: RawSpan, at byteOffset: Int, _ check: inout ElementCheck, _ name: String,
    firstLineNumber: Int, _ body: (Int, ToolError) throws -> Void
  ) throws {
    var number = firstLineNumber
    var offset = byteOffset
    try block.forEachLine(terminator) { line in
      if let problem = check.problem(of: line) {
        var advice = ""
        if problem.isEncoding {
          advice = "; if it is Latin-1, \(SourceForm.conversion(from: "LATIN1", name))"
          if !check.isJSON { advice += "; --type bytes stores it as it is" }
        }
        try body(
          number,
          ToolError(
            "\(name), line \(number) \(problem.reason) (byte \(problem.byteOffset) of the line, "
              + "\(offset + problem.byteOffset) of \(name))\(advice); --skip-bad leaves such lines out"))
      }
      number += 1
      offset += line.byteCount + 1
    }
  }
}

extension LineImport {
  /// Imports the lines of a part into an array that all parts fill.
  ///
  /// Each part reads all lines, so that each finds the same array and the same parts.
  func run(_ part: ImportPart, to destination: any NodeDestination) throws {
    let survey = try LineSurvey(of: paths, terminator: terminator)
    let type = settings.encoding.type ?? .string
    let check = ElementCheck(type, dataType: type.dataType)
    let appender = try settings.create(
      in: destination.store, options: settings.encoding.arrayOptions(type))
    let progress = ProgressLine("importing")
    defer { progress.clear() }
    // A whole import takes the size of chunks and shards from this many lines, or fewer.
    let sampleCount = survey.lineCount(withByteCount: max(settings.encoding.chunkByteCount, 1 << 20))
    try append(survey.extents(of: 0..<sampleCount), check, to: appender, progress)
    var model = try appender.finish()
    let count = model.chunkShape[0]
    let fitting =
      settings.encoding.chunkCount == nil
      ? survey.sizes.elementCount(atMost: count, limit: settings.chunkByteLimit) : count
    if fitting < count {
      // Later lines are so large that chunks of this many lines would be too large.
      try destination.store.deleteAll("")
      var options = settings.encoding.arrayOptions(type)
      options.chunkSize = .rows(fitting)
      if let shardLength = model.shardShape?[0] { options.shardSize = .rows(shardLength / count * fitting) }
      model = try ZarrArray.create(
        in: destination.store, shape: [0], options: options, access: settings.access)
    }
    // The lines that decided the chunk size are removed. Their parts import them.
    try model.write(blobs: RepeatedBlob(model.metadata.fillValue, count: model.shape[0]))
    try model.resize(to: [survey.count])

    let plan = try destination.share([model], partCount: part.count)[0]
    let rows = part.rows(of: plan)
    // The lines that decided the chunk size do not count.
    let filling = ProgressMonitor(partOf: Interruption.monitor)
    WorkReport.count(only: filling)
    let filler = try settings.filling(rows, of: plan.array, monitor: filling)
    do {
      try append(survey.extents(of: rows), check, to: filler, progress)
      try filler.finish()
    } catch {
      filler.cancel()
      throw error
    }
    try part.finish([plan])
  }

  private func append(
    _ extents: [LineSurvey.Extent], _ check: ElementCheck, to appender: Appender, _ progress: ProgressLine
  ) throws {
    var state = State(
      appender: appender, check: check, position: ImportPosition(sources: [SourcePosition()]))
    for extent in extents {
      state.position.sources[0].lineCount = extent.firstLineNumber - 1
      state.position.sources[0].byteCount = extent.bytes.lowerBound
      let reader = try LineReader(OpenFile(extent.path), terminator: terminator, bytes: extent.bytes)
      try append(reader, extent.path, 0, &state, progress)
    }
  }
}
