import Foundation
import Zarr

/// The place that an import writes to.
///
/// A new array is written beside its place, and moved there when it is whole: an import that fails or is
/// stopped leaves what was there before, and no half of an array.
final class ImportDestination {
  /// The path that was asked for, links resolved.
  let path: String

  /// Whether an array or group that is there is continued.
  let continuesExisting: Bool

  /// Where the data is written: the store for the root of the array or group.
  let store: FileStore

  /// Where the data is written.
  private let workingPath: String

  /// Whether there is something that the data takes the place of.
  private let replacesExisting: Bool

  /// Checks that data can go to `path`, and makes a place for it.
  ///
  /// - Throws: ``ToolError`` that says what stands in the way.
  init(path: String, appends: Bool, overwrites: Bool) throws {
    self.path = Self.resolve(path)
    let status = try FileStatus(of: self.path)
    let isNode = try status?.isDirectory == true && FileStatus(of: "\(self.path)/zarr.json") != nil
    continuesExisting = isNode && appends
    replacesExisting = status != nil
    if continuesExisting {
      workingPath = self.path
    } else {
      try Self.checkFree(self.path, status, isNode: isNode, overwrites: overwrites)
      let name = URL(fileURLWithPath: self.path).lastPathComponent
      workingPath = "\(Self.parent(of: self.path))/.\(name).\(getpid()).partial"
    }
    store = try FileStore(creating: workingPath)
  }

  /// The directories that belong to the array or group, old and new.
  var ownPaths: [String] { [path, workingPath] }

  /// Moves what was written to its place.
  func commit() throws {
    guard !continuesExisting else { return }
    guard replacesExisting else { return try Self.rename(workingPath, to: path) }
    let old = "\(workingPath).old"
    try Self.rename(path, to: old)
    do {
      try Self.rename(workingPath, to: path)
    } catch {
      try Self.rename(old, to: path)
      throw error
    }
    try FileManager.default.removeItem(atPath: old)
  }

  /// Removes what was written, unless it belongs to an array that was there before.
  func discard() {
    guard !continuesExisting else { return }
    try? FileManager.default.removeItem(atPath: workingPath)
  }

  /// Checks that there is nothing in the way, or only what may be removed.
  private static func checkFree(_ path: String, _ status: FileStatus?, isNode: Bool, overwrites: Bool) throws
  {
    guard let status else { return }
    guard status.isDirectory else {
      throw ToolError("\(path) is a file; name a directory for the array, which need not exist")
    }
    if isNode && !overwrites {
      throw ToolError("\(path) exists already; --append continues it, --overwrite replaces it")
    }
    if try !isNode && !FileManager.default.contentsOfDirectory(atPath: path).isEmpty {
      throw ToolError("\(path) holds files that are no Zarr array or group; name another directory")
    }
    if let parent = try FileStatus(of: parent(of: path)), parent.identity.device != status.identity.device {
      throw ToolError("\(path) is the root of a file system; name a directory in it")
    }
  }

  /// The path without links, and without a slash at the end.
  private static func resolve(_ path: String) -> String {
    let url = URL(fileURLWithPath: path)
    guard let resolved = unsafe realpath(path, nil) else { return url.path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static func parent(of path: String) -> String {
    URL(fileURLWithPath: path).deletingLastPathComponent().path
  }

  private static func rename(_ source: String, to target: String) throws(ToolError) {
    guard unsafe Foundation.rename(source, target) == 0 else {
      throw ToolError(operation: "move \(source) to", path: target, code: errno)
    }
  }
}
