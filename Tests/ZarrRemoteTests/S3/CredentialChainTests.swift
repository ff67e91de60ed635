import Foundation
import TestSupport
import Testing

@testable import ZarrRemote

@Suite("Credentials")
struct CredentialChainTests {
  private func chain(_ environment: [String: String], profile: String? = nil) -> CredentialChain {
    var environment = environment
    environment["AWS_EC2_METADATA_DISABLED"] = environment["AWS_EC2_METADATA_DISABLED"] ?? "true"
    environment["HOME"] = environment["HOME"] ?? "/nonexistent"
    return CredentialChain(
      environment: environment, profile: profile ?? environment["AWS_PROFILE"], certificateFile: nil)
  }

  /// A directory with the shared files.
  private func shared(config: String, credentials: String = "") throws -> (StoreDirectory, [String: String]) {
    let directory = try StoreDirectory()
    try config.write(toFile: directory.path("config"), atomically: false, encoding: .utf8)
    try credentials.write(toFile: directory.path("credentials"), atomically: false, encoding: .utf8)
    return (
      directory,
      [
        "AWS_CONFIG_FILE": directory.path("config"),
        "AWS_SHARED_CREDENTIALS_FILE": directory.path("credentials"),
      ]
    )
  }

  @Test("The environment has keys")
  func environment() throws {
    let found = try chain([
      "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c",
    ]).credentials()
    #expect(found == S3Credentials(accessKey: "a", secretKey: "b", sessionToken: "c"))
    #expect(
      try chain(["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": ""])
        .credentials()
        .sessionToken == nil)
  }

  @Test("Without credentials the error says how to give some, at once")
  func none() throws {
    let failure = #expect(throws: CredentialChain.Failure.self) { try chain([:]).credentials() }
    #expect(failure?.description.contains("AWS_SKIP_SIGNATURE") == true)
    #expect(throws: CredentialChain.Failure.self) { try chain(["AWS_PROFILE": "other"]).credentials() }
  }

  @Test("Profiles are read from both files")
  func profiles() throws {
    let (directory, environment) = try shared(
      config: """
        # A comment
        [default]
        region = eu-west-1
        s3 =
          aws_access_key_id = not this one
        [profile work]
        aws_access_key_id=w1
        aws_secret_access_key = w2 # with a comment
        [other]
        aws_access_key_id = none
        [profile empty]
        """,
      credentials: """
        [default]
        aws_access_key_id = d1
        aws_secret_access_key = d=2/+
        aws_session_token = d3
        """)
    let usual = chain(environment)
    #expect(try usual.credentials() == S3Credentials(accessKey: "d1", secretKey: "d=2/+", sessionToken: "d3"))
    #expect(usual.settings["region"] == "eu-west-1")
    #expect(
      try chain(environment, profile: "work").credentials() == S3Credentials(accessKey: "w1", secretKey: "w2")
    )
    for name in ["other", "empty"] {
      #expect(throws: CredentialChain.Failure.self) { try chain(environment, profile: name).credentials() }
    }
    // The keys of the environment go before its profile, but not before one that the program has chosen.
    let keys = environment.merging(["AWS_ACCESS_KEY_ID": "e", "AWS_SECRET_ACCESS_KEY": "e"]) { $1 }
    #expect(try chain(keys.merging(["AWS_PROFILE": "work"]) { $1 }).credentials().accessKey == "e")
    #expect(try chain(keys, profile: "work").credentials().accessKey == "w1")
    withExtendedLifetime(directory) {}
  }

  @Test("A program gives credentials that end, and gives others when they have")
  func process() throws {
    let (directory, environment) = try shared(
      config: """
        [default]
        credential_process = sh "$SHARED/script"
        """)
    let script = """
      count=$(cat '\(directory.path("count"))' 2>/dev/null || echo 0)
      echo $((count + 1)) > '\(directory.path("count"))'
      end=2099-01-01T00:00:00Z
      [ "$count" = 0 ] && end=2001-01-01T00:00:00Z
      echo "{\\"Version\\": 1, \\"AccessKeyId\\": \\"p$count\\", \\"SecretAccessKey\\": \\"s\\", \\"Expiration\\": \\"$end\\"}"
      """
    try script.write(toFile: directory.path("script"), atomically: false, encoding: .utf8)
    try "[default]\ncredential_process = sh '\(directory.path("script"))'"
      .write(toFile: directory.path("config"), atomically: false, encoding: .utf8)
    let chain = chain(environment)
    #expect(try chain.credentials().accessKey == "p0")
    let second = try chain.credentials()
    #expect(second.accessKey == "p1")
    #expect(try chain.credentials() == second)
    #expect(try chain.credentials(insteadOf: second).accessKey == "p2")
  }

  @Test(
    "A program that fails, or talks nonsense, is an error without its words",
    arguments: ["false", "echo secret"])
  func failingProcess(command: String) throws {
    let (directory, environment) = try shared(config: "[default]\ncredential_process = \(command)")
    let failure = #expect(throws: CredentialChain.Failure.self) { try chain(environment).credentials() }
    #expect(failure?.description.contains("secret") == false)
    withExtendedLifetime(directory) {}
  }

  private static func role(_ name: String, _ expiration: String = "2099-01-01T00:00:00Z") -> String {
    """
    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
    <AccessKeyId>\(name)</AccessKeyId><SecretAccessKey>s&amp;s</SecretAccessKey><SessionToken>t</SessionToken>
    <Expiration>\(expiration)</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
    """
  }

  @Test("A role is assumed with the credentials of another profile")
  func sourceProfile() throws {
    let server = try ScriptedServer { _ in .init(200, text: Self.role("assumed")) }
    let (directory, environment) = try shared(
      config: """
        [profile worker]
        role_arn = arn:aws:iam::1:role/r
        source_profile = base
        role_session_name = me
        external_id = x y
        [profile base]
        aws_access_key_id = b1
        aws_secret_access_key = b2
        [profile round]
        role_arn = arn:aws:iam::1:role/r
        source_profile = trip
        [profile trip]
        role_arn = arn:aws:iam::1:role/r
        source_profile = round
        """)
    let complete = environment.merging(["AWS_ENDPOINT_URL_STS": server.url]) { $1 }
    let found = try chain(complete, profile: "worker").credentials()
    #expect(found.accessKey == "assumed" && found.secretKey == "s&s" && found.sessionToken == "t")
    let request = try #require(server.requests.first)
    let body = String(decoding: request.body, as: UTF8.self)
    #expect(body.contains("Action=AssumeRole&"))
    #expect(body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"))
    #expect(body.contains("RoleSessionName=me") && body.contains("ExternalId=x%20y"))
    #expect(request.headers["authorization"]?.contains("Credential=b1/") == true)
    #expect(request.headers["authorization"]?.contains("/sts/aws4_request") == true)
    #expect(throws: CredentialChain.Failure.self) { try chain(complete, profile: "round").credentials() }
    #expect(server.requests.count == 1)
    withExtendedLifetime(directory) {}
  }

  @Test("A role is assumed with the token of a web identity, which is in no address")
  func webIdentity() throws {
    let server = try ScriptedServer { _ in .init(200, text: Self.role("web")) }
    let directory = try StoreDirectory()
    try "token-of-the-web\n".write(toFile: directory.path("token"), atomically: false, encoding: .utf8)
    let found = try chain([
      "AWS_WEB_IDENTITY_TOKEN_FILE": directory.path("token"), "AWS_ROLE_ARN": "role",
      "AWS_ENDPOINT_URL_STS": server.url,
    ]).credentials()
    #expect(found.accessKey == "web")
    let request = try #require(server.requests.first)
    #expect(request.method == "POST" && request.target == "/")
    #expect(request.headers["authorization"] == nil)
    let body = String(decoding: request.body, as: UTF8.self)
    #expect(
      body.contains("Action=AssumeRoleWithWebIdentity") && body.contains("WebIdentityToken=token-of-the-web"))
  }

  private static let answer = """
    {"AccessKeyId": "c", "SecretAccessKey": "d", "Token": "e", "Expiration": "2099-01-01T00:00:00Z", "Code": "Success"}
    """

  @Test("A container gives credentials, on this machine")
  func container() throws {
    let server = try ScriptedServer { request in
      request.headers["authorization"] == "container token" ? .init(200, text: Self.answer) : .init(403)
    }
    let found = try chain([
      "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/v1",
      "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container token",
    ]).credentials()
    #expect(found.accessKey == "c" && found.sessionToken == "e")
    #expect(server.requests.map(\.target) == ["/v1"])
    #expect(throws: CredentialChain.Failure.self) {
      try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/v1"]).credentials()
    }
    #expect(throws: CredentialChain.Failure.self) {
      try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url]).credentials()
    }
  }

  @Test("A machine gives the credentials of its role, for a token")
  func machine() throws {
    let server = try ScriptedServer { request in
      switch (request.method, request.target) {
      case ("PUT", "/latest/api/token"): .init(200, text: "machine token")
      case ("GET", _) where request.headers["x-aws-ec2-metadata-token"] != "machine token": .init(401)
      case ("GET", "/latest/meta-data/iam/security-credentials/"): .init(200, text: "my role\n")
      case ("GET", "/latest/meta-data/iam/security-credentials/my%20role"): .init(200, text: Self.answer)
      default: .init(404)
      }
    }
    let environment = [
      "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url + "/",
    ]
    #expect(try chain(environment).credentials().accessKey == "c")
    #expect(server.requests.count == 3)
    #expect(throws: CredentialChain.Failure.self) {
      try chain([
        "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1",
      ])
      .credentials()
    }
  }

  @Test("Keys are in no description")
  func descriptions() throws {
    var options = S3Options(environment: [
      "AWS_ACCESS_KEY_ID": "an-access-key", "AWS_SECRET_ACCESS_KEY": "a-secret",
      "AWS_SESSION_TOKEN": "a-token",
    ])
    options.signing = .credentials(
      S3Credentials(accessKey: "an-access-key", secretKey: "a-secret", sessionToken: "a-token"))
    var dumped = ""
    dump(options, to: &dumped)
    dump(try S3Store(bucket: "bucket", options: options), to: &dumped, maxDepth: 20)
    for text in ["\(options)", String(reflecting: options), dumped] {
      #expect(!text.contains("a-secret") && !text.contains("a-token"), "\(text)")
    }
  }

  @Test("Options are those of the environment")
  func options() {
    let options = S3Options(environment: [
      "AWS_ENDPOINT_URL": "http://general", "AWS_ENDPOINT_URL_S3": "http://special",
      "AWS_DEFAULT_REGION": "eu-west-3",
      "AWS_MAX_ATTEMPTS": "3", "AWS_CA_BUNDLE": "/ca.pem", "AWS_SKIP_SIGNATURE": "true", "AWS_PROFILE": "p",
      "AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
    ])
    #expect(
      options.endpoint == "http://special" && options.region == "eu-west-3" && options.attemptLimit == 3)
    #expect(options.certificateFile == "/ca.pem" && options.signing == .anonymous && options.profile == "p")
    #expect(options.usesChecksums == false && options.addressing == .virtualHost)
    let ignoring = S3Options(environment: [
      "AWS_ENDPOINT_URL": "http://general", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    ])
    #expect(ignoring.endpoint == nil && ignoring.usesChecksums == nil && ignoring.signing == .automatic)
  }
}
