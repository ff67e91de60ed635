import ChunkEngine
import TestSupport
import Testing
import Zarr

@testable import ZarrRemote

@Suite("What servers may answer")
struct HostileServerTests {
  private func store(_ url: String, _ change: (inout S3Options) -> Void = { _ in }) throws -> S3Store {
    var options = S3Options(environment: [:])
    options.endpoint = url
    options.signing = .credentials(
      S3Credentials(accessKey: "key-name", secretKey: "very-secret", sessionToken: "t0ken"))
    options.pauses.transientPause = .milliseconds(1)
    options.pauses.throttledPause = .milliseconds(1)
    options.attemptLimit = 4
    change(&options)
    return try S3Store(bucket: "bucket", prefix: "p", options: options)
  }

  private static func listing(_ inside: String) -> String {
    """
    <?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\(inside)</ListBucketResult>
    """
  }

  @Test(
    "A listing that is none is an error",
    arguments: [
      "", "nonsense", "<ListBucketResult>", "<Other/>", "<Error><Code>Odd</Code></Error>", "<a></b>",
      "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><ListBucketResult><Contents><Key>&b;</Key></Contents></ListBucketResult>",
      "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><ListBucketResult/>",
      listing("<IsTruncated>true</IsTruncated>"), String(repeating: "<a>", count: 100_000),
      "<ListBucketResult>\u{0}</ListBucketResult>",
    ])
  func listings(body: String) throws {
    let server = try ScriptedServer { _ in .init(200, text: body) }
    #expect(throws: StoreError.self) { try store(server.url).list("") }
    #expect(throws: StoreError.self) { try store(server.url).listDirectory("a") }
    #expect(throws: StoreError.self) { try store(server.url).deleteAll("a") }
  }

