import Foundation
import Synchronization
import TestSupport
import Zarr

@testable import ZarrRemote

/// The servers that the tests share, which end with the process.
struct RemoteServers: Decodable, Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let seaweedfs: String
  let secure: String
  let certificate: String
  let rclone: String
  let accessKey: String
  let secretKey: String

  private static let started = Mutex<Result<RemoteServers, Failure>?>(nil)

  /// The servers hold the other end, and end when it closes.
  private static let lifeline = Pipe()

  /// Starts the servers for the first test that asks, and installs them if they are missing.
  static var shared: RemoteServers {
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
  static func run(_ script: String, _ arguments: [String]) throws -> String {
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
  static func port(of url: String) -> Int { Int(url.split(separator: ":").last ?? "") ?? 0 }

  /// Options for a server, with pauses that suit tests.
  func options(_ endpoint: String) -> S3Options {
    var options = S3Options(environment: [:])
    options.endpoint = endpoint
    options.region = "us-east-1"
    options.signing = .credentials(S3Credentials(accessKey: accessKey, secretKey: secretKey))
    options.certificateFile = endpoint.hasPrefix("https") ? certificate : nil
    options.pauses.transientPause = .milliseconds(5)
    options.pauses.throttledPause = .milliseconds(5)
    options.pauses.longestPause = .milliseconds(200)
    return options
  }

  /// A bucket for each server.
  ///
  /// A server has no room for many.
  private static let buckets = Mutex<Set<String>>([])

  /// A store with a prefix of its own, or in a bucket of its own.
  func makeStore(
    _ endpoint: String, hasBucket: Bool = false, _ change: (inout S3Options) -> Void = { _ in }
  ) throws -> S3Store {
    var options = options(endpoint)
    options.usesChecksums = endpoint != rclone
    let random = hexadecimal((0..<8).map { _ in UInt8.random(in: 0...255) })
    let bucket = hasBucket ? "test-\(random)" : "shared-bucket"
    let server = endpoint == rclone ? rclone : seaweedfs
    try Self.buckets.withLock { buckets in
      guard buckets.insert("\(server) \(bucket)").inserted else { return }
      let outcome = try S3Client(bucket: bucket, options: self.options(server)).perform(
        S3Request(.put), path: bucket)
      guard outcome.response.isSuccess else { throw outcome.refusal(bucket) }
    }
    change(&options)
    return try S3Store(bucket: bucket, prefix: hasBucket ? "" : "\(random)/b", options: options)
  }
}

extension S3Store {
  /// Another store of the same place, by other ways.
  convenience init(like store: S3Store, _ options: S3Options) throws {
    try self.init(
      bucket: store.client.address.bucket, prefix: String(store.prefix.dropLast()), options: options)
  }
}
