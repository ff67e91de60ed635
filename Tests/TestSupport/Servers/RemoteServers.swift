import Foundation
import Synchronization

/// The servers that the tests share, which end with the process.
public struct RemoteServers: Decodable, Sendable {
  /// Why there are no servers.
  public struct Failure: Error, CustomStringConvertible {
    /// What happened.
    public let description: String
  }

  /// The address of SeaweedFS, which checks signatures and compares conditions.
  public let seaweedfs: String
  /// Its address with TLS.
  public let secure: String
  /// The file with the certificate of that.
  public let certificate: String
  /// The address of rclone's S3, which ignores conditions.
  public let rclone: String
  /// The keys of both.
  public let accessKey: String
  /// The keys of both.
  public let secretKey: String

  private static let started = Mutex<Result<RemoteServers, Failure>?>(nil)

  /// The servers hold the other end, and end when it closes.
  private static let lifeline = Pipe()

  /// Starts the servers for the first test that asks, and installs them if they are missing.
  public static var shared: RemoteServers {
    get throws {
      try started.withLock { started throws(Failure) in
        if started == nil {
          started = Result { () throws(Failure) in
            do { return try start() } catch { throw Failure(description: "\(error)") }
          }
        }
        guard let started else { throw Failure(description: "there are no servers") }
        return try started.get()
      }
    }
  }

  private static func install() throws {
    let setup = Process()
    setup.executableURL = URL(filePath: "/bin/sh")
    setup.arguments = [PythonEnvironment.path("Tests/Remote/setup.sh")]
    setup.standardOutput = FileHandle.nullDevice
    try setup.run()
    setup.waitUntilExit()
    guard setup.terminationStatus == 0 else { throw Failure(description: "the servers cannot be installed") }
  }

  /// Runs a script of `Tests/Remote`, and returns its standard output.
  public static func run(_ script: String, _ arguments: [String]) throws -> String {
    try install()
    let process = Process()
    process.executableURL = URL(filePath: PythonEnvironment.path(".venv-remote/bin/python"))
    process.arguments = ["-B", PythonEnvironment.path("Tests/Remote/\(script)")] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(description: "\(script) fails") }
    return String(decoding: text, as: UTF8.self)
  }

  private static func start() throws -> RemoteServers {
    try install()
    let servers = Process()
    servers.executableURL = URL(filePath: PythonEnvironment.path(".venv-remote/bin/python"))
    servers.arguments = ["-B", PythonEnvironment.path("Tests/Remote/servers.py")]
    servers.standardInput = lifeline.fileHandleForReading
    let output = Pipe()
    servers.standardOutput = output
    try servers.run()
    var line = Data()
    while line.last != UInt8(ascii: "\n") {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw Failure(description: "the servers do not start") }
      line += more
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(RemoteServers.self, from: line)
  }

  /// The port of an address.
  public static func port(of url: String) -> Int { Int(url.split(separator: ":").last ?? "") ?? 0 }

  /// The bucket that both servers have.
  public static let bucket = "shared-bucket"

  /// The variables by which the AWS tools, and those of this package, reach a server.
  ///
  /// Other variables of the process are left out: they may name another place.
  public func environment(_ endpoint: String) -> [String: String] {
    [
      "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": accessKey,
      "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_EC2_METADATA_DISABLED": "true",
      "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    ].merging(endpoint == secure ? ["AWS_CA_BUNDLE": certificate] : [:]) { $1 }
  }
}
