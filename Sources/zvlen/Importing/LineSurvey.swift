import ZarrPlatform

/// Where the lines of files are, as one pass over the files finds it.
struct LineSurvey {
  /// Lines of one file that follow each other.
  struct Extent {
    /// The path of the file.
    let path: String
    /// Where the lines are in it.
    let bytes: Range<Int>
    /// The number of the first of them in the file, from 1 on.
    let firstLineNumber: Int
  }

  /// Whole lines of a file that were read at once.
  private struct Block {
    let file: Int
    let bytes: Range<Int>
    /// The lines, counted over all files.
    let lines: Range<Int>
    let firstLineNumber: Int
  }

  /// The number of lines of all files.
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

  /// The number of lines that have as many bytes together, or of all if these have less.
  func lineCount(withByteCount byteCount: Int) -> Int {
    var sum = 0
    for block in blocks {
      sum += block.bytes.count
      if sum >= byteCount { return block.lines.upperBound }
    }
    return count
  }

  /// Where lines are, in order.
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

  /// Where a line of a block begins, or the one behind it.
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
        // SAFETY: Searches to the end of the block, where the last line may be without a terminator.
        let found = unsafe memchr(start + position, Int32(terminator), bytes.count - position)
        let end = if let found = unsafe found { unsafe UnsafeRawPointer(found) - start } else { bytes.count }
        try body(extracting(position..<end))
        position = end + 1
      }
    }
  }
}
