import ChunkEngine
import Zarr

/// A request for an object or a bucket, before it is signed.
struct S3Request: Sendable {
  var method: HTTPRequest.Method

  /// The key of the object, or empty for the bucket.
  var key: String

  var query: [(name: String, value: String)] = []
  var headers: [HTTPHeader] = []
  var body: SharedBytes?

  /// The most bytes that are kept of the answer.
  var bodyLimit = 16 << 20
  var keeping: (@Sendable (HTTPResponse) -> Range<Int>)?

  /// Whether the server may say no after it has said yes, in the body.
  var mayFailInBody = false
  var stallTimeout = Duration.seconds(30)

  init(_ method: HTTPRequest.Method, _ key: String = "") {
    self.method = method
    self.key = key
  }
}

/// Signs requests for one bucket and sends them, and deals with all that another attempt betters.
final class S3Client: Sendable {
  let address: S3Address
  let usesChecksums: Bool
  private let http: HTTPClient
  private let chain: CredentialChain
  private let signing: S3Options.Signing

  private struct State {
    var region: String
    /// The seconds that the server's clock is ahead of this one's.
    var clockOffset = 0
  }

  private let state: Locked<State>

  init(bucket: String, options: S3Options) throws(StoreError) {
    chain = CredentialChain(
      environment: options.environment.values, profile: options.profile,
      certificateFile: options.certificateFile)
    let settings = chain.settings
    let ignoresEndpoint =
      options.environment.values["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() == "true"
    address = try S3Address(
      bucket: bucket, endpoint: options.endpoint ?? (ignoresEndpoint ? nil : settings["endpoint_url"]),
      addressing: options.addressing)
    state = Locked(State(region: options.region ?? settings["region"] ?? "us-east-1"))
    signing = options.signing
    usesChecksums = options.usesChecksums ?? address.isAWS
    var http = HTTPClient.Options()
    http.certificateFile = options.certificateFile ?? settings["ca_bundle"]
    http.concurrency = options.requestConcurrency
    http.retries = options.pauses
    http.retries.attemptLimit = options.attemptLimit
    http.retries.timeLimit = options.timeLimit
    self.http = HTTPClient(http)
  }

  /// What came of a request.
  struct Outcome {
    var response: HTTPResponse

    /// The error that the server describes, if it says no.
    var failure: S3Failure?

    /// Whether an attempt before failed in a way that leaves open whether the server did what it was asked for.
    var isRepeated = false
  }

  /// Sends a request until an answer comes that another attempt would not better.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - path: What it is about, for errors.
  ///   - arena: Where the body goes.
  /// - Returns: The answer, whatever its status.
  /// - Throws: ``StoreError``, `ZarrError.cancelled` and `ChunkError.outOfMemory(byteCount:)`. The arena is then as
  ///   it was.
  func perform(_ request: S3Request, path: String, into arena: inout ByteArena) throws -> Outcome {
    var attempts = Attempts()
    let before = arena.count
    do throws(HTTPError) {
      let host = address.location(of: "", region: state.withLock(\.region)).origin.text
      return try http.retrying(host) { (_) throws(HTTPError) in
        arena.truncate(to: before)
        let result: Attempt<Outcome>
        do throws(HTTPError) {
          result = try attempt(request, &attempts, into: &arena)
        } catch {
          // The request may have arrived.
          if case .transfer = error { attempts.isRepeated = true }
          throw error
        }
        if case .again(let reason, _, _) = result, reason != .immediate { attempts.isRepeated = true }
        return result
      }
    } catch {
      arena.truncate(to: before)
      if let failure = attempts.credentialFailure {
        throw StoreError.unavailable(path: path, reason: failure.description)
      }
      throw error.forStore(path)
    }
  }

  /// Sends a request whose answer has no body that counts, as ``perform(_:path:into:)`` does.
  func perform(_ request: S3Request, path: String) throws -> Outcome {
    var arena = ByteArena()
    return try perform(request, path: path, into: &arena)
  }

  /// What the attempts of a request have found out.
  private struct Attempts {
    var isRepeated = false
    var hasMovedRegion = false
    var hasSetClock = false
    var useless: S3Credentials?
    var hasRenewed = false
    var credentialFailure: CredentialChain.Failure?
  }

  private func attempt(
    _ request: S3Request, _ attempts: inout Attempts, into arena: inout ByteArena
  ) throws(HTTPError) -> Attempt<Outcome> {
    let (region, offset) = state.withLock { ($0.region, $0.clockOffset) }
    var used: S3Credentials?
    switch signing {
    case .anonymous: break
    case .credentials(let credentials): used = credentials
    case .automatic:
      do throws(CredentialChain.Failure) {
        used = try chain.credentials(insteadOf: attempts.useless)
      } catch {
        attempts.credentialFailure = error
        throw .malformed(reason: error.description)
      }
    }
    let time = ServerTime(seconds: ServerTime.now.seconds + offset)
    let response = try http.send(makeHTTPRequest(request, region, used, time), into: &arena)
    var outcome = Outcome(
      response: response, failure: nil, isRepeated: attempts.isRepeated || response.sendingCount > 1)
    if response.isSuccess {
      guard request.mayFailInBody, let failure = S3Failure(bodyOf: arena) else {
        return response.isTruncated ? .again(.transient, because: "the answer was cut off") : .done(outcome)
      }
      outcome.failure = failure
    } else {
      outcome.failure = S3Failure(response)
    }
    let code = outcome.failure?.code ?? ""

    // Another region, as its own server says.
    if let actual = response.headers["x-amz-bucket-region"] ?? outcome.failure?.region, actual != region,
      [301, 307, 400, 403].contains(response.status), !attempts.hasMovedRegion, Self.isRegion(actual)
    {
      attempts.hasMovedRegion = true
      state.withLock { $0.region = actual }
      return .again(.immediate, because: "the bucket is in \(actual)")
    }
    // Another time. The answer to HEAD does not say that this is it.
    if response.status == 403 || code == "RequestTimeTooSkewed", !attempts.hasSetClock, used != nil,
      let date = response.headers["date"].flatMap({ ServerTime(header: $0) }),
      abs(date.seconds - time.seconds) > 240
    {
      attempts.hasSetClock = true
      state.withLock { $0.clockOffset = date.seconds - ServerTime.now.seconds }
      return .again(.immediate, because: "the clocks differ")
    }
    // Credentials that have come to their end.
    let isTooOld =
      ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].contains(code)
      || code.isEmpty && [400, 403].contains(response.status) && used?.expiration != nil
    if isTooOld, signing == .automatic, !attempts.hasRenewed {
      attempts.hasRenewed = true
      attempts.useless = used
      return .again(.immediate, because: "the credentials have come to their end")
    }
    let after = response.headers["retry-after"].flatMap { parseDecimal($0) }.map { Duration.seconds($0) }
    let because = "the server answered \(response.status)\(code.isEmpty ? "" : " \(code)")"
    switch code {
    case "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException",
      "RequestLimitExceeded",
      "BandwidthLimitExceeded", "TooManyRequests", "RequestThrottled":
      return .again(.throttled, because: because, after: after)
    case "InternalError", "RequestTimeout", "RequestTimeoutException", "ConditionalRequestConflict",
      "OperationAborted", "ServiceUnavailable", "IncompleteBody", "BadDigest", "XAmzContentChecksumMismatch":
      return .again(.transient, because: because, after: after)
    default: break
    }
    switch response.status {
    case 429, 503: return .again(.throttled, because: because, after: after)
    case 408, 409, 500, 502, 504: return .again(.transient, because: because, after: after)
    default: return .done(outcome)
    }
  }

