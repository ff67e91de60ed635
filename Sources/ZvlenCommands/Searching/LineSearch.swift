import ChunkEngine
import Synchronization
import Zarr
import ZarrPlatform

/// Searches the elements of an array line by line, on all workers, and writes what it finds in order.
struct LineSearch: Sendable {
  /// What is written of lines that are found.
  enum Output: Sendable {
    /// The lines.
    case lines
    /// The parts of lines that match, each on a line of its own.
    case parts
    /// The number of lines: of all, or of each file that has some.
    case counts
    /// The name of each element that has one, once.
    case names
    /// Nothing.
    case nothing
  }

  /// Bytes that every line that is found has, or nil if there are none that all of them have.
  fileprivate var necessaryBytes: BytePattern? {
    isInverted ? nil : pattern.necessaryBytes
  }

  /// What is searched: all elements of an array, or the contents of files.
  let array: ZarrArray

  /// The files whose contents these are, or nil for an array.
  let files: FileTreeGroup?

  /// The number of elements, in C order.
  let count: Int

  /// What lines are searched for.
  let pattern: LinePattern

  /// What elements have to be.
  let conditions: JSONConditions

  /// Whether lines that do not match are found.
  let isInverted: Bool

  let output: Output

  /// The most lines, or nil for all.
  let maximumCount: Int?

  /// Whether the name of an element comes before its lines.
  let showsNames: Bool

  /// Whether the number of a line in its element comes before it.
  let showsLineNumbers: Bool

  /// Whether a NUL byte ends names.
  let endsNamesWithNull: Bool

  /// How many lines of an element are written before and after each that is found, or nil for none and no separators.
  let context: (before: Int, after: Int)?

  /// Whether lines of elements with NUL bytes are written like others.
  let showsBinary: Bool

  /// Whether the lines are for a terminal: control characters are then spelled out.
  let isForTerminal: Bool

  /// Whether names and matches have colours.
  let isColored: Bool

  /// Whether other lines are written with those that are found.
  fileprivate var hasContext: Bool { output == .lines && context != nil }

  /// Searches all elements.
  ///
  /// - Parameter stream: Where what is found goes. If this throws, what comes before the error has been written.
  /// - Returns: The number of lines that were found, and of elements that could not be searched.
  /// - Throws: What reading and writing throw.
  func run(to stream: OutputStream) throws -> (lineCount: Int, problemCount: Int) {
    let progress = ProgressLine("searching", totalCount: count)
    defer { progress.clear() }
    let found = FoundLines(self, stream, progress)
    let searches = WorkerPool { LinePattern.Search(pattern) }
    try stream.flushing {
      do {
        if array.shape.count == 1 {
          try scan(to: found, searches, progress)
        } else {
          // The chunks of a row of chunks have to be put together.
          try array.forEachBlock(monitor: Interruption.monitor) {
            try search($0, to: found, searches, progress)
          }
        }
      } catch is EnoughLines {}
      try found.finish()
    }
    return found.counts
  }

  /// Searches an array of one dimension while its chunks are decoded.
  ///
  /// It goes through the array part by part, so that what is found far ahead does not fill the memory.
  private func scan(
    to found: FoundLines, _ searches: WorkerPool<LinePattern.Search>, _ progress: ProgressLine
  ) throws {
    let unit = (array.shardShape ?? array.chunkShape)[0]
    let seen = Atomic(0)
    var (start, mean) = (0, 256)
    while start < count {
      let wanted = max(Self.partByteCount / max(1, mean), array.access.workerCount)
      let (rows, overflow) = (wanted / unit + 1).multipliedReportingOverflow(by: unit)
      let part = start..<(overflow ? count : min(count - start, rows) + start)
      seen.store(0, ordering: .relaxed)
      try array.scan([part], monitor: Interruption.monitor) { region, blobs in
        let byteCount = blobs.byteCount
        seen.wrappingAdd(byteCount, ordering: .relaxed)
        let lines = try searches.withState { try find(in: blobs, from: region.ranges[0].lowerBound, $0) }
        try found.add(lines, of: region.ranges[0])
        if !isForTerminal { progress.add(blobs.count, byteCount: byteCount) }
      }
      mean = seen.load(ordering: .relaxed) / part.count
      start = part.upperBound
    }
  }

