import Foundation
import Synchronization

/// A new directory that is removed with its content, even if the process is interrupted.
final class ScratchDirectory {
  /// The path of the directory.
  let path: String

  /// The directories that exist now.
  private static let existing = Mutex<Set<String>>([])

  /// Removes the directories when a signal ends the process.
  // SAFETY: Made once, and not touched again.
  private nonisolated(unsafe) static let signalSources = [SIGINT, SIGTERM].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      for path in existing.withLock({ $0 }) { removeAll(at: path) }
      exit(128 + number)
    }
    source.resume()
    return source
  }

  /// Makes a directory below `parent`, or without one in `/dev/shm`, or else among the temporary files.
  init(below parent: String? = nil) throws {
    let parent = parent ?? Self.defaultParent
    path = parent + "/zvlen-bench-" + UUID().uuidString.lowercased()
    _ = unsafe Self.signalSources.count
    Self.existing.withLock { _ = $0.insert(path) }
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
    remove()
  }

  /// Removes the directory now.
  func remove() {
    Self.removeAll(at: path)
    Self.existing.withLock { _ = $0.remove(path) }
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

  /// Removes a directory, and tries again if other threads still write to it.
  private static func removeAll(at path: String) {
    for _ in 0..<10 where FileManager.default.fileExists(atPath: path) {
      try? FileManager.default.removeItem(atPath: path)
    }
  }
}
