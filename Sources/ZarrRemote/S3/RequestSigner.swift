import ChunkEngine

/// Signs requests with [Signature Version 4](https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html).
///
/// A path is escaped once, as S3 wants it and no other service.
struct RequestSigner: Sendable {
  /// What a request is signed with, instead of the digest of its body, where TLS protects that.
  static let unsignedPayload = "UNSIGNED-PAYLOAD"

  let credentials: S3Credentials
  let region: String
  var service = "s3"

  /// The keys of a day, which take four digests to find.
  private struct KeyPlace: Hashable {
    let secret: String
    let scope: String
  }

  private static let keys = Locked<[KeyPlace: [UInt8]]>([:])

  /// The fields that a request needs besides its own, the signature among them.
  ///
  /// - Parameters:
  ///   - method: What is done.
  ///   - host: The host and the port, as the field `Host` has them.
  ///   - path: The path, escaped.
  ///   - query: The names and values of the query, not escaped.
  ///   - headers: The fields of the request. Those that are about the content or begin with `x-amz-` are signed.
  ///   - payload: The digest of the body, or ``unsignedPayload``.
  ///   - time: The moment of the request by the server's clock.
  /// - Returns: The fields.
  func sign(
    _ method: String, host: String, path: String, query: [(name: String, value: String)],
    headers: [HTTPHeader], payload: String, at time: ServerTime
  ) -> [HTTPHeader] {
    let moment = time.signed
    let day = moment.prefix(8)
    var added = [HTTPHeader("x-amz-date", moment)]
    if service == "s3" { added.append(HTTPHeader("x-amz-content-sha256", payload)) }
    if let token = credentials.sessionToken { added.append(HTTPHeader("x-amz-security-token", token)) }

    let signed =
      ([HTTPHeader("host", host)]
      + (headers + added).map { HTTPHeader($0.name.lowercased(), Self.trimmed($0.value)) }.filter {
        $0.name.hasPrefix("x-amz-") || $0.name.hasPrefix("content-")
      }).sorted { $0.name < $1.name }
    let names = signed.map(\.name).joined(separator: ";")
    let request = [
      method, path, Self.canonical(query), signed.map { "\($0.name):\($0.value)\n" }.joined(), names, payload,
    ].joined(separator: "\n")
    let scope = "\(day)/\(region)/\(service)/aws4_request"
    let text = "AWS4-HMAC-SHA256\n\(moment)\n\(scope)\n\(hexadecimal(Digest.sha256(request)))"
    let signature = hexadecimal(Digest.hmac(text, key: key(for: String(day), scope: scope)))
    let value =
      "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
    return added + [HTTPHeader("Authorization", value)]
  }

  /// The query as it is sent and signed: escaped and in order.
  static func canonical(_ query: [(name: String, value: String)]) -> String {
    query.map { ($0.name.percentEncoded(), $0.value.percentEncoded()) }
      .sorted { $0 < $1 }
      .map { "\($0)=\($1)" }.joined(separator: "&")
  }

  /// A value without blanks at its ends, and with one where there are several.
  private static func trimmed(_ value: String) -> String {
    value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
  }

  private func key(for day: String, scope: String) -> [UInt8] {
    let place = KeyPlace(secret: credentials.secretKey, scope: scope)
    if let known = Self.keys.withLock({ $0[place] }) { return known }
    var key = Array("AWS4\(credentials.secretKey)".utf8)
    for text in [day, region, service, "aws4_request"] { key = Digest.hmac(text, key: key) }
    Self.keys.withLock { keys in
      // Keys of days gone by, or of keys that were given up.
      if keys.count >= 100 { keys.removeAll() }
      keys[place] = key
    }
    return key
  }
}
