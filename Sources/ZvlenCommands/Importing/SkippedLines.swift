import ChunkEngine
import Zarr
import ZarrPlatform

/// The file with the lines that an import has left out, because they cannot be elements.
///
///     events.jsonl:17:{"level": "err
///     │            │  └ the line as it is
///     │            └ its number in the source
///     └ the source
///
/// The position of an import says how long the file was then. What an import that was stopped has added after that is
/// added again, and is cut off before.
final class SkippedLines {
  private let path: String
  private let terminator: UInt8
  private let flags: Int32
  private var output: OutputStream?

  /// What the file has of this import and those that it goes on with.
  private(set) var position: SkippedPosition

  /// The number of lines that this import has left out.
  private(set) var count = 0

  /// Checks that lines can go to a file, which is made for the first of them.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - terminator: What ends a line.
  ///   - position: What a stopped import had written to the file, or nil if no import goes on.
  ///   - appends: Whether lines may come after those that the file has.
  /// - Throws: ``ToolError`` if there is a file that the lines cannot go to.
  init(path: String, terminator: UInt8, continuing position: SkippedPosition?, appends: Bool) throws {
    (self.path, self.terminator) = (path, terminator)
    self.position = position ?? SkippedPosition()
    let status = try FileStatus(of: path)
    guard let position, position.count > 0 else {
      guard appends || position != nil || status == nil || status?.isStream == true else {
        throw ToolError("\(path) exists already; name another file for the broken lines")
      }
      self.position.byteCount = status?.byteCount ?? 0
      flags = O_WRONLY | O_CREAT | O_APPEND
      return
    }
    flags = O_WRONLY | O_APPEND
    guard let status, status.isStream || status.byteCount >= position.byteCount else {
      throw ToolError(
        "\(path) does not have the \(Quantity.count(position.count, "broken line")) that the stopped import wrote to it"
      )
    }
    if !status.isStream, unsafe truncate(path, off_t(position.byteCount)) != 0 {
      throw ToolError(operation: "write", path: path, code: errno)
    }
  }

  /// Adds a line of a source.
  func add(_ line: RawSpan, number: Int, of source: String) throws {
    let output = try output ?? OutputStream(OpenFile(path, flags: flags))
    self.output = output
    try output.write { buffer in
      let start = buffer.count
      buffer.append(contentsOf: "\(source):\(number):".utf8)
      unsafe line.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
      buffer.append(terminator)
      position.byteCount += buffer.count - start
    }
    position.count += 1
    count += 1
  }

  /// Writes all lines to the file.
  func flush() throws { try output?.flush() }

  /// Says how many lines were left out.
  func report() {
    let lines = Quantity.count(count, "broken line")
    WorkReport.add(
      "skipped_lines", .integer(count), words: count == 0 ? "" : "\(lines) left out, see \(path)")
  }
}

/// How much of a file of lines that were left out belongs to an import.
struct SkippedPosition: Equatable {
  /// The number of lines.
  var count = 0

  /// The size of the file.
  var byteCount = 0
}
