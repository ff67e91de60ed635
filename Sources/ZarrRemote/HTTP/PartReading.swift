package import ChunkEngine
package import Zarr

extension HTTPRequest {
  /// Reads a part of the value that the request names, as ``Store/read(_:of:ifVersion:limit:into:)`` does.
  ///
  /// It takes one request, and more only where a server does not answer ranges as others do. An entity tag is the
  /// version.
  ///
  /// - Parameters:
  ///   - part: The part.
  ///   - version: The version that the part has to be of.
  ///   - limit: The most bytes that are appended.
  ///   - path: The name of the value in errors.
  ///   - arena: Where the bytes go.
  ///   - isMissing: Whether an answer means that there is no such value.
  ///   - perform: Sends a request like this one with all that it takes, and appends what comes back.
  /// - Returns: What is known of the value, or nil if there is none.
  /// - Throws: ``StoreError``, and what `perform` throws.
  package func read(
    _ part: ValuePart, ifVersion version: StoredVersion?, limit: Int, path: String,
    into arena: inout ByteArena,
    isMissing: (HTTPResponse) throws -> Bool = { $0.status == 404 },
    perform: (HTTPRequest, inout ByteArena) throws -> HTTPResponse
  ) throws -> ValueInfo? {
    var request = self
    request.bodyLimit = limit
    if let tag = version?.text { request.headers.append(HTTPHeader("If-Match", tag)) }
    if part.isEmpty {
      request.method = .head
    } else {
      request.method = .get
      if let range = part.headerValue { request.headers.append(HTTPHeader("Range", range)) }
      request.keeping = { $0.isPart ? 0..<Int.max : part.range(in: $0.contentLength ?? Int.max) }
    }
    let before = arena.count
    do {
      let response = try perform(request, &arena)
      if try isMissing(response) { return nil }
      // Some servers do not compare.
      if response.isSuccess, let version, let found = response.entityTag, found != version {
        throw StoreError.changed(path: path)
      }
      switch response.status {
      case 200..<300 where response.isPart && !part.isEmpty: return try info(part, response, path)
      case 200..<300:
        guard let byteCount = response.contentLength ?? (part == .all ? response.byteCount : nil) else {
          throw StoreError.malformedAnswer(path: path, reason: "it does not tell the size of the value")
        }
        return ValueInfo(byteCount: byteCount, version: response.entityTag)
      case 412: throw StoreError.changed(path: path)
      case 416 where part != .all: break
      default:
        throw StoreError.refused(path: path, status: response.status, reason: "")
      }
    } catch {
      arena.truncate(to: before)
      throw error
    }
    // There may be no such bytes, or fewer than the last ones that were asked for.
    guard
      let info = try read(
        .range(0..<0), ifVersion: version, limit: 0, path: path, into: &arena, isMissing: isMissing,
        perform: perform)
    else { return nil }
    let range = part.range(in: info.byteCount)
    guard !range.isEmpty else { return info }
    if range.count == info.byteCount {
      return try read(
        .all, ifVersion: info.version ?? version, limit: limit, path: path, into: &arena,
        isMissing: isMissing,
        perform: perform)
    }
    throw StoreError.malformedAnswer(path: path, reason: "it refuses bytes that the value has")
  }

  /// What a 206 tells of the value, if that is the part that was asked for.
  private func info(_ part: ValuePart, _ response: HTTPResponse, _ path: String) throws -> ValueInfo {
    guard let (found, byteCount) = response.contentRange, let byteCount else {
      throw StoreError.malformedAnswer(path: path, reason: "it does not tell which part of the value it has")
    }
    guard found == part.range(in: byteCount), response.byteCount == found.count else {
      throw StoreError.malformedAnswer(path: path, reason: "it has another part of the value")
    }
    return ValueInfo(byteCount: byteCount, version: response.entityTag)
  }
}

extension ValuePart {
  /// What is said of the part in the head of a request.
  fileprivate var headerValue: String? {
    switch self {
    case .all: nil
    case .range(let range):
      "bytes=\(range.lowerBound)-\(range.upperBound == .max ? "" : "\(range.upperBound - 1)")"
    case .suffix(let count): "bytes=-\(count)"
    }
  }
}

extension HTTPResponse {
  /// The entity tag as a version, or nil if there is none that tells values apart for sure.
  package var entityTag: StoredVersion? {
    guard let tag = headers["etag"], !tag.isEmpty, !tag.hasPrefix("W/") else { return nil }
    return StoredVersion(tag)
  }

  /// Whether the body is a part.
  ///
  /// Some servers say so only in the field.
  fileprivate var isPart: Bool { status == 206 || status == 200 && headers["content-range"] != nil }

  /// Whether the answer has fewer bytes than its head says.
  package var isTruncated: Bool {
    if isPart, let part = contentRange?.part { return byteCount < part.count }
    return false
  }
}

extension HTTPError {
  /// The error of a store, for a value of a name.
  package func forStore(_ path: String) -> any Error {
    switch self {
    case .transfer(_, let reason): StoreError.unavailable(path: path, reason: reason)
    case .exhausted: StoreError.unavailable(path: path, reason: "\(self)")
    case .tooLarge(let byteCount, let limit):
      StoreError.tooLarge(path: path, byteCount: byteCount, limit: limit)
    case .outOfMemory(let byteCount): ChunkError.outOfMemory(byteCount: byteCount)
    case .malformed(let reason): StoreError.malformedAnswer(path: path, reason: reason)
    case .cancelled: ZarrError.cancelled
    }
  }
}
