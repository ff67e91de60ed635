import Foundation

/// An empty directory that is removed with the value.
public final class StoreDirectory: Sendable {
  /// Where it is.
  public let path: String

  /// Makes a directory with a name that no other has.
  public init() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "zarr-vlen-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    path = directory.path()
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The path of something in it.
  public func path(_ name: String) -> String { "\(path)/\(name)" }

  /// The paths of all files below it, relative to it, hidden ones too.
  public func files() throws -> Set<String> {
    var files: Set<String> = []
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
      var isDirectory = ObjCBool(false)
      _ = FileManager.default.fileExists(atPath: self.path(name), isDirectory: &isDirectory)
      if !isDirectory.boolValue { files.insert(name) }
    }
    return files
  }
}