  /// Searches a block on all workers.
  private func search(
    _ block: ElementBlock<BlobView>, to found: FoundLines, _ searches: WorkerPool<LinePattern.Search>,
    _ progress: ProgressLine
  ) throws {
    let count = block.elements.count
    // Some parts take longer than others.
    let partCount = min(count, array.access.workerCount * 4)
    do {
      try ParallelChunks.forEachIndex(
        below: partCount, workerCount: array.access.workerCount, pool: searches,
        isCancelled: { Interruption.monitor.isCancelled }
      ) { number, search in
        let range = count * number / partCount..<count * (number + 1) / partCount
        let blobs = block.elements.blobs.extracting(range)
        let start = block.offset + range.lowerBound
        try found.add(find(in: blobs, from: start, search), of: start..<start + blobs.count)
        if !isForTerminal { progress.add(blobs.count, byteCount: blobs.byteCount) }
      }
    } catch {
      if case ChunkError.cancelled = error.reason { throw ZarrError.cancelled }
      throw error.reason
    }
  }

  /// About how many bytes of elements are searched before what was found in all of them has been written.
  private static let partByteCount = 256 << 20

  /// Finds the lines of some elements.
  private func find(
    in blobs: BlobSpan, from offset: Int, _ search: LinePattern.Search
  ) throws -> FoundLines.Part {
    var block = BlockSearch(self, search, elements: offset..<offset + blobs.count)
    try block.run(blobs)
    return block.part
  }
}

/// Ends a search that has found enough.
private struct EnoughLines: Error {}

/// Finds lines in elements that follow each other.
private struct BlockSearch {
  private let options: LineSearch
  private let search: LinePattern.Search

  /// The places of the elements in the array.
  private let elements: Range<Int>
  private let form: Form
  private let elementText: ElementText
  private var text: [UInt8] = []

  /// The paths of the elements, read when the first one is needed.
  private var paths: BlobView?

  /// What was found.
  private(set) var part = FoundLines.Part()

  /// How elements become lines.
  private enum Form: Equatable {
    /// As they are. Bytes may have anything in them.
    case blob(isText: Bool)
    /// Without padding.
    case padded
    /// As JSON.
    case json
  }

  init(_ options: LineSearch, _ search: LinePattern.Search, elements: Range<Int>) {
    self.options = options
    self.search = search
    self.elements = elements
    let type = options.array.dataType
    form =
      if type.isPadded {
        .padded
      } else if type.isBlob {
        .blob(isText: type.elementsAreText)
      } else {
        .json
      }
    elementText = ElementText(type, .element)
  }

  /// Whether a thread has found as many lines as are wanted of all.
  private var isFull: Bool { options.maximumCount.map { part.count >= $0 } ?? false }

  mutating func run(_ blobs: BlobSpan) throws {
    if let bytes = options.necessaryBytes, case .blob = form {
      return try blobs.forEachRun { elements, run in
        try unsafe run.withUnsafeBytes { unsafe try find(bytes, in: $0, elements, of: blobs) }
      }
    }
    for index in blobs.indices where !isFull {
      if case .blob = form {
        try unsafe blobs[index].withUnsafeBytes { unsafe try findLines(of: $0, index) }
      } else {
        convert(blobs[index])
        let text = text
        try unsafe text.withUnsafeBytes { unsafe try findLines(of: $0, index) }
      }
    }
  }

  /// Searches elements that lie one after the other for bytes, all at once.
  private mutating func find(
    _ bytes: BytePattern, in run: UnsafeRawBufferPointer, _ elements: Range<Int>, of blobs: BlobSpan
  ) throws {
    var position = 0
    while !isFull, position < run.count,
      let offset = unsafe bytes.first(in: UnsafeRawBufferPointer(rebasing: run[position...]))
    {
      position += offset
      let (index, start) = blobs.element(at: position, in: elements)
      let end = start + blobs[index].byteCount
      if position + bytes.count <= end {
        unsafe try findLines(
          of: UnsafeRawBufferPointer(rebasing: run[start..<end]), index, firstBytes: position - start)
        position = end
      } else {
        // These are bytes of a length, or of two elements.
        position += 1
      }
    }
  }

  /// Makes the text of an element that is neither bytes nor text of any length.
  private mutating func convert(_ element: RawSpan) {
    text.removeAll(keepingCapacity: true)
    if form == .json {
      _ = elementText.append(element, to: &text)
    } else if (try? options.array.dataType.appendUnpadded(element, to: &text)) == nil {
      text.removeAll(keepingCapacity: true)
      ElementText.appendRaw(element, to: &text)
    }
  }

