import ZarrPlatform

/// How an object store is reached.
///
/// The options that you do not set are those of the AWS tools: `AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL` and
/// the others of the environment, and the shared configuration in `~/.aws`.
public struct S3Options: Sendable {
  /// What requests are signed with.
  public enum Signing: Hashable, Sendable {
    /// The credentials that the AWS tools would find: in the environment, the shared configuration, a container or
    /// a machine's role.
    case automatic
    /// These keys.
    case credentials(S3Credentials)
    /// Nothing, for buckets that everybody may read.
    case anonymous
  }

  /// Where the name of the bucket is in the address of a request.
  public enum Addressing: String, Hashable, Sendable {
    /// In the path: `https://host/bucket/key`.
    case path
    /// In the name of the host: `https://bucket.host/key`.
    case virtualHost
  }

  public var signing = Signing.automatic

  /// The address of a server that speaks the protocol of S3, such as `http://127.0.0.1:9000`, or nil for AWS.
  public var endpoint: String?

  /// The region of the bucket.
  ///
  /// A wrong one costs a request.
  public var region: String?

  /// The profile of the shared configuration.
  public var profile: String?

  /// Where the bucket is in addresses, or nil for what suits the server.
  public var addressing: Addressing?

  /// A file with the certificates to trust in, in place of those of `SSL_CERT_FILE` or the system.
  public var certificateFile: String?

  /// How many requests are in flight at a time.
  ///
  /// All stores of a process that reach the same host stay within the highest of theirs, and have fewer in flight
  /// while the host asks for that.
  public var requestConcurrency = 64

  /// How often a request is made, the first time included.
  public var attemptLimit = 10

  /// How long a request is tried.
  public var timeLimit = Duration.seconds(180)

  /// Whether CRC-32C checksums are sent and compared, or nil for what suits the server: with AWS they are.
  public var usesChecksums: Bool?

  /// Whether other processes may write at the same time.
  ///
  /// If so, values are replaced under conditions that the server compares, and writers of one place take turns by
  /// leases. A server that ignores conditions is then not written to. Without, such a server can be used by one
  /// process alone.
  public var isShared = true

  /// How long a lease of a lock is good without being renewed.
  ///
  /// A process that ends without unlocking keeps others waiting for as long.
  public var leaseDuration = Duration.seconds(30)

  /// How many keys a server is asked for, or to remove, at a time.
  var pageCount = 1000

  /// The longest pauses between attempts.
  var pauses = RetryPolicy()

  /// The environment that the options were made of.
  var environment: Variables

  /// Variables of an environment, some of which are secrets.
  struct Variables: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable, Sendable {
    var values: [String: String]

    var description: String { "an environment" }

    var debugDescription: String { description }

    var customMirror: Mirror { Mirror(self, children: [:]) }
  }

  /// Creates the options that the environment asks for.
  ///
  /// - Parameter environment: The variables, or nil for those of the process.
  public init(environment: [String: String]? = nil) {
    let environment = environment ?? Self.environmentOfProcess
    self.environment = Variables(values: environment)
    func text(_ names: String...) -> String? {
      names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    func flag(_ name: String) -> Bool? {
      switch text(name)?.lowercased() {
      case "true", "1", "yes", "on": true
      case "false", "0", "no", "off": false
      default: nil
      }
    }
    if flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") != true {
      endpoint = text("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    }
    region = text("AWS_REGION", "AWS_DEFAULT_REGION")
    profile = text("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
    certificateFile = text("AWS_CA_BUNDLE")
    if flag("AWS_SKIP_SIGNATURE") == true { signing = .anonymous }
    if let flag = flag("AWS_VIRTUAL_HOSTED_STYLE_REQUEST") { addressing = flag ? .virtualHost : .path }
    if let number = text("AWS_MAX_ATTEMPTS").flatMap({ parseDecimal($0) }), number > 0 {
      attemptLimit = number
    }
    switch text("AWS_REQUEST_CHECKSUM_CALCULATION")?.lowercased() {
    case "when_supported": usesChecksums = true
    case "when_required": usesChecksums = false
    default: break
    }
  }

  /// The variables of the process.
  private static var environmentOfProcess: [String: String] {
    let names = [
      "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
      "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS",
      "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_SKIP_SIGNATURE",
      "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_CONFIG_FILE",
      "AWS_SHARED_CREDENTIALS_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
      "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
      "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "HOME",
    ]
    var found: [String: String] = [:]
    for name in names { found[name] = unsafe getenv(name).map { unsafe String(cString: $0) } }
    return found
  }
}
