/// The keys that requests to an object store are signed with.
///
/// They show up in no description, not even in that of what holds them.
public struct S3Credentials: Hashable, Sendable {
  /// The name of the key.
  public var accessKey: String

  /// What signatures are made with.
  ///
  /// It is never sent.
  public var secretKey: String

  /// What is sent along with keys that were given for a time.
  public var sessionToken: String?

  /// When the keys end, in seconds since 1970, or nil if they do not.
  var expiration: Int?

  /// Creates keys.
  public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
  }

  /// Whether they end within some seconds.
  func expires(within seconds: Int) -> Bool {
    expiration.map { $0 - ServerTime.now.seconds <= seconds } ?? false
  }
}

extension S3Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "keys of an object store" }

  public var debugDescription: String { description }

  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