  /// Finds the lines of an element.
  ///
  /// - Parameters:
  ///   - element: The element.
  ///   - index: Its index in the block.
  ///   - firstBytes: Where the necessary bytes are first, if that is known.
  /// - Throws: What reading paths throws.
  private mutating func findLines(
    of element: UnsafeRawBufferPointer, _ index: Int, firstBytes: Int? = nil
  ) throws {
    // A file without bytes has no lines. Another element without bytes is an empty line.
    if unsafe element.isEmpty, options.files != nil { return }
    var (start, number, foundCount) = (0, 1, 0)
    var shown: ShownLines?
    var known = firstBytes
    repeat {
      var match: Range<Int>?
      if let bytes = options.necessaryBytes {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: element[start...])
        guard let offset = unsafe known ?? bytes.first(in: rest) else { break }
        known = nil
        let skipped = unsafe UnsafeRawBufferPointer(rebasing: rest[..<offset])
        if options.showsLineNumbers { unsafe number += skipped.count { $0 == Self.lineFeed } }
        let lineStart = unsafe skipped.lastIndex(of: Self.lineFeed).map { $0 + 1 } ?? 0
        start += lineStart
        if options.pattern.isBytes { match = offset - lineStart..<offset - lineStart + bytes.count }
      }
      let end = unsafe Self.endOfLine(in: element, from: start)
      let line = unsafe UnsafeRawBufferPointer(rebasing: element[start..<end])
      if match == nil {
        do throws(ToolError) {
          match = try unsafe search.first(in: line)
        } catch {
          part.problems.append("line \(number) of \(try description(of: index)) \(error)")
          break
        }
      }
      if (match != nil) != options.isInverted {
        if foundCount == 0 {
          guard unsafe options.conditions.areMet(by: element), try !isRemoved(index) else { return }
        }
        foundCount += 1
        switch options.output {
        case .nothing:
          part.endRecord()
          return
        case .names:
          try appendName(of: index, end: Self.lineFeed)
          part.endRecord()
          return
        case .counts: break
        case .lines, .parts:
          if foundCount == 1, unsafe isBinary(element) {
            part.bytes.append(contentsOf: "\(try description(of: index)) is binary, and matches\n".utf8)
            part.endRecord()
            return
          }
          if options.hasContext {
            try unsafe appendContext(of: element, after: &shown, before: (start, number), index)
          }
          try unsafe append(line, number: number, match: match, index)
          shown = ShownLines(end: end + 1, nextNumber: number + 1)
        }
        if options.output != .counts, isFull { break }
      }
      start = end + 1
      number += 1
    } while start < element.count
    if options.hasContext { try unsafe appendContext(of: element, after: &shown, before: nil, index) }
    guard options.output == .counts, foundCount > 0 else { return }
    part.count += foundCount
    guard options.files != nil else { return }
    try appendName(of: index, end: UInt8(ascii: ":"))
    part.bytes.append(contentsOf: "\(foundCount)\n".utf8)
  }

  /// The lines of an element that were written last.
  private struct ShownLines {
    /// Where the next line begins.
    var end: Int
    var nextNumber: Int
  }

  /// Appends the lines after those that were written last, and the lines before one that comes next, with a separator
  /// if lines between them are left out.
  private mutating func appendContext(
    of element: UnsafeRawBufferPointer, after shown: inout ShownLines?,
    before next: (start: Int, number: Int)?, _ index: Int
  ) throws {
    let (before, after) = options.context ?? (0, 0)
    func line(from start: Int) -> UnsafeRawBufferPointer {
      let end = unsafe Self.endOfLine(in: element, from: start)
      return unsafe UnsafeRawBufferPointer(rebasing: element[start..<end])
    }
    if var last = shown {
      var left = after
      while left > 0, last.end < next?.start ?? element.count {
        let line = unsafe line(from: last.end)
        try unsafe append(contextLine: line, number: last.nextNumber, index)
        last = ShownLines(end: last.end + line.count + 1, nextNumber: last.nextNumber + 1)
        left -= 1
      }
      // They belong to the line that was found.
      part.ends[part.ends.count - 1] = part.bytes.count
      shown = last
    }
    guard let next else { return }
    let lowest = shown?.end ?? 0
    var starts: [Int] = []
    var first = next.start
    while starts.count < before, first > lowest {
      first = unsafe element[lowest..<first - 1].lastIndex(of: Self.lineFeed).map { $0 + 1 } ?? lowest
      starts.append(first)
    }
    if shown == nil || first > lowest, !part.bytes.isEmpty { appendSeparator() }
    for (number, start) in starts.enumerated().reversed() {
      try unsafe append(contextLine: line(from: start), number: next.number - number - 1, index)
    }
  }

  private mutating func append(
    contextLine line: UnsafeRawBufferPointer, number: Int, _ index: Int
  ) throws {
    try appendStart(ofLine: number, index, mark: UInt8(ascii: "-"))
    unsafe appendShown(line)
    part.bytes.append(Self.lineFeed)
  }

  private mutating func appendSeparator() {
    append(Array("--".utf8), in: .separator)
    part.bytes.append(Self.lineFeed)
  }

  private static let lineFeed = UInt8(ascii: "\n")

  private static func endOfLine(in element: UnsafeRawBufferPointer, from start: Int) -> Int {
    guard start < element.count, let base = element.baseAddress else { return start }
    // SAFETY: The search stops at the end of the element.
    let found = unsafe memchr(base + start, Int32(lineFeed), element.count - start)
    return if let found = unsafe found { unsafe UnsafeRawPointer(found) - base } else { element.count }
  }

  /// Whether the lines of an element are not for a terminal.
  private func isBinary(_ element: UnsafeRawBufferPointer) -> Bool {
    guard form == .blob(isText: false), !options.showsBinary, let base = element.baseAddress else {
      return false
    }
    // SAFETY: `memchr` reads only the bytes of the element.
    return unsafe memchr(base, 0, element.count) != nil
  }

  /// Appends a line, or the parts of it that match.
  private mutating func append(
    _ line: UnsafeRawBufferPointer, number: Int, match: Range<Int>?, _ index: Int
  ) throws {
    let showsParts = options.output == .parts
    if !showsParts { try appendStart(ofLine: number, index) }
    var position = 0
    if showsParts || options.isColored, !options.isInverted {
      var next = match
      while let found = next {
        let bytes = unsafe line[found]
        if !showsParts {
          unsafe appendShown(
            UnsafeRawBufferPointer(rebasing: line[position..<max(position, found.lowerBound)]))
        }
        if unsafe !bytes.isEmpty {
          if showsParts { try appendStart(ofLine: number, index) }
          beginColor(.match)
          unsafe appendShown(UnsafeRawBufferPointer(rebasing: bytes))
          endColor()
          if showsParts { part.bytes.append(Self.lineFeed) }
        }
        position = found.upperBound
        // The next match begins after this one, and a character later if this one is empty.
        var offset = found.upperBound
        if found.isEmpty {
          repeat { offset += 1 } while unsafe offset < line.count && line[offset] & 0xC0 == 0x80
        }
        guard offset <= line.count else { break }
        next = (try? unsafe search.first(in: line, from: offset)) ?? nil
        if let later = next, later.upperBound <= position, later.lowerBound < position { break }
      }
    }
    if !showsParts {
      unsafe appendShown(UnsafeRawBufferPointer(rebasing: line[position...]))
      part.bytes.append(Self.lineFeed)
    }
    part.endRecord()
  }

  /// Appends what comes before a line.
  private mutating func appendStart(
    ofLine number: Int, _ index: Int, mark: UInt8 = UInt8(ascii: ":")
  ) throws {
    if options.showsNames { try appendName(of: index, end: mark) }
    guard options.showsLineNumbers else { return }
    append(Array("\(number)".utf8), in: .lineNumber)
    append([mark], in: .separator)
  }

  /// Appends the name of an element and what separates it from what follows.
  private mutating func appendName(of index: Int, end: UInt8) throws {
    append(try name(of: index), in: .name)
    if options.endsNamesWithNull {
      part.bytes.append(0)
    } else if end == Self.lineFeed {
      part.bytes.append(end)
    } else {
      append([end], in: .separator)
    }
  }

  /// The path of a file, or the index of an element.
  private mutating func name(of index: Int) throws -> [UInt8] {
    guard let files = options.files else {
      return Array(ElementIndex.text(ofElement: elements.lowerBound + index, in: options.array.shape).utf8)
    }
    return try paths(of: files).bytes(at: index)
  }

  private mutating func paths(of files: FileTreeGroup) throws -> BlobView {
    let paths = try paths ?? files.paths.read([elements], monitor: Interruption.monitor)
    self.paths = paths
    return paths
  }

  /// Whether these are the contents of a file that is removed.
  private mutating func isRemoved(_ index: Int) throws -> Bool {
    guard let files = options.files else { return false }
    let paths = try paths(of: files)
    return files.isRemoved(elements.lowerBound + index, paths.blobs[index])
  }

  /// An element in a message.
  private mutating func description(of index: Int) throws -> String {
    let name = OneLine(String(decoding: try name(of: index), as: UTF8.self))
    return options.files == nil ? "element \(name)" : "\(name)"
  }
}