  private static func isRegion(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count < 40
      && text.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }
  }

  private func makeHTTPRequest(
    _ request: S3Request, _ region: String, _ credentials: S3Credentials?, _ time: ServerTime
  ) -> HTTPRequest {
    let (origin, path) = address.location(of: request.key, region: region)
    let query = RequestSigner.canonical(request.query)
    var result = HTTPRequest(
      request.method, origin.text + path + (query.isEmpty ? "" : "?" + query), headers: request.headers,
      body: request.body)
    result.bodyLimit = request.bodyLimit
    result.keeping = request.keeping
    result.stallTimeout = request.stallTimeout
    guard let credentials else { return result }
    let payload: String
    if origin.scheme == "https", request.body != nil {
      payload = RequestSigner.unsignedPayload
    } else if let body = request.body {
      payload = hexadecimal(Digest.sha256(body.bytes))
    } else {
      payload = Self.digestOfNothing
    }
    result.credentials = RequestSigner(credentials: credentials, region: region).sign(
      request.method.rawValue, host: origin.authority, path: path, query: request.query,
      headers: request.headers, payload: payload, at: time)
    return result
  }

  private static let digestOfNothing = hexadecimal(Digest.sha256(""))
}

/// What a server says of why it did not do what it was asked for.
struct S3Failure: Hashable, Sendable {
  let code: String
  let message: String

  /// The region of the bucket, if that is why.
  var region: String?

  /// Reads the body of an answer that says no, or returns nil if it says nothing else.
  init?(_ response: HTTPResponse) {
    guard let root = XMLElement(parsing: response.refusal.rawSpan) else { return nil }
    self.init(root)
  }

  /// Reads the body of an answer that says yes, or returns nil if the body does too.
  init?(bodyOf arena: borrowing ByteArena) {
    // A listing is long, and is read by those who asked for it.
    guard XMLElement.rootBegins(with: "Error", in: arena.bytes), let root = XMLElement(parsing: arena.bytes)
    else { return nil }
    self.init(root)
  }

  private init?(_ root: XMLElement) {
    guard root.name == "Error", let code = root["Code"] else { return nil }
    self.code = Self.printable(code, limit: 60)
    message = Self.printable(root["Message"] ?? "", limit: 300)
    region = root["Region"]
  }

  /// What can be shown of what comes from outside.
  private static func printable(_ text: String, limit: Int) -> String {
    let scalars = text.unicodeScalars.filter { $0.properties.generalCategory != .control }
    return String(String.UnicodeScalarView(scalars.prefix(limit)))
  }
}

extension S3Client.Outcome {
  /// The error of a request that was refused.
  func refusal(_ path: String) -> StoreError {
    .refused(
      path: path, status: response.status,
      reason: failure.map { $0.message.isEmpty ? $0.code : "\($0.code): \($0.message)" } ?? "")
  }
}
