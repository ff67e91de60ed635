import Foundation
import TestSupport
import Testing
import Zarr
import ZarrRemote

/// The tool with a place of its own in a bucket.
struct BucketTool {
  let scratch: ScratchDirectory
  let servers: RemoteServers

  /// The place: `s3://bucket/prefix`.
  let url: String

  /// The variables by which the tool reaches the bucket.
  let environment: [String: String]

  init() throws {
    scratch = try ScratchDirectory()
    servers = try RemoteServers.shared
    url = "s3://\(RemoteServers.bucket)/\(UUID().uuidString)"
    environment = servers.environment(servers.seaweedfs)
  }

  /// The variables by which the tool reaches the bucket through a proxy.
  func environment(through proxy: FaultProxy) -> [String: String] {
    environment.merging(["AWS_ENDPOINT_URL": proxy.url]) { $1 }
  }

  /// Starts a proxy in front of the server, which asks `decide` about each request.
  func proxy(
    _ decide: @escaping @Sendable (_ request: String) -> FaultProxy.Fault? = { _ in nil }
  ) throws -> FaultProxy {
    try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs), decide: decide)
  }

  /// Runs the tool, which says nothing that is secret.
  @discardableResult
  func run(
    _ arguments: [String], _ changes: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Tool.Outcome {
    let environment = environment.merging(changes) { $1 }
    let outcome = try Tool.run(arguments, in: scratch, environment: environment)
    for secret in [environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_SESSION_TOKEN"]].compactMap(\.self)
    {
      #expect(!outcome.text.contains(secret), sourceLocation: sourceLocation)
      #expect(!outcome.errors.contains(secret), sourceLocation: sourceLocation)
    }
    return outcome
  }

  /// Runs the tool, which has to succeed without a word on standard error.
  @discardableResult
  func succeed(
    _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Tool.Outcome {
    let outcome = try run(arguments, sourceLocation: sourceLocation)
    #expect(outcome.exitCode == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.errors == "", sourceLocation: sourceLocation)
    return outcome
  }

  /// Runs the tool, which has to fail with one line on standard error that contains `message`.
  func fail(
    _ arguments: String..., with changes: [String: String] = [:], saying message: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try run(arguments, changes, sourceLocation: sourceLocation)
    #expect(outcome.exitCode == 1, sourceLocation: sourceLocation)
    #expect(outcome.errors.hasPrefix("zvlen: error: "), sourceLocation: sourceLocation)
    #expect(outcome.errors.contains(message), "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.errors.utf8.count { $0 == UInt8(ascii: "\n") } == 1, sourceLocation: sourceLocation)
  }

  /// The store of a place in the bucket.
  func store(_ name: String = "") throws -> any Store {
    var options = StoreOptions()
    options.s3 = S3Options(environment: environment)
    return try Stores.open(name.isEmpty ? url : "\(url)/\(name)", options: options).store
  }

  /// The keys below a place in the bucket, also those that listings leave out.
  func allKeys(_ name: String = "") throws -> [String] {
    let text = try RemoteServers.run(
      "list.py",
      [
        servers.seaweedfs, servers.accessKey, servers.secretKey, RemoteServers.bucket,
        String(url.split(separator: "/").last ?? "") + "/" + (name.isEmpty ? "" : name + "/"),
      ])
    return text.split(separator: "\n").map(String.init)
  }
}