  @Test("A listing without an end ends")
  func endlessListings() throws {
    // The same page again and again, or new ones without a key.
    for isSame in [true, false] {
      let number = Counter()
      let server = try ScriptedServer { _ in
        .init(
          200,
          text: Self.listing(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>t\(isSame ? 0 : number.next())</NextContinuationToken>"
          ))
      }
      #expect(throws: StoreError.malformedAnswer(path: "s3://bucket/p", reason: "the listing has no end")) {
        try store(server.url).list("")
      }
    }
    let server = try ScriptedServer { _ in
      .init(
        raw: "HTTP/1.1 200 OK\r\n\r\n<ListBucketResult>", endless: String(repeating: "<a/>", count: 10_000))
    }
    #expect(throws: StoreError.self) { try store(server.url).list("") }
  }

  private static func uploads(_ inside: String) -> String {
    "<ListMultipartUploadsResult>\(inside)</ListMultipartUploadsResult>"
  }

  private static func upload(_ key: String, _ beginning: String = "2035-01-02T03:00:00.123Z") -> String {
    "<Upload><Key>\(key)</Key><UploadId>id</UploadId><Initiated>\(beginning)</Initiated></Upload>"
  }

  @Test("What was sent in part is as old as the server's clock says, and what is elsewhere is left out")
  func uploadAges() throws {
    let server = try ScriptedServer { _ in
      .init(
        200, headers: ["Date: Tue, 02 Jan 2035 03:04:00 GMT"],
        text: Self.uploads(
          ["p/a/c/0", "p/a/../c", "p/ab", "q/a/c/0", "p/a/", ""].map { Self.upload($0) }.joined()
            + Self.upload("p/a/new", "2035-01-02T03:04:05.000Z")))
    }
    let found = try store(server.url).unfinishedUploads(below: "a")
    #expect(found.map(\.key) == ["a/c/0", "a/../c", "a/new"])
    #expect(found.map(\.age) == [240, 240, 0])
    #expect(server.requests[0].target.hasPrefix("/bucket?prefix=p%2Fa%2F&uploads="))
  }

  @Test(
    "A listing of what was sent in part that is none is an error",
    arguments: [
      "", "nonsense", listing(""), "<ListMultipartUploadsResult>", uploads("<IsTruncated>true</IsTruncated>"),
      uploads("<Upload><Key>p/a</Key></Upload>"), uploads(upload("p/a", "yesterday")),
      uploads(
        "<IsTruncated>true</IsTruncated><NextKeyMarker>p/a</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker>"
      ),
      uploads("<IsTruncated>true</IsTruncated><NextKeyMarker></NextKeyMarker>"),
    ])
  func uploadListings(body: String) throws {
    let server = try ScriptedServer { _ in .init(200, text: body) }
    let error = #expect(throws: StoreError.self) { try store(server.url).unfinishedUploads(below: "") }
    #expect(error?.isRefusal == true)
    #expect(throws: StoreError.self) {
      try store(server.url).byteCount(of: UnfinishedUpload(key: "a", id: "1", age: 0))
    }
  }

  @Test("A server that does not list what was sent in part says so", arguments: [400, 403, 404, 405, 501])
  func uploadRefusals(status: Int) throws {
    let server = try ScriptedServer { _ in .init(status, text: "<Error><Code>Odd</Code></Error>") }
    let error = #expect(throws: StoreError.self) { try store(server.url).unfinishedUploads(below: "a") }
    #expect(error == .refused(path: "s3://bucket/p/a", status: status, reason: "Odd"))
    #expect(error?.isRefusal == true)
  }

  @Test("Keys of other places, and what is no key, are left out of a listing")
  func foreignKeys() throws {
    let keys = [
      "p/a", "p/b/c", "q/a", "p", "p/", "p//x", "p/../x", "p/.zarr-vlen.lock-x", "p/é &amp; ü", "pa",
    ]
    let server = try ScriptedServer { _ in
      .init(200, text: Self.listing(keys.map { "<Contents><Key>\($0)</Key></Contents>" }.joined()))
    }
    #expect(try store(server.url).keys() == ["a", "b/c", "é & ü"])
    #expect(server.requests[0].target.hasPrefix("/bucket?list-type=2&prefix=p%2F"))
  }

  @Test("A refusal is shown with its code and message, and no secret")
  func refusal() throws {
    let server = try ScriptedServer { _ in
      .init(403, text: "<Error><Code>AccessDenied</Code><Message>Not&#10; you</Message></Error>")
    }
    let error = #expect(throws: StoreError.self) { try store(server.url).value(of: "a") }
    #expect(error == .refused(path: "s3://bucket/p/a", status: 403, reason: "AccessDenied: Not you"))
    for request in server.requests {
      #expect(!request.target.contains("key-name") && !request.target.contains("t0ken"))
      #expect(!"\(request)".contains("very-secret"))
    }
    #expect(throws: StoreError.refused(path: "s3://bucket/p/a", status: 403, reason: "AccessDenied: Not you"))
    {
      try store(server.url).put([1], at: "a")
    }
  }

  @Test("A missing bucket is no missing value")
  func missingBucket() throws {
    let server = try ScriptedServer { _ in
      .init(404, text: "<Error><Code>NoSuchBucket</Code><Message>No.</Message></Error>")
    }
    let store = try store(server.url)
    #expect(throws: StoreError.refused(path: "s3://bucket/p/a", status: 404, reason: "NoSuchBucket: No.")) {
      try store.value(of: "a")
    }
    #expect(throws: StoreError.self) { try store.put([1], at: "a") }
    #expect(throws: StoreError.self) { try store.list("") }
    #expect(throws: StoreError.self) { try store.delete(StoreKey("a")) }
  }

  @Test(
    "A value is read and written where the server does not copy, or stores nothing in place of a copy",
    arguments: [501, 405, 400, 200])
  func serverWithoutCopies(status: Int) throws {
    let written = Counter()
    let server = try ScriptedServer { request in
      if request.headers["x-amz-copy-source"] != nil {
        return .init(status, text: status == 200 ? "" : "<Error><Code>NotImplemented</Code></Error>")
      }
      switch (request.method, request.target) {
      case ("HEAD", "/bucket/p/a"): return .init(200, headers: ["ETag: \"1\""], length: 5)
      case ("GET", "/bucket/p/a"): return .init(200, headers: ["ETag: \"1\""], text: "value")
      case ("PUT", "/bucket/p/b"):
        _ = written.next()
        return .init(200, headers: ["ETag: \"2\""])
      default: return .init(404)
      }
    }
    #expect(try store(server.url).copy(StoreKey("a"), to: StoreKey("b")))
    #expect(written.value == 1)
    #expect(server.requests.last?.body == Array("value".utf8))
    // What is not there is not made up.
    #expect(try !store(server.url).copy(StoreKey("c"), to: StoreKey("b")))
  }

  @Test("A copy that is refused is an error")
  func refusedCopies() throws {
    let server = try ScriptedServer { _ in .init(403, text: "<Error><Code>AccessDenied</Code></Error>") }
    #expect(throws: StoreError.self) { try store(server.url).copy(StoreKey("a"), to: StoreKey("b")) }
  }

  @Test("A redirect to another host is not followed")
  func redirects() throws {
    let other = try ScriptedServer { _ in .init(200, body: [1]) }
    for status in [301, 302, 307, 308] {
      let server = try ScriptedServer { _ in .init(status, headers: ["Location: \(other.url)/bucket/p/a"]) }
      #expect(throws: StoreError.self) { try store(server.url).value(of: "a") }
      #expect(throws: StoreError.self) { try store(server.url).put([1], at: "a") }
    }
    #expect(other.requests.isEmpty)
  }

  @Test("The region that the server names is used from then on")
  func region() throws {
    let server = try ScriptedServer { request in
      request.headers["authorization"]?.contains("/eu-north-1/") == true
        ? .init(200, body: [5])
        : .init(request.method == "HEAD" ? 400 : 301, headers: ["x-amz-bucket-region: eu-north-1"])
    }
    let store = try store(server.url)
    #expect(try store.byteCount(of: StoreKey("a")) == 1)
    #expect(try store.value(of: "a") == [5])
    #expect(server.requests.map(\.method) == ["HEAD", "HEAD", "GET"])
    let liar = try ScriptedServer { _ in .init(301, headers: ["x-amz-bucket-region: a/b:c@evil.example"]) }
    #expect(throws: StoreError.self) { try self.store(liar.url).value(of: "a") }
    #expect(liar.requests.count == 1)
  }

  @Test("The clock of the server counts", arguments: ["GET", "HEAD"])
  func clock(method: String) throws {
    let server = try ScriptedServer { request in
      request.headers["x-amz-date"]?.hasPrefix("20350102T0304") == true
        ? .init(200, body: [5])
        : .init(
          403, headers: ["Date: Tue, 02 Jan 2035 03:04:00 GMT"],
          text: method == "HEAD" ? "" : "<Error><Code>RequestTimeTooSkewed</Code></Error>")
    }
    let store = try store(server.url)
    if method == "HEAD" {
      #expect(try store.byteCount(of: StoreKey("a")) == 1)
    } else {
      #expect(try store.value(of: "a") == [5])
    }
    #expect(server.requests.count == 2)
  }

  @Test("Credentials that have come to their end are renewed once")
  func expiredCredentials() throws {
    let server = try ScriptedServer { request in
      if request.target == "/credentials" {
        return .init(200, text: "{\"AccessKeyId\": \"k\", \"SecretAccessKey\": \"s\", \"Token\": \"t\"}")
      }
      return .init(400, text: "<Error><Code>ExpiredToken</Code></Error>")
    }
    let store = try store(server.url) { options in
      options.signing = .automatic
      options.environment.values = [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/credentials", "HOME": "/nonexistent",
      ]
    }
    #expect(throws: StoreError.refused(path: "s3://bucket/p/a", status: 400, reason: "ExpiredToken")) {
      try store.value(of: "a")
    }
    #expect(server.requests.map(\.target) == ["/credentials", "/bucket/p/a", "/credentials", "/bucket/p/a"])
  }

  @Test("Without credentials no request is made, and the error says so")
  func noCredentials() throws {
    let server = try ScriptedServer { _ in .init(200) }
    let store = try store(server.url) { options in
      options.signing = .automatic
      options.environment.values = ["AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"]
    }
    let error = #expect(throws: StoreError.self) { try store.value(of: "a") }
    #expect("\(String(describing: error))".contains("AWS_ACCESS_KEY_ID"))
    #expect(server.requests.isEmpty)
    let anonymous = try self.store(server.url) { $0.signing = .anonymous }
    #expect(try anonymous.value(of: "a") == [])
    #expect(server.requests[0].headers["authorization"] == nil)
  }

  @Test("Nothing but failures ends in time, with an error that says what failed")
  func onlyFailures() throws {
    for (status, code) in [
      (503, "SlowDown"), (429, "TooManyRequests"), (500, "InternalError"), (409, "OperationAborted"),
    ] {
      let server = try ScriptedServer { _ in .init(status, text: "<Error><Code>\(code)</Code></Error>") }
      let store = try store(server.url)
      for call in [
        { try store.put([1], at: "a") }, { _ = try store.value(of: "a") }, { _ = try store.list("") },
        { try store.delete(StoreKey("a")) },
      ] {
        let error = #expect(throws: StoreError.self) { try call() }
        guard case .unavailable(_, let reason) = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
        #expect(reason == "the server answered \(status) \(code) (after 4 attempts)")
      }
      #expect(server.requests.count == 16)
    }
  }

  @Test("Bytes that do not have the checksum are refused")
  func checksums() throws {
    let server = try ScriptedServer { request in
      let sum = request.target.hasSuffix("good") ? "4waSgw==" : "AAAAAA=="
      return .init(200, headers: ["x-amz-checksum-crc32c: \(sum)"], text: "123456789")
    }
    let store = try store(server.url) { $0.usesChecksums = true }
    #expect(try store.value(of: "good") == Array("123456789".utf8))
    #expect(throws: StoreError.self) { try store.value(of: "bad") }
    #expect(server.requests[0].headers["x-amz-checksum-mode"] == "ENABLED")
  }

  @Test("Names of buckets and addresses that are none are refused")
  func names() {
    for bucket in ["", "a", "a/b", "a b", "..", "bucket?x", "bucket#", "b:80@c", "é"] {
      #expect(throws: StoreError.self, "\(bucket)") {
        try S3Store(bucket: bucket, options: S3Options(environment: [:]))
      }
    }
    for endpoint in ["host", "ftp://host", "http://", "http://user:password@host"] {
      var options = S3Options(environment: [:])
      options.endpoint = endpoint
      let error = #expect(throws: StoreError.self, "\(endpoint)") {
        try S3Store(bucket: "bucket", options: options)
      }
      #expect("\(String(describing: error))".contains("password@") == false)
    }
  }

  @Test("Addresses are those of AWS, or of a server of one's own")
  func addresses() throws {
    func url(
      _ bucket: String, _ endpoint: String?, _ addressing: S3Options.Addressing? = nil,
      region: String = "eu-west-1"
    )
      throws -> String
    {
      let (origin, path) = try S3Address(bucket: bucket, endpoint: endpoint, addressing: addressing)
        .location(of: "a=b/é %+", region: region)
      return origin.text + path
    }
    let key = "a%3Db/%C3%A9%20%25%2B"
    #expect(try url("bucket", nil) == "https://bucket.s3.eu-west-1.amazonaws.com/\(key)")
    #expect(try url("bucket.dots", nil) == "https://s3.eu-west-1.amazonaws.com/bucket.dots/\(key)")
    #expect(
      try url("bucket", nil, region: "cn-north-1") == "https://bucket.s3.cn-north-1.amazonaws.com.cn/\(key)")
    #expect(try url("bucket", "http://Host:9000/") == "http://host:9000/bucket/\(key)")
    #expect(try url("bucket", "https://host/base/") == "https://host/base/bucket/\(key)")
    #expect(try url("bucket", "https://host", .virtualHost) == "https://bucket.host/\(key)")
  }
}