extension BlockSearch {
  /// The colours of GNU grep.
  private enum Color: String {
    case match = "01;31"
    case name = "35"
    case lineNumber = "32"
    case separator = "36"
  }

  private mutating func append(_ bytes: [UInt8], in color: Color) {
    beginColor(color)
    unsafe bytes.withUnsafeBytes { unsafe appendShown($0) }
    endColor()
  }

  private mutating func beginColor(_ color: Color) {
    if options.isColored { part.bytes.append(contentsOf: "\u{1B}[\(color.rawValue)m\u{1B}[K".utf8) }
  }

  private mutating func endColor() {
    if options.isColored { part.bytes.append(contentsOf: "\u{1B}[m\u{1B}[K".utf8) }
  }

  /// Appends bytes, with control characters spelled out if a terminal would obey them.
  private mutating func appendShown(_ bytes: UnsafeRawBufferPointer) {
    guard options.isForTerminal, unsafe bytes.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 })
    else {
      unsafe part.bytes.append(contentsOf: bytes)
      return
    }
    for index in bytes.indices {
      switch unsafe bytes[index] {
      case UInt8(ascii: "\t"): part.bytes.append(UInt8(ascii: "\t"))
      // The end of a line from Windows.
      case UInt8(ascii: "\r") where index == bytes.count - 1: part.bytes.append(UInt8(ascii: "\r"))
      case let byte where byte < 0x20 || byte == 0x7F:
        part.bytes.append(UInt8(ascii: "^"))
        part.bytes.append(byte ^ 0x40)
      // The control characters from U+0080 to U+009F.
      case 0x80..<0xA0 where unsafe index > 0 && bytes[index - 1] == 0xC2:
        part.bytes.removeLast()
        part.bytes.append(contentsOf: "\u{FFFD}".utf8)
      case let byte: part.bytes.append(byte)
      }
    }
  }
}

