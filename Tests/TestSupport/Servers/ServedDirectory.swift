import Foundation

/// A directory that a web server of its own has on loopback, as long as the value.
public final class ServedDirectory: Sendable {
  /// What serves it.
  public enum Server: String, CaseIterable, Sendable {
    case python
    case withoutRanges
    case withoutTags
    case nginx

    fileprivate func command(_ directory: String) -> [String] {
      let script = [
        "/usr/bin/env", "python3", "-B", PythonEnvironment.path("Tests/Remote/serve.py"), directory,
      ]
      return switch self {
      case .python: script
      case .withoutRanges: script + ["--without-ranges"]
      case .withoutTags: script + ["--without-tags"]
      case .nginx: ["/bin/sh", PythonEnvironment.path("Tests/Remote/nginx.sh"), directory]
      }
    }
  }

  /// The server did not start.
  public struct Failure: Error {
    /// What it said instead of its port.
    public let output: String
  }

  /// The directory.
  public let directory: StoreDirectory
  /// The address of the directory.
  public let url: String
  private let input: Pipe

  /// Starts a server for an empty directory.
  public init(_ server: Server) throws {
    directory = try StoreDirectory()
    let (process, output) = (Process(), Pipe())
    input = Pipe()
    let command = server.command(directory.path)
    process.executableURL = URL(filePath: command[0])
    process.arguments = Array(command.dropFirst())
    // It ends when this ends.
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var said = Data()
    while !said.contains(UInt8(ascii: "\n")) {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw Failure(output: String(decoding: said, as: UTF8.self)) }
      said += more
    }
    let port = String(decoding: said, as: UTF8.self).prefix { $0.isNumber }
    url = "http://127.0.0.1:\(port)"
  }

  deinit {
    try? input.fileHandleForWriting.close()
  }
}
