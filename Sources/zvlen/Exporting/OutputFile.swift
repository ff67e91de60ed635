import Glibc

/// The file that an export writes: beside its place until it is whole, then moved there.
///
/// A device or pipe is written to as it is.
struct OutputFile {
  private let path: String
  private let temporaryPath: String?

  /// Checks that a file can go to `path`.
  ///
  /// - Throws: ``ToolError`` if there is one and it may not be overwritten, or there is a directory.
  init(path: String, overwrites: Bool) throws {
    self.path = path
    guard let status = try FileStatus(of: path) else {
      temporaryPath = "\(path).\(getpid()).partial"
      return
    }
    if status.isDirectory { throw ToolError("\(path) is a directory; name a file for the lines") }
    guard status.isRegularFile else {
      temporaryPath = nil
      return
    }
    guard overwrites else { throw ToolError("\(path) exists already; --overwrite replaces it") }
    temporaryPath = "\(path).\(getpid()).partial"
  }

  /// Writes the file with `body`; if that throws, the file stays as it was.
  func write(_ body: (OutputStream) throws -> Void) throws {
    guard let temporaryPath else {
      return try body(OutputStream(try OpenFile(path, flags: O_WRONLY)))
    }
    do {
      try body(OutputStream(try OpenFile(temporaryPath, flags: O_WRONLY | O_CREAT | O_TRUNC)))
      guard unsafe rename(temporaryPath, path) == 0 else {
        throw ToolError(operation: "move \(temporaryPath) to", path: path, code: errno)
      }
    } catch {
      _ = unsafe unlink(temporaryPath)
      throw error
    }
  }
}
