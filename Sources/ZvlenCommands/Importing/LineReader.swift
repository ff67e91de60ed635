import ChunkEngine
import ZarrPlatform

/// Reads a stream in large blocks, and passes on their lines in place.
///
///     buffer  [ line | line | line | begin of a line ][ free ]
///                                  moves to the front, or the buffer grows for a longer line
@safe
struct LineReader: ~Copyable {
  private static let blockByteCount = 2 << 20
  private static let largestReadByteCount = 32 << 20

  /// Where the bytes come from.
  private enum Source {
    case file(SharedFile, isRegular: Bool)
    case remote(RemoteFile)
  }

  private let source: Source
  private let terminator: UInt8
  private var buffer: UnsafeMutableRawBufferPointer

  /// The number of bytes left to read, or nil for all.
  private var rest: Int?

  /// Reads lines that end with `terminator`.
  ///
  /// It begins at the current position of the file, or reads just a range of it.
  ///
  /// - Throws: ``ToolError`` if the file cannot be read from there.
  init(_ file: consuming OpenFile, terminator: UInt8, bytes: Range<Int>? = nil) throws {
    if let bytes { try file.seek(to: bytes.lowerBound) }
    let status = try file.status()
    guard !status.isEndlessDevice else {
      throw ToolError("\(file.path) is a device without lines; name a file or a pipe")
    }
    rest = bytes?.count
    source = .file(SharedFile(file), isRegular: status.isRegularFile)
    self.terminator = terminator
    unsafe buffer = .allocate(byteCount: Self.blockByteCount, alignment: 64)
  }

  /// Reads lines of a file that is not on this machine.
  init(_ file: RemoteFile, terminator: UInt8) {
    source = .remote(file)
    self.terminator = terminator
    unsafe buffer = .allocate(byteCount: Self.blockByteCount, alignment: 64)
  }

  deinit {
    unsafe buffer.deallocate()
  }

  /// Moves to the beginning of a line in a regular file.
  func seek(to offset: Int) throws {
    switch source {
    case .file(let shared, _): try shared.file.seek(to: offset)
    case .remote(let file): file.seek(to: offset)
    }
  }

  /// Reads the next bytes, as many as fit if the source is a regular file; 0 at the end.
  private func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    switch source {
    case .file(let shared, isRegular: true): try unsafe shared.file.readFully(into: room)
    case .file(let shared, isRegular: false): try unsafe shared.file.read(into: room)
    case .remote(let file): try unsafe file.read(into: room)
    }
  }

  private var path: String {
    switch source {
    case .file(let shared, _): shared.file.path
    case .remote(let file): file.name
    }
  }

  /// Calls `body` with each block of whole lines with their terminators.
  ///
  /// The last line of the stream may have none.
  ///
  /// - Throws: ``ToolError``, `ZarrError.cancelled`, and what `body` throws.
  mutating func forEachBlock(_ body: (RawSpan) throws -> Void) throws {
    var count = 0
    while true {
      try waitForInput()
      // A limit per read lets a signal stop the reading of a long line.
      let free = unsafe buffer[count...].prefix(min(rest ?? .max, Self.largestReadByteCount))
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: free)
      let readByteCount = try unsafe read(into: room)
      count += readByteCount
      rest? -= readByteCount
      if readByteCount == 0 {
        if count > 0 { try show(0..<count, to: body) }
        return
      }
      // Earlier bytes contain no terminator, or they would have been passed on.
      let end = endOfLines(in: count - readByteCount..<count)
      if end > 0 { try show(0..<end, to: body) }
      if end > 0, let start = unsafe buffer.baseAddress {
        unsafe memmove(start, start + end, count - end)
        count -= end
      }
      if unsafe count == buffer.count { try grow() }
    }
  }

  /// Calls `body` with the bytes in a range of the buffer.
  private func show(_ range: Range<Int>, to body: (RawSpan) throws -> Void) rethrows {
    // SAFETY: The range was read, and the buffer does not change during the call.
    try body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[range])))
  }

  /// The position after the last terminator in a range of the buffer, or 0 if there is none.
  private func endOfLines(in range: Range<Int>) -> Int {
    // It is rarely far from the end.
    unsafe buffer[range].lastIndex(of: terminator).map { $0 + 1 } ?? 0
  }

  private mutating func grow() throws {
    let (byteCount, overflow) = unsafe buffer.count.multipliedReportingOverflow(by: 2)
    guard !overflow, byteCount <= 2 * Int(UInt32.max) + Self.blockByteCount else {
      throw ToolError(
        "\(path) has a line of more than \(UInt32.max) bytes, which is more than an element can have")
    }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
    unsafe larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
    unsafe buffer.deallocate()
    unsafe buffer = unsafe larger
  }

  /// Waits for input of a pipe or terminal.
  ///
  /// Throws if a signal comes.
  private func waitForInput() throws {
    try Interruption.check()
    guard case .file(let shared, isRegular: false) = source else { return }
    var descriptor = pollfd(fd: shared.file.number, events: Int16(POLLIN), revents: 0)
    while unsafe poll(&descriptor, 1, 100) == 0 {
      try Interruption.check()
    }
  }
}

