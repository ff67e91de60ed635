import ZarrPlatform

/// Why a store could not do what it was asked for.
@nonexhaustive
public enum StoreError: Error, Hashable, Sendable {
  /// A key is not one that any store has.
  case invalidKey(String, reason: String)
  /// A value is larger than the reader takes.
  case tooLarge(path: String, byteCount: Int, limit: Int)
  /// The operating system refused.
  case system(operation: String, path: String, code: Int32)
  /// A symbolic link leads out of the store.
  case outside(path: String)
  /// A symbolic link leads to a directory in which it is.
  case loop(path: String)
  /// A symbolic link to a group is found by way of another link, and not followed.
  case nestedLink(path: String)
  /// There is a pipe, a device or the like in place of a value.
  case notFile(path: String)
  /// The store cannot be written.
  case readOnly(path: String)
  /// Another writer holds a lock. The owner is in words, if the store knows it.
  case locked(path: String, owner: String?)
  /// A value is not the one that was seen before: another writer has replaced it.
  case changed(path: String)
  /// What was locked is not what others find any more, so that they are not kept away, or have come already.
  case lockLost(path: String)
  /// Another directory has taken the place of the store's.
  case replaced(path: String)
  /// There are no locks where the store is.
  case notLockable(path: String, code: Int32)
  /// An archive, or a value in one, is not what its format demands.
  case damaged(path: String, reason: String)
  /// An archive, or a value in one, is of a form that is not read here.
  case unsupported(path: String, reason: String)
  /// What is below a prefix cannot get another one.
  case notMoved(path: String, target: String, reason: String)
  /// The keys of the store cannot be found out.
  case notListable(path: String)
  /// A URL is not one that can be opened. What may be secret in it is left out.
  case invalidURL(String, reason: String)
  /// A server could not be reached, or did not do what it was asked for, however often.
  case unavailable(path: String, reason: String)
  /// A server refused. The status is that of HTTP.
  case refused(path: String, status: Int, reason: String)
  /// A server ignores conditions, by which writers keep from losing each other's changes.
  case unconditional(path: String)
  /// What a server answered makes no sense.
  case malformedAnswer(path: String, reason: String)
}

extension StoreError {
  /// Whether a server has answered that it does not do what it was asked for, or not for this user.
  package var isRefusal: Bool {
    switch self {
    case .refused, .malformedAnswer: true
    default: false
    }
  }
}

extension StoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidKey(let key, let reason): "\"\(key)\" is no key: \(reason)"
    case .tooLarge(let path, let byteCount, let limit):
      "\(path) has \(byteCount) bytes, and the limit is \(limit)"
    case .system(let operation, let path, let code):
      "could not \(operation) \(path): \(Platform.message(of: code))"
    case .outside(let path):
      "\(path) is reached by a symbolic link that leads out of the store; open the store so that it follows such links"
    case .loop(let path): "\(path) is a symbolic link to a directory that it is in"
    case .nestedLink(let path):
      "\(path) is a symbolic link below another one, and such links are not followed further; name what it leads to"
    case .notFile(let path): "\(path) is no file, but a pipe or a device, which is not read"
    case .readOnly(let path): "\(path) cannot be written"
    case .locked(let path, let owner):
      "\(path) is locked by \(owner ?? "another writer"); try again later"
    case .changed(let path):
      "another writer replaced \(path) while it was in use, and that writer's version was kept; try again"
    case .lockLost(let path):
      "\(path) was removed or changed by another writer while this one was at work; what the other one wrote stays, open the array again"
    case .replaced(let path): "\(path) was replaced while it was open; open it again for what is there now"
    case .notLockable(let path, let code):
      """
      \(path) cannot be locked (\(Platform.message(of: code))), and without a lock elements that \
      other processes write to the same chunk may be lost: write whole chunks, or open the store without \
      locks if no other process writes to it
      """
    case .damaged(let path, let reason), .unsupported(let path, let reason): "\(path): \(reason)"
    case .notMoved(let path, let target, let reason): "\(path) cannot be moved to \(target): \(reason)"
    case .notListable(let path):
      """
      \(path) is not listable: a web server does not tell what there is; name the array or group itself, or \
      consolidate the metadata of the hierarchy where it was written
      """
    case .invalidURL(let url, let reason): "\"\(url)\" cannot be opened: \(reason)"
    case .unavailable(let path, let reason): "\(path) is not available: \(reason)"
    case .refused(let path, let status, let reason):
      "the server refused the request for \(path) with status \(status)\(reason.isEmpty ? "" : ": \(reason)")"
    case .unconditional(let path):
      """
      the server of \(path) ignores the conditions of writes, and without them changes of other processes may be \
      lost: use a server that compares them, or say that no other process writes there
      """
    case .malformedAnswer(let path, let reason):
      "the server's answer to the request for \(path) makes no sense: \(reason)"
    }
  }
}
