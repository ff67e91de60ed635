/// Why there is no answer of a server that could be used.
package enum HTTPError: Error, Hashable, Sendable {
  /// The transfer failed on its way.
  case transfer(code: Int, reason: String)
  /// The body has more bytes than are kept.
  case tooLarge(byteCount: Int, limit: Int)
  /// There is no memory for the body.
  case outOfMemory(byteCount: Int)
  /// The request cannot be sent, or the answer makes no sense.
  case malformed(reason: String)
  /// The attempts or the time are used up.
  case exhausted(attemptCount: Int, reason: String)
  /// The call was cancelled.
  case cancelled
}

extension HTTPError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .transfer(_, let reason): reason
    case .tooLarge(let byteCount, let limit): "the body has \(byteCount) bytes, and the limit is \(limit)"
    case .outOfMemory(let byteCount): "there is no memory for \(byteCount) bytes"
    case .malformed(let reason): reason
    case .exhausted(let attemptCount, let reason): "\(reason) (after \(attemptCount) attempts)"
    case .cancelled: "the call was cancelled"
    }
  }
}
