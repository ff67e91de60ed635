import ChunkEngine
import Zarr

/// Finds out whether a server compares the conditions of writes.
extension S3Store {
  /// What is known of the servers that the process has met, by bucket.
  private static let known = ProcessLocal { Locked<[String: Bool]>([:]) }

  /// Throws if the server ignores conditions.
  ///
  /// A server other than AWS is tried out once a process and bucket, with four requests for an object that is
  /// removed again, and one to find those of processes that were killed meanwhile.
  func requireConditions(_ path: String) throws {
    guard options.isShared, !client.address.isAWS else { return }
    let bucket = client.address.identity
    let comparesConditions: Bool
    if let known = Self.known.current.withLock({ $0[bucket] }) {
      comparesConditions = known
    } else {
      comparesConditions = try tryConditions()
      Self.known.current.withLock { $0[bucket] = comparesConditions }
    }
    guard comparesConditions else { throw StoreError.unconditional(path: path) }
  }

  /// What the names of objects begin with that a server is tried out with.
  private static let probeName = "\(hiddenName)try-"

  /// The seconds after which no server is tried out any more.
  private static let longestTrial = 3600

  private func tryConditions() throws -> Bool {
    let name = "\(Self.probeName)\(hexadecimal((0..<8).map { _ in UInt8.random(in: 0...255) }))"
    let key = prefix + name
    let path = "\(location)/\(name)"
    func put(_ text: String, _ condition: HTTPHeader) throws -> Int {
      var request = S3Request(.put, key)
      request.body = try sharedBytes(text)
      request.headers = [condition]
      if let mark = ProcessMark() { request.headers.append(HTTPHeader(Self.processName, "\(mark)")) }
      return try client.perform(request, path: path).response.status
    }
    defer { _ = try? client.perform(S3Request(.delete, key), path: path) }
    let first = try put("1", HTTPHeader("If-None-Match", "*"))
    // A 412 for an object of a random name is that of an answer that was lost before.
    guard 200..<300 ~= first || first == 412 else {
      guard first == 501 else { throw StoreError.refused(path: path, status: first, reason: "") }
      return false
    }
    sweepProbes()
    let second = try put("2", HTTPHeader("If-None-Match", "*"))
    let third = try put("3", HTTPHeader("If-Match", "\"00000000000000000000000000000000\""))
    return second == 412 && third == 412
  }

  /// Removes what processes have left that were killed while they tried a server out.
  private func sweepProbes() {
    try? sweepHidden(startingWith: Self.probeName) {
      $0.secondsSinceChange.map { $0 > Self.longestTrial } ?? false
    }
  }

  /// Removes the locks below a prefix that killed processes have left, and no others.
  ///
  /// - Throws: `StoreError`
  package func sweepLocks(below prefix: String = "") throws {
    guard options.isShared else { return }
    let place = prefix.isEmpty ? "" : prefix + "/"
    try sweepHidden(startingWith: "\(place)\(Self.lockName)") { isLeaseOver($0) ?? false }
  }

  /// Removes objects whose process is gone, or of which `isOld` says that they may go.
  private func sweepHidden(startingWith start: String, _ isOld: (HTTPResponse) -> Bool) throws {
    for key in try page(prefix + start, delimiter: nil, after: nil, location).keys {
      let path = "\(location)/\(key)"
      let head = try client.perform(S3Request(.head, prefix + key), path: path).response
      guard head.isSuccess, let tag = head.headers["etag"] else { continue }
      guard head.headers[Self.processName].flatMap({ ProcessMark($0) })?.isGone ?? false || isOld(head) else {
        continue
      }
      var request = S3Request(.delete, prefix + key)
      // Another writer may have taken it meanwhile.
      request.headers = [HTTPHeader("If-Match", tag)]
      _ = try client.perform(request, path: path)
    }
  }
}
