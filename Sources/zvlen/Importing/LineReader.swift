import ChunkEngine
import ZarrPlatform

/// Reads a stream in large blocks, and hands out the lines in them where they were read.
///
///     buffer  [ line | line | line | begin of a line ][ free ]
///                                  moved to the front, or the buffer grows if a line is longer
@safe
struct LineReader: ~Copyable {
  private static let blockByteCount = 2 << 20
  private static let largestReadByteCount = 32 << 20

  private let file: OpenFile
  private let terminator: UInt8
  private let isRegularFile: Bool
  private var buffer: UnsafeMutableRawBufferPointer

  /// The bytes that are still to be read, or nil for all that there are.
  private var rest: Int?

  /// Reads lines that end with `terminator`.
  ///
  /// - Parameters:
  ///   - file: The file, which is read from where it is.
  ///   - terminator: What ends a line.
  ///   - bytes: Where the lines are in the file, or nil for all that follow.
  /// - Throws: ``ToolError`` if the file cannot be read from there.
  init(_ file: consuming OpenFile, terminator: UInt8, bytes: Range<Int>? = nil) throws {
    if let bytes { try file.seek(to: bytes.lowerBound) }
    let status = try file.status()
    guard !status.isEndlessDevice else {
      throw ToolError("\(file.path) is a device that has no lines; name a file or a pipe")
    }
    isRegularFile = status.isRegularFile
    rest = bytes?.count
    self.file = file
    self.terminator = terminator
    unsafe buffer = .allocate(byteCount: Self.blockByteCount, alignment: 64)
  }

  deinit {
    unsafe buffer.deallocate()
  }

  /// Goes on at an offset from the beginning of a regular file, where a line begins.
  func seek(to offset: Int) throws {
    try file.seek(to: offset)
  }

  /// Calls `body` with each block of whole lines, which end with their terminators, but for the last one of
  /// the stream, which may be without.
  ///
  /// - Throws: ``ToolError``, `ZarrError.cancelled`, and what `body` throws.
  mutating func forEachBlock(_ body: (RawSpan) throws -> Void) throws {
    var count = 0
    while true {
      try waitForInput()
      // Not more at a time, so that a signal is heard in the middle of a long line.
      let free = unsafe buffer[count...].prefix(min(rest ?? .max, Self.largestReadByteCount))
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: free)
      let readByteCount =
        if isRegularFile { try unsafe file.readFully(into: room) } else { try unsafe file.read(into: room) }
      count += readByteCount
      rest? -= readByteCount
      if readByteCount == 0 {
        if count > 0 { try show(0..<count, to: body) }
        return
      }
      // Bytes before those just read have no terminator, or they were gone.
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
    // SAFETY: The range was read, and the buffer stays as it is during the call.
    try body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[range])))
  }

  /// The position behind the last terminator in a range of the buffer, or 0 if there is none.
  private func endOfLines(in range: Range<Int>) -> Int {
    // Seldom far from the end.
    unsafe buffer[range].lastIndex(of: terminator).map { $0 + 1 } ?? 0
  }

  private mutating func grow() throws {
    let (byteCount, overflow) = unsafe buffer.count.multipliedReportingOverflow(by: 2)
    guard !overflow, byteCount <= 2 * Int(UInt32.max) + Self.blockByteCount else {
      throw ToolError("\(file.path) has a line of more than \(UInt32.max) bytes, which no element can have")
    }
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
    unsafe larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
    unsafe buffer.deallocate()
    unsafe buffer = unsafe larger
  }

  /// Waits for a pipe or a person, and throws if a signal comes meanwhile.
  private func waitForInput() throws {
    try Interruption.check()
    guard !isRegularFile else { return }
    var descriptor = pollfd(fd: file.number, events: Int16(POLLIN), revents: 0)
    while unsafe poll(&descriptor, 1, 100) == 0 {
      try Interruption.check()
    }
  }
}
