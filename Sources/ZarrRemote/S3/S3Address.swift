import Zarr

/// Where the objects of a bucket are.
struct S3Address: Hashable, Sendable {
  let bucket: String

  /// The scheme, host and port of a server of one's own, or nil for AWS.
  private let endpoint: Origin?

  /// The path of the server's address, without a slash at its end.
  private let basePath: String

  private let addressing: S3Options.Addressing

  /// Whether the server is that of AWS.
  var isAWS: Bool { endpoint == nil }

  /// Finds out where a bucket is.
  ///
  /// - Throws: ``StoreError/invalidKey(_:reason:)`` if the name is none of a bucket, or the address is none of HTTP.
  init(bucket: String, endpoint: String?, addressing: S3Options.Addressing?) throws(StoreError) {
    let isName = bucket.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard isName, 2...255 ~= bucket.utf8.count, bucket.utf8.contains(where: { $0 != UInt8(ascii: ".") })
    else {
      throw .invalidKey(bucket, reason: "it is not the name of a bucket")
    }
    self.bucket = bucket
    if let endpoint {
      guard let origin = Origin(of: endpoint) else {
        throw .invalidKey(
          endpoint.contains("@") ? "AWS_ENDPOINT_URL" : endpoint,
          reason: "the address of the server has to be like https://host:port, without a user or a password")
      }
      self.endpoint = origin
      let path = endpoint.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).dropFirst(3)
      var base = path.first.map { "/" + $0.prefix { $0 != "?" && $0 != "#" } } ?? ""
      while base.hasSuffix("/") { base.removeLast() }
      basePath = base
      self.addressing = addressing ?? .path
    } else {
      self.endpoint = nil
      basePath = ""
      // A certificate for all buckets does not go for names with dots.
      self.addressing = addressing ?? (bucket.contains(".") ? .path : .virtualHost)
    }
  }

  /// The domain of AWS that a region is in.
  static func domain(ofRegion region: String) -> String {
    region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
  }

  /// The server and path of a key, or of the bucket for an empty one.
  func location(of key: String, region: String) -> (origin: Origin, path: String) {
    var origin =
      endpoint ?? Origin(scheme: "https", authority: "s3.\(region).\(Self.domain(ofRegion: region))")
    var path = basePath
    switch addressing {
    case .path: path += "/\(bucket)"
    case .virtualHost: origin = Origin(scheme: origin.scheme, authority: "\(bucket).\(origin.authority)")
    }
    if !key.isEmpty { path += "/" + key.percentEncoded(keepsSlashes: true) }
    return (origin, path.isEmpty ? "/" : path)
  }

  /// What tells the bucket from all others.
  var identity: String { "s3:\(endpoint?.text ?? "")\(basePath)/\(bucket)" }
}
