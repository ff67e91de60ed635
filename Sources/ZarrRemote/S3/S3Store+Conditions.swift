import ChunkEngine
import Zarr

/// Finds out whether a server compares the conditions of writes.
extension S3Store {
  /// What is known of the servers that the process has met, by bucket.
  private static let known = ProcessLocal { Locked<[String: Bool]>([:]) }

  /// Throws if the server ignores conditions.
  ///
  /// A server other than AWS is tried out once a process and bucket, with four requests for an object that is
  /// removed again.
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

  private func tryConditions() throws -> Bool {
    let name = "\(Self.hiddenName)try-\(hexadecimal((0..<8).map { _ in UInt8.random(in: 0...255) }))"
    let key = prefix + name
    let path = "\(location)/\(name)"
    func put(_ text: String, _ condition: HTTPHeader) throws -> Int {
      var request = S3Request(.put, key)
      request.body = try sharedBytes(text)
      request.headers = [condition]
      return try client.perform(request, path: path).response.status
    }
    defer { _ = try? client.perform(S3Request(.delete, key), path: path) }
    let first = try put("1", HTTPHeader("If-None-Match", "*"))
    // A 412 for an object of a random name is that of an answer that was lost before.
    guard 200..<300 ~= first || first == 412 else {
      guard first == 501 else { throw StoreError.refused(path: path, status: first, reason: "") }
      return false
    }
    let second = try put("2", HTTPHeader("If-None-Match", "*"))
    let third = try put("3", HTTPHeader("If-Match", "\"00000000000000000000000000000000\""))
    return second == 412 && third == 412
  }
}
