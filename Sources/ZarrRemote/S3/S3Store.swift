public import ChunkEngine
public import Zarr
import ZarrPlatform

/// A store in a bucket of Amazon S3, or of another server that speaks its protocol.
///
/// Each call waits for its requests; to have many in flight, call from many threads. A request that fails is made
/// again with growing pauses, within ``S3Options/attemptLimit`` and ``S3Options/timeLimit``. Reading a value or a
/// part of one, writing one of less than 16 MiB and deleting one take a request each.
///
/// Values are replaced under conditions that the server compares, so that no writer's change is lost. Before it first
/// relies on them the store tries them out with a server other than AWS, and throws
/// `StoreError.unconditional(path:)` if it ignores them; see ``S3Options/isShared``.
public final class S3Store: ConditionalStore, CopyingStore {
  /// The address, as `s3://bucket/prefix`.
  ///
  /// It has no secrets.
  public let location: String

  /// The requests in flight that the store wants at a time.
  public let requestConcurrency: Int

  public let identity: StoreIdentity?

  let client: S3Client
  let history = WriteHistory()
  let options: S3Options

  /// What all keys in the bucket begin with: empty, or names with a slash at the end.
  let prefix: String

  /// From how many bytes on a value is sent in parts.
  static let multipartThreshold = 16 << 20

  /// Opens a store, without a request.
  ///
  /// - Parameters:
  ///   - bucket: The name of the bucket, which has to be there.
  ///   - prefix: What all keys begin with: names with slashes between them, or empty for the whole bucket.
  ///   - options: How the bucket is reached.
  /// - Throws: `StoreError.invalidKey(_:reason:)`
  public init(bucket: String, prefix: String = "", options: S3Options = S3Options()) throws(StoreError) {
    var prefix = prefix
    while prefix.hasSuffix("/") { prefix.removeLast() }
    if !prefix.isEmpty { _ = try StoreKey(prefix) }
    client = try S3Client(bucket: bucket, options: options)
    self.options = options
    self.prefix = prefix.isEmpty ? "" : prefix + "/"
    location = "s3://\(bucket)\(prefix.isEmpty ? "" : "/")\(prefix)"
    identity = StoreIdentity("\(client.address.identity)/\(prefix)")
    requestConcurrency = max(1, options.requestConcurrency)
  }

  // MARK: Reading

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    let path = path(of: key)
    let before = arena.count
    var request = HTTPRequest(.get, "")
    if client.usesChecksums, part == .all {
      request.headers.append(HTTPHeader("x-amz-checksum-mode", "ENABLED"))
    }
    var failure: S3Client.Outcome?
    do {
      return try request.read(
        part, ifVersion: version, limit: limit, path: path, into: &arena,
        isMissing: { response in
          // Without a bucket there is more amiss than a value.
          if response.status == 404, failure?.failure?.code == "NoSuchBucket" { return false }
          return response.status == 404
        },
        perform: { http, arena in
          var request = S3Request(http.method, objectKey(of: key))
          request.headers = http.headers
          request.bodyLimit = http.bodyLimit
          request.keeping = http.keeping
          let outcome = try client.perform(request, path: path, into: &arena)
          failure = outcome
          history.see(outcome.response, of: request.key)
          if client.usesChecksums, outcome.response.status == 200, http.method == .get,
            let sum = outcome.response.headers["x-amz-checksum-crc32c"], !sum.contains("-"),
            sum != Digest.crc32c(arena.bytes.extracting(before...))
          {
            throw StoreError.malformedAnswer(
              path: path, reason: "its bytes do not have the checksum of the value")
          }
          return outcome.response
        })
    } catch StoreError.refused {
      throw failure?.refusal(path) ?? StoreError.refused(path: path, status: 0, reason: "")
    }
  }

  // MARK: Writing

  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try send(key, if: nil, byteCount: byteCount, gathering: gather)
  }

  public func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try requireConditions(path(of: key))
    try send(key, if: condition, byteCount: byteCount, gathering: gather)
  }

  public func delete(_ key: StoreKey) throws {
    let path = path(of: key)
    let outcome = try client.perform(S3Request(.delete, objectKey(of: key)), path: path)
    guard
      outcome.response.isSuccess || outcome.response.status == 404 && outcome.failure?.code != "NoSuchBucket"
    else { throw outcome.refusal(path) }
  }

  /// Removes a value if it is of a version.
  ///
  /// It takes two requests. With a server that ignores conditions when it deletes, a value is lost that another
  /// writer puts there between the two.
  public func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws {
    let path = path(of: key)
    guard try info(of: key)?.version == version, let tag = version.text else {
      throw StoreError.changed(path: path)
    }
    var request = S3Request(.delete, objectKey(of: key))
    if options.isShared { request.headers.append(HTTPHeader("If-Match", tag)) }
    let outcome = try client.perform(request, path: path)
    switch outcome.response.status {
    case 200..<300: return
    case 404, 412:
      // An answer that was lost may have been the one that it is gone.
      if outcome.isRepeated, try info(of: key) == nil { return }
      throw StoreError.changed(path: path)
    case 501: try delete(key)
    default: throw outcome.refusal(path)
    }
  }

  /// Has the server copy a value, or reads and writes it if the server does not copy or the value has more than 5 GB.
  public func copy(_ key: StoreKey, to target: StoreKey) throws -> Bool {
    let path = path(of: key)
    var request = S3Request(.put, objectKey(of: target))
    request.headers = [
      HTTPHeader(
        "x-amz-copy-source",
        "/\(client.address.bucket)/\(objectKey(of: key))".percentEncoded(keepsSlashes: true))
    ]
    request.mayFailInBody = true
    request.stallTimeout = .seconds(120)
    var arena = ByteArena()
    let outcome = try client.perform(request, path: path, into: &arena)
    let status = outcome.response.status
    let code = outcome.failure?.code ?? ""
    if outcome.response.isSuccess, outcome.failure == nil {
      if XMLElement.rootBegins(with: "CopyObjectResult", in: arena.bytes) { return true }
      // A server that does not know the field has stored an empty value.
    } else if code == "NoSuchKey" || status == 404 && code != "NoSuchBucket" {
      return false
    } else if ![400, 405, 501].contains(status) {
      throw outcome.refusal(path)
    }
    return try copyByReading(key, to: target)
  }

  // MARK: Names

  /// The key of a value in the bucket.
  func objectKey(of key: StoreKey) -> String { prefix + key.description }

  /// The name of a value in errors.
  func path(of key: StoreKey) -> String { "\(location)/\(key)" }
}
