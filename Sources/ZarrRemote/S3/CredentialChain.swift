import ChunkEngine
import Zarr
import ZarrPlatform

/// Finds credentials where the AWS tools do, in their order, and renews those that end.
final class CredentialChain: Sendable, CustomReflectable {
  /// Why there are no credentials.
  struct Failure: Error, Hashable, CustomStringConvertible {
    let description: String
  }

  private let environment: [String: String]
  private let profile: String?
  private let certificateFile: String?
  private let configuration: SharedConfiguration

  /// What it knows shows up nowhere.
  var customMirror: Mirror { Mirror(self, children: [:]) }

  /// The settings of the profile in use.
  var settings: [String: String] { configuration.profiles[profile ?? "default"] ?? [:] }

  /// Credentials that were found.
  ///
  /// One thread at a time looks for them. A process that is forked meanwhile looks for its own.
  private let found = ProcessLocal { Locked<S3Credentials?>(nil) }

  /// How long before their end credentials are renewed, in seconds.
  private static let margin = 300

  init(environment: [String: String], profile: String?, certificateFile: String?) {
    self.environment = environment
    self.profile = profile
    self.certificateFile = certificateFile
    configuration = SharedConfiguration(environment: environment)
  }

  /// The credentials to sign with now, other than those that a server has refused as too old.
  func credentials(insteadOf useless: S3Credentials? = nil) throws(Failure) -> S3Credentials {
    try found.current.withLock { found throws(Failure) in
      if let known = found, known != useless, !known.expires(within: Self.margin) { return known }
      do throws(Failure) {
        let new = try find()
        found = new
        return new
      } catch {
        // Those that are still good for a while will do, until there are others.
        if let known = found, known != useless, !known.expires(within: 10) { return known }
        throw error
      }
    }
  }

