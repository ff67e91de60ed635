import ChunkEngine
import Glibc
import Zarr

/// Puts the lines of files and of standard input into an array.
struct LineImport {
  /// The name that stands for standard input.
  static let standardInputName = "-"

  /// The paths of the files.
  let paths: [String]

  /// What ends a line.
  let terminator: UInt8

  let settings: ImportSettings

  /// Imports all lines.
  func run(to destination: NodeDestination) throws {
    var (appender, check) = try appender(to: destination)
    let progress = ProgressLine("importing", totalCount: try totalByteCount())
    defer { progress.clear() }
    do {
      for path in paths {
        try append(path, &check, to: appender, progress)
      }
      try appender.finish()
    } catch {
      appender.cancel()
      throw error
    }
  }

  private func appender(to destination: NodeDestination) throws -> (Appender, ElementCheck) {
    let encoding = settings.encoding
    if destination.continuesExisting {
      let array = try ZarrArray.open(in: destination.store, access: settings.access)
      try settings.checkContinuable(array, type: encoding.type)
      return (try settings.continuing(array), ElementCheck(encoding.type, dataType: array.dataType))
    }
    let type = encoding.type ?? .string
    return (
      try settings.create(in: destination.store, options: encoding.arrayOptions(type)),
      ElementCheck(type, dataType: type.dataType)
    )
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

  private func append(
    _ path: String, _ check: inout ElementCheck, to appender: Appender, _ progress: ProgressLine
  ) throws {
    let isStandardInput = path == Self.standardInputName
    let name = isStandardInput ? "standard input" : path
    var reader = try LineReader(
      isStandardInput ? OpenFile(borrowing: STDIN_FILENO, path: name) : OpenFile(path), terminator: terminator
    )
    var lineNumber = 1
    try reader.forEachBlock { block in
      // No line feed is part of a character, so that a block is UTF-8 if and only if all its lines are.
      if check.isJSON || check.isText && !block.isWellFormedText {
        try expect(linesOf: block, &check, name, firstLineNumber: lineNumber)
      }
      lineNumber += try append(linesOf: block, name, firstLineNumber: lineNumber, to: appender)
      progress.add(block.byteCount, byteCount: block.byteCount)
    }
  }

  /// Appends the lines of a block, and returns their number.
  private func append(
    linesOf block: RawSpan, _ name: String, firstLineNumber: Int, to appender: Appender
  ) throws -> Int {
    var count = 0
    try forEachLine(of: block) { line in
      guard line.byteCount <= settings.largestElementByteCount else {
        throw settings.tooLarge("\(name), line \(firstLineNumber + count),", byteCount: line.byteCount)
      }
      try appender.append(line)
      count += 1
    }
    return count
  }

  /// Looks at each line of a block, and throws for the first one that cannot be an element.
  private func expect(
    linesOf block: RawSpan, _ check: inout ElementCheck, _ name: String, firstLineNumber: Int
  ) throws {
    var number = firstLineNumber
    try forEachLine(of: block) { line in
      if let problem = check.problem(of: line) { throw ToolError("\(name), line \(number) \(problem)") }
      number += 1
    }
  }

  /// Calls `body` with each line of a block, without its terminator.
  private func forEachLine(of block: RawSpan, _ body: (RawSpan) throws -> Void) rethrows {
    try unsafe block.withUnsafeBytes { bytes in
      var position = 0
      while position < bytes.count, let start = bytes.baseAddress {
        // SAFETY: Searches to the end of the block, where the last line may be without a terminator.
        let found = unsafe memchr(start + position, Int32(terminator), bytes.count - position)
        let end = if let found = unsafe found { unsafe UnsafeRawPointer(found) - start } else { bytes.count }
        try body(block.extracting(position..<end))
        position = end + 1
      }
    }
  }
}
