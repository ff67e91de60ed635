import Foundation
import Synchronization

/// The Python programs of the interoperability tests, and their environment.
public enum PythonEnvironment {
  /// The failure of a program.
  public struct Failure: Error, CustomStringConvertible {
    /// The command and its output.
    public let description: String
  }

  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The absolute path of a file in the repository.
  public static func path(_ name: String) -> String { root.appending(path: name).path() }

  private static let setup = Mutex<Result<Void, Failure>?>(nil)

  /// Runs a script of `Tests/Interoperability`, and makes the environment if it is missing.
  ///
  /// The default environment has zarr-python 3, and `zarr2` has zarr-python 2. Returns the standard output of
  /// the script.
  @discardableResult
  public static func run(
    _ script: String, _ arguments: [String], environment: String? = nil
  ) throws -> String {
    try setup.withLock { result throws(Failure) in
      if result == nil {
        result = Result { () throws(Failure) in
          _ = try execute("/bin/sh", [path("Tests/Interoperability/setup.sh")])
        }
      }
      try result?.get()
    }
    let folder = environment.map { ".venv/\($0)" } ?? ".venv"
    return try execute(
      path("\(folder)/bin/python"), ["-B", path("Tests/Interoperability/\(script)")] + arguments)
  }

  /// Runs a program, waits for it, and takes any text on standard error for an error, whatever the exit status.
  private static func execute(_ program: String, _ arguments: [String]) throws(Failure) -> String {
    let command = ([program] + arguments).joined(separator: " ").prefix(300)
    do {
      let directory = try StoreDirectory()
      let outputs = ["out", "err"].map(directory.path)
      for path in outputs { _ = FileManager.default.createFile(atPath: path, contents: nil) }
      let handles = try outputs.map { path in
        try FileHandle(forWritingTo: URL(filePath: path))
      }
      let process = Process()
      process.executableURL = URL(filePath: program)
      process.arguments = arguments
      process.standardInput = FileHandle.nullDevice
      // Files, not pipes, need not be drained.
      process.standardOutput = handles[0]
      process.standardError = handles[1]
      try process.run()
      process.waitUntilExit()
      let said = try outputs.map { path in
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
      }
      guard process.terminationReason == .exit, process.terminationStatus == 0, said[1].isEmpty else {
        throw Failure(
          description: "\(command)…: status \(process.terminationStatus)\n\(said[1])\n\(said[0].suffix(2000))"
        )
      }
      return said[0]
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(description: "\(command)…: \(error)")
    }
  }
}