  private func find() throws(Failure) -> S3Credentials {
    // The keys of the environment go before its profile, but not before one that the program has chosen.
    let isChosen = profile != nil && profile != environment["AWS_PROFILE"]
    if !isChosen,
      let keys = keys(in: environment, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
    {
      return keys
    }
    if !isChosen, let file = environment["AWS_WEB_IDENTITY_TOKEN_FILE"],
      let role = environment["AWS_ROLE_ARN"]
    {
      return try assumeRole(role, tokenFile: file, session: environment["AWS_ROLE_SESSION_NAME"])
    }
    let name = profile ?? "default"
    if configuration.profiles[name] != nil {
      if let keys = try credentials(ofProfile: name, visited: []) { return keys }
    } else if profile != nil {
      throw Failure(description: "the shared configuration has no profile \(name)")
    }
    if let keys = try credentialsOfContainer() { return keys }
    if let keys = try credentialsOfMachine() { return keys }
    throw Failure(
      description: """
        there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or \
        AWS_SKIP_SIGNATURE=true for a bucket that everybody may read
        """)
  }

  private func keys(in settings: [String: String], _ names: [String]) -> S3Credentials? {
    guard let key = settings[names[0]], !key.isEmpty, let secret = settings[names[1]], !secret.isEmpty else {
      return nil
    }
    let token = settings[names[2]].flatMap { $0.isEmpty ? nil : $0 }
    return S3Credentials(accessKey: key, secretKey: secret, sessionToken: token)
  }

  // MARK: Shared configuration

  private func credentials(ofProfile name: String, visited: Set<String>) throws(Failure) -> S3Credentials? {
    guard let settings = configuration.profiles[name] else {
      throw Failure(description: "the shared configuration has no profile \(name)")
    }
    guard visited.count < 10 else {
      throw Failure(description: "the profile \(name) of the shared configuration leads back to itself")
    }
    let own = keys(in: settings, ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"])
    // A profile may take its own keys to assume its role.
    if let own, visited.contains(name) { return own }
    if let role = settings["role_arn"] {
      if let file = settings["web_identity_token_file"] {
        return try assumeRole(role, tokenFile: file, session: settings["role_session_name"])
      }
      let source: S3Credentials?
      if let other = settings["source_profile"] {
        if visited.contains(other), other != name {
          throw Failure(description: "the profile \(name) of the shared configuration leads back to itself")
        }
        source = try credentials(ofProfile: other, visited: visited.union([name]))
      } else {
        source =
          switch settings["credential_source"] {
          case "Environment":
            keys(in: environment, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
          case "Ec2InstanceMetadata": try credentialsOfMachine()
          case "EcsContainer": try credentialsOfContainer()
          default: nil
          }
      }
      guard let source else {
        throw Failure(description: "the profile \(name) has no credentials to assume its role with")
      }
      return try assumeRole(role, with: source, settings)
    }
    if let own { return own }
    if let command = settings["credential_process"] { return try credentials(ofProcess: command) }
    if settings["sso_session"] != nil || settings["sso_start_url"] != nil {
      throw Failure(
        description: """
          the profile \(name) signs in on the web, which is not done here; write \
          'credential_process = aws configure export-credentials --profile \(name)' into another profile
          """)
    }
    return nil
  }

  private func credentials(ofProcess command: String) throws(Failure) -> S3Credentials {
    let failure = Failure(
      description: "the credential_process of the shared configuration gives no credentials")
    guard let process = unsafe popen(command, "re") else { throw failure }
    let text = unsafe SharedConfiguration.text(of: process)
    guard unsafe pclose(process) == 0, let text, let answer = Self.object(Array(text.utf8)),
      answer["Version"]?.integerValue == 1, let keys = Self.keys(in: answer, secret: "SecretAccessKey")
    else { throw failure }
    return keys
  }

  // MARK: Roles

  private func assumeRole(
    _ role: String, tokenFile: String, session: String?
  ) throws(Failure) -> S3Credentials {
    guard let text = SharedConfiguration.text(of: tokenFile) else {
      throw Failure(description: "the token of the web identity cannot be read")
    }
    let token = text.filter { !$0.isWhitespace }
    return try askForRole(
      [("Action", "AssumeRoleWithWebIdentity"), ("WebIdentityToken", token)] + Self.naming(role, session))
  }

  private func assumeRole(
    _ role: String, with source: S3Credentials, _ settings: [String: String]
  ) throws(Failure) -> S3Credentials {
    var fields = [("Action", "AssumeRole")] + Self.naming(role, settings["role_session_name"])
    if let id = settings["external_id"] { fields.append(("ExternalId", id)) }
    if let seconds = settings["duration_seconds"] { fields.append(("DurationSeconds", seconds)) }
    if settings["mfa_serial"] != nil {
      throw Failure(description: "a profile asks for a code of several digits, which is not done here")
    }
    return try askForRole(fields, region: settings["region"], with: source)
  }

  private static func naming(_ role: String, _ session: String?) -> [(String, String)] {
    [("Version", "2011-06-15"), ("RoleArn", role), ("RoleSessionName", session ?? "zarr-vlen")]
  }

  private func askForRole(
    _ fields: [(String, String)], region: String? = nil, with source: S3Credentials? = nil
  ) throws(Failure) -> S3Credentials {
    let region = region ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? "us-east-1"
    let endpoint =
      environment["AWS_ENDPOINT_URL_STS"] ?? "https://sts.\(region).\(S3Address.domain(ofRegion: region))"
    let failure = Failure(description: "the role cannot be assumed")
    guard let origin = Origin(of: endpoint) else { throw failure }
    let body = Array(RequestSigner.canonical(fields.map { (name: $0.0, value: $0.1) }).utf8)
    var request = HTTPRequest(
      .post, origin.text + "/", headers: [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")])
    var arena = ByteArena()
    do {
      try arena.append(copying: body.rawSpan)
      request.body = try arena.takeBytes()
    } catch { throw failure }
    if let source {
      request.credentials = RequestSigner(credentials: source, region: region, service: "sts").sign(
        "POST", host: origin.authority, path: "/", query: [], headers: request.headers,
        payload: hexadecimal(Digest.sha256(body.rawSpan)), at: .now)
    }
    let answer = try ask(request, attempts: 3, connectTimeout: .seconds(5))
    guard let document = XMLElement(parsing: answer.rawSpan),
      let found = document.children.compactMap({ $0.child("Credentials") }).first,
      let key = found["AccessKeyId"], let secret = found["SecretAccessKey"]
    else { throw failure }
    var keys = S3Credentials(accessKey: key, secretKey: secret, sessionToken: found["SessionToken"])
    keys.expiration = found["Expiration"].flatMap { ServerTime(timestamp: $0)?.seconds }
    return keys
  }

  // MARK: Containers and machines

  private func credentialsOfContainer() throws(Failure) -> S3Credentials? {
    let url: String
    if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
      url = "http://169.254.170.2\(path)"
    } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
      guard let origin = Origin(of: full), origin.scheme == "https" || Self.isNear(origin.authority) else {
        throw Failure(description: "the address of the container's credentials is not on this machine")
      }
      url = full
    } else {
      return nil
    }
    var request = HTTPRequest(.get, url)
    let token =
      environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].flatMap { SharedConfiguration.text(of: $0) }
      ?? environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    if let token {
      request.credentials = [HTTPHeader("Authorization", token.filter { !$0.isNewline })]
    }
    guard let answer = Self.object(try ask(request, attempts: 3, connectTimeout: .seconds(2))),
      let keys = Self.keys(in: answer, secret: "SecretAccessKey")
    else { throw Failure(description: "the container gives no credentials") }
    return keys
  }

  /// Whether secrets may be asked for at a host without TLS.
  private static func isNear(_ authority: String) -> Bool {
    let host =
      authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
    return ["localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].contains(
      host)
  }

  /// The credentials of the role of a machine of EC2, which does not take long to find out that this is none.
  private func credentialsOfMachine() throws(Failure) -> S3Credentials? {
    guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
    var base = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
    while base.hasSuffix("/") { base.removeLast() }
    func get(_ path: String, _ token: String) throws(Failure) -> [UInt8] {
      var request = HTTPRequest(.get, "\(base)/latest/meta-data/iam/security-credentials/\(path)")
      request.credentials = [HTTPHeader("X-aws-ec2-metadata-token", token)]
      return try ask(request, attempts: 1, connectTimeout: .seconds(1))
    }
    let token: String
    do throws(Failure) {
      let request = HTTPRequest(
        .put, "\(base)/latest/api/token",
        headers: [HTTPHeader("X-aws-ec2-metadata-token-ttl-seconds", "21600")])
      token = String(decoding: try ask(request, attempts: 1, connectTimeout: .seconds(1)), as: UTF8.self)
    } catch {
      return nil
    }
    let names = String(decoding: try get("", token), as: UTF8.self)
    guard let name = names.split(whereSeparator: \.isNewline).first else { return nil }
    guard let answer = Self.object(try get(String(name).percentEncoded(), token)),
      let keys = Self.keys(in: answer, secret: "SecretAccessKey")
    else { throw Failure(description: "the machine gives no credentials") }
    return keys
  }

  /// The body of an answer that says yes.
  private func ask(
    _ request: HTTPRequest, attempts: Int, connectTimeout: Duration
  ) throws(Failure) -> [UInt8] {
    var options = HTTPClient.Options()
    options.certificateFile = certificateFile
    options.connectTimeout = connectTimeout
    options.retries.attemptLimit = attempts
    options.retries.timeLimit = .seconds(20)
    options.retries.throttledPause = .milliseconds(200)
    var request = request
    request.bodyLimit = 1 << 20
    request.stallTimeout = max(.seconds(1), connectTimeout)
    // A proxy is not to see them.
    request.usesProxy = Origin(of: request.url)?.scheme == "https"
    var arena = ByteArena()
    let response: HTTPResponse
    do {
      response = try HTTPClient(options).perform(request, into: &arena)
    } catch {
      throw Failure(description: "the credentials cannot be had: \(error)")
    }
    guard response.isSuccess else {
      throw Failure(description: "the credentials are refused with status \(response.status)")
    }
    return unsafe arena.bytes.withUnsafeBytes { unsafe Array($0) }
  }

  private static func object(_ bytes: [UInt8]) -> JSONObject? {
    try? JSONParser(maximumDepth: 16, maximumByteCount: 1 << 20).parse(bytes).objectValue
  }

  private static func keys(in answer: JSONObject, secret: String) -> S3Credentials? {
    guard let key = answer["AccessKeyId"]?.stringValue, let secret = answer[secret]?.stringValue else {
      return nil
    }
    var keys = S3Credentials(
      accessKey: key, secretKey: secret,
      sessionToken: (answer["SessionToken"] ?? answer["Token"])?.stringValue)
    keys.expiration = answer["Expiration"]?.stringValue.flatMap { ServerTime(timestamp: $0)?.seconds }
    return keys
  }
}
