import Foundation

/// A directory for one test, removed with the value.
final class ScratchDirectory: Sendable {
  /// The path of the directory.
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("zvlen-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    // Links are resolved, so that paths in messages are the same as here.
    path = url.resolvingSymlinksInPath().path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The path of something in the directory.
  func path(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, and makes the directories on the way.
  func write(_ bytes: [UInt8], to name: String) throws {
    let url = URL(fileURLWithPath: path(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// Writes a file of text.
  func write(_ text: String, to name: String) throws {
    try write(Array(text.utf8), to: name)
  }

  /// Reads a file.
  func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// The regular files below a directory, by their paths in it.
  func files(below name: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for case let file as String in FileManager.default.enumerator(atPath: path(name)) ?? .init() {
      let attributes = try FileManager.default.attributesOfItem(atPath: path("\(name)/\(file)"))
      if attributes[.type] as? FileAttributeType == .typeRegular {
        files[file] = try read("\(name)/\(file)")
      }
    }
    return files
  }

  /// The names in the directory, sorted.
  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  /// The paths of everything in the directory, hidden or not.
  func paths() throws -> Set<String> { Set(try FileManager.default.subpathsOfDirectory(atPath: path)) }

  /// Another directory with the same in it, also the times of files.
  func copy() throws -> ScratchDirectory {
    let copy = try ScratchDirectory()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/cp")
    process.arguments = ["-a", "\(path)/.", copy.path]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    return copy
  }
}
