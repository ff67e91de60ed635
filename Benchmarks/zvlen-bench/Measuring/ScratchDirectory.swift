import Foundation

/// A new directory that is removed with all that is in it.
final class ScratchDirectory {
  /// Where it is.
  let path: String

  /// Makes a directory below `parent`, or where memory backs the files, or else among the temporary files.
  init(below parent: String? = nil) throws {
    let parent = parent ?? Self.defaultParent
    path = parent + "/zvlen-bench-" + UUID().uuidString.lowercased()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Makes the directory that a `--store` flag asks for; nothing for a store in memory.
  static func make(for choice: StoreChoice?) throws -> ScratchDirectory? {
    switch choice {
    case .memory: nil
    case .directory(let parent): try ScratchDirectory(below: parent)
    case nil: try ScratchDirectory()
    }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Makes a directory in this one.
  func subdirectory(_ name: String) throws -> String {
    let path = path + "/" + name
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  private static var defaultParent: String {
    FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
  }
}