/// The positions of the lines in files, found in one pass.
struct LineSurvey {
  /// Successive lines of one file.
  struct Extent {
    /// The path of the file.
    let path: String
    /// The range of the lines in the file.
    let bytes: Range<Int>
    /// The number of the first line in the file, starting at 1.
    let firstLineNumber: Int
  }

  /// Whole lines of a file from one read.
  private struct Block {
    let file: Int
    let bytes: Range<Int>
    /// The numbers of the lines, counted over all files.
    let lines: Range<Int>
    let firstLineNumber: Int
  }

  /// The number of lines in all files.
  private(set) var count = 0

  /// The sizes of the lines.
  private(set) var sizes = SizeProfile()

  private let paths: [String]
  private let terminator: UInt8
  private var blocks: [Block] = []

  /// Counts the lines of files.
  ///
  /// - Throws: ``ToolError`` for a file that cannot be read.
  init(of paths: [String], terminator: UInt8) throws {
    self.paths = paths
    self.terminator = terminator
    for file in paths.indices {
      var reader = try LineReader(OpenFile(paths[file]), terminator: terminator)
      var position = 0
      var firstLineNumber = 1
      try reader.forEachBlock { block in
        var lineCount = 0
        block.forEachLine(terminator) { line in
          lineCount += 1
          sizes.add(line.byteCount)
        }
        blocks.append(
          Block(
            file: file, bytes: position..<position + block.byteCount, lines: count..<count + lineCount,
            firstLineNumber: firstLineNumber))
        position += block.byteCount
        firstLineNumber += lineCount
        count += lineCount
      }
    }
  }

  /// The number of first lines that have this many bytes together, or of all lines.
  func lineCount(withByteCount byteCount: Int) -> Int {
    var sum = 0
    for block in blocks {
      sum += block.bytes.count
      if sum >= byteCount { return block.lines.upperBound }
    }
    return count
  }

  /// The extents of some lines, in order.
  ///
  /// - Throws: ``ToolError`` for a file that cannot be read.
  /// - Precondition: There are such lines.
  func extents(of lines: Range<Int>) throws -> [Extent] {
    var extents: [Extent] = []
    for block in blocks where block.lines.overlaps(lines) {
      let shared = block.lines.clamped(to: lines)
      let start = try byteOffset(ofLine: shared.lowerBound, in: block)
      let bytes = try start..<max(start, byteOffset(ofLine: shared.upperBound, in: block))
      let path = paths[block.file]
      if let last = extents.last, last.path == path, last.bytes.upperBound == bytes.lowerBound {
        extents[extents.count - 1] = Extent(
          path: path, bytes: last.bytes.lowerBound..<bytes.upperBound, firstLineNumber: last.firstLineNumber)
      } else {
        extents.append(
          Extent(
            path: path, bytes: bytes,
            firstLineNumber: block.firstLineNumber + shared.lowerBound - block.lines.lowerBound))
      }
    }
    return extents
  }

  /// The position of a line of a block, or of the end of the block.
  private func byteOffset(ofLine line: Int, in block: Block) throws -> Int {
    if line == block.lines.lowerBound { return block.bytes.lowerBound }
    if line == block.lines.upperBound { return block.bytes.upperBound }
    var rest = line - block.lines.lowerBound
    var offset = block.bytes.lowerBound
    var reader = try LineReader(OpenFile(paths[block.file]), terminator: terminator, bytes: block.bytes)
    try reader.forEachBlock { bytes in
      bytes.forEachLine(terminator) { line in
        guard rest > 0 else { return }
        rest -= 1
        offset += line.byteCount + 1
      }
    }
    return offset
  }
}

extension RawSpan {
  /// Calls `body` with each line, without its terminator.
  func forEachLine(_ terminator: UInt8, _ body: (RawSpan) throws -> Void) rethrows {
    try unsafe withUnsafeBytes { bytes in
      var position = 0
      while position < bytes.count, let start = bytes.baseAddress {
        // SAFETY: The search stops at the end of the block, where the last line may have no terminator.
        let found = unsafe memchr(start + position, Int32(terminator), bytes.count - position)
        let end = if let found = unsafe found { unsafe UnsafeRawPointer(found) - start } else { bytes.count }
        try body(extracting(position..<end))
        position = end + 1
      }
    }
  }
}