/// Writes what workers find, in the order of the elements.
private final class FoundLines: @unchecked Sendable {
  /// What was found in elements that follow each other.
  struct Part: Sendable {
    /// What is written.
    var bytes: [UInt8] = []
    /// Where each record ends, which is what was found of a line, or of an element for its name.
    var ends: [Int] = []
    /// The number of records, or of lines that are only counted.
    var count = 0
    /// Why elements could not be searched.
    var problems: [String] = []

    /// Ends a record.
    mutating func endRecord() {
      count += 1
      ends.append(bytes.count)
    }
  }

  private struct State {
    /// The first element of which nothing was added yet.
    var next = 0
    /// What was found after it, by its first element, and where its elements end.
    var waiting: [Int: (end: Int, part: Part)] = [:]
    var count = 0
    var problemCount = 0
  }

  private let search: LineSearch
  // SAFETY: Only used while the state is locked.
  private let stream: OutputStream
  private let progress: ProgressLine
  private let state = Mutex(State())

  init(_ search: LineSearch, _ stream: OutputStream, _ progress: ProgressLine) {
    self.search = search
    self.stream = stream
    self.progress = progress
  }

  /// The number of lines that were found, and of elements that could not be searched.
  var counts: (lineCount: Int, problemCount: Int) { state.withLock { ($0.count, $0.problemCount) } }

  /// Adds what was found in some elements, and writes it once everything before it is written.
  ///
  /// - Throws: ``EnoughLines`` when as many lines are written as are wanted, and what writing throws.
  func add(_ part: Part, of elements: Range<Int>) throws {
    try state.withLock { state in
      guard elements.lowerBound == state.next else {
        state.waiting[elements.lowerBound] = (elements.upperBound, part)
        return
      }
      try write(part, &state)
      state.next = elements.upperBound
      while let later = state.waiting.removeValue(forKey: state.next) {
        try write(later.part, &state)
        state.next = later.end
      }
      if search.isForTerminal { try stream.flush() }
    }
  }

  private func write(_ part: Part, _ state: inout State) throws {
    for problem in part.problems {
      progress.clear()
      StandardError.write("zvlen: error: \(OneLine(problem))\n")
    }
    state.problemCount += part.problems.count
    // What is found in other elements does not follow.
    if search.hasContext, !part.bytes.isEmpty, state.count > 0, state.count < search.maximumCount ?? Int.max {
      try stream.write(search.isColored ? "\u{1B}[36m\u{1B}[K--\u{1B}[m\u{1B}[K\n" : "--\n")
    }
    guard let maximum = search.maximumCount else {
      state.count += part.count
      return try stream.write(part.bytes.rawSpan)
    }
    let count = min(part.count, maximum - state.count)
    state.count += count
    let end = count > 0 ? part.ends[count - 1] : 0
    try stream.write(part.bytes.rawSpan.extracting(0..<end))
    if state.count >= maximum { throw EnoughLines() }
  }

  /// Writes what comes after all elements.
  func finish() throws {
    guard search.output == .counts, search.files == nil else { return }
    try stream.write("\(counts.lineCount)\n")
  }
}
