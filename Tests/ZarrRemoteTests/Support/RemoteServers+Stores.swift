import TestSupport
import Zarr

@testable import ZarrRemote

extension RemoteServers {
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

  /// A store with a prefix of its own, or in a bucket of its own.
  func makeStore(
    _ endpoint: String, hasBucket: Bool = false, _ change: (inout S3Options) -> Void = { _ in }
  ) throws -> S3Store {
    var options = options(endpoint)
    options.usesChecksums = endpoint != rclone
    let random = hexadecimal((0..<8).map { _ in UInt8.random(in: 0...255) })
    let bucket = hasBucket ? "test-\(random)" : Self.bucket
    if hasBucket {
      let server = endpoint == rclone ? rclone : seaweedfs
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
