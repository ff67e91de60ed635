import CSystemCalls
import Zarr
import ZarrPlatform

/// The file that an export writes: beside its place until it is whole, then moved there.
///
/// A device or pipe is written to as it is.
struct OutputFile {
  /// The path, links resolved.
  private let path: String

  /// What is there and is to be replaced.
  private let replaced: FileStatus?

  /// Whether it is a device or pipe.
  private let isStream: Bool

  /// Checks that a file can go to `path`.
  ///
  /// - Throws: ``ToolError`` if there is one and it may not be overwritten, or there is a directory or a disk.
  init(path: String, overwrites: Bool) throws {
    self.path = NodeDestination.resolve(path)
    guard let status = try FileStatus(of: self.path) else {
      guard try FileStatus(at: self.path) == nil else {
        throw ToolError("\(path) is a link to nothing; name a file for the lines")
      }
      (replaced, isStream) = (nil, false)
      return
    }
    if status.isDirectory { throw ToolError("\(path) is a directory; name a file for the lines") }
    if status.isBlockDevice { throw ToolError("\(path) is a disk; name a file for the lines") }
    isStream = !status.isRegularFile
    if !isStream, !overwrites { throw ToolError("\(path) exists already; --overwrite replaces it") }
    replaced = isStream ? nil : status
  }

  /// Writes the file with `body`; if that throws, the file stays as it was.
  func write(_ body: (OutputStream) throws -> Void) throws {
    guard !isStream else { return try body(OutputStream(try OpenFile(path, flags: O_WRONLY))) }
    let directory = NodeDestination.parent(of: path)
    let name = NodeDestination.name(of: path)
    if let key = try? StoreKey(name) { try? FileStore(opening: directory).sweepTemporaryFiles(of: key) }
    let temporaryPath = "\(directory)/\(TemporaryName.make(for: name))"
    let file = try OpenFile(temporaryPath, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    let cleanup = Cleanup { _ = unsafe unlink(temporaryPath) }
    defer { cleanup.run() }
    _ = file.lock()
    try body(OutputStream(file))
    try cleanup.holdingOff { try place(temporaryPath) }
  }

  /// Gives the file its name, if what is there is what was there.
  private func place(_ temporaryPath: String) throws(ToolError) {
    let changed = ToolError("\(path) is not what it was when the export began, and stays; name another file")
    func rename(_ kind: csystemcalls_rename) -> Bool {
      unsafe csystemcalls_rename(AT_FDCWD, temporaryPath, path, kind) == 0
    }
    func hasChanged(_ path: String) throws(ToolError) -> Bool {
      try FileStatus(at: path).map { $0.identity } != replaced?.identity
    }
    if try hasChanged(path) { throw changed }
    if rename(replaced == nil ? csystemcalls_rename_new : csystemcalls_rename_exchange) {
      guard replaced != nil, try hasChanged(temporaryPath) else { return }
      guard rename(csystemcalls_rename_exchange) else {
        throw ToolError(operation: "move back", path: path, code: errno)
      }
      throw changed
    }
    switch errno {
    case EEXIST, ENOENT: throw changed
    case EINVAL, ENOSYS, EOPNOTSUPP:
      guard unsafe Glibc.rename(temporaryPath, path) == 0 else { fallthrough }
    default: throw ToolError(operation: "move \(temporaryPath) to", path: path, code: errno)
    }
  }
}
