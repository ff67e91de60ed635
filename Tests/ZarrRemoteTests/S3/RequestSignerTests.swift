import Foundation
import TestSupport
import Testing

@testable import ZarrRemote

@Suite("Signatures of requests")
struct RequestSignerTests {
  /// A request as the script reads it.
  private struct Case: Encodable {
    var seconds: Int
    var method: String
    var url: String
    var headers: [String: String]
    var payload: String
    var access_key: String
    var secret_key: String
    var token: String?
    var region: String
  }

  private static let alphabet = Array("abcXYZ019-._~=+%&?#/// :;,@!$'()*[]{}|\\\"<>^`éüΩ日😀\u{301}").map(
    String.init)

  @Test("Signatures are those of botocore, for a thousand random requests")
  func botocore() throws {
    var generator = SeededGenerator(seed: 15)
    func text(_ count: ClosedRange<Int>) -> String {
      (0..<Int.random(in: count, using: &generator)).map { _ in
        Self.alphabet.randomElement(using: &generator) ?? ""
      }.joined()
    }
    var cases: [Case] = []
    var expected: [String] = []
    for _ in 0..<1000 {
      let method = ["GET", "PUT", "HEAD", "DELETE", "POST"].randomElement(using: &generator) ?? "GET"
      let host =
        ["127.0.0.1:8333", "bucket.s3.us-west-2.amazonaws.com"].randomElement(using: &generator) ?? ""
      let path = "/" + text(1...30).percentEncoded(keepsSlashes: true)
      let query = (0..<Int.random(in: 0...3, using: &generator)).map {
        (name: "q\($0)" + text(0...4), value: text(0...9))
      }
      let headers =
        Bool.random(using: &generator)
        ? [HTTPHeader("x-amz-meta-name", "a  value of  words"), HTTPHeader("Content-MD5", "bWQ1")] : []
      let credentials = S3Credentials(
        accessKey: "key\(Int.random(in: 0...3, using: &generator))",
        secretKey: "secret/+\(Int.random(in: 0...3, using: &generator))",
        sessionToken: Bool.random(using: &generator) ? "token+/=" : nil)
      let payload =
        Bool.random(using: &generator)
        ? RequestSigner.unsignedPayload : hexadecimal(Digest.sha256(text(0...9)))
      let time = ServerTime(seconds: Int.random(in: 1_000_000_000...2_000_000_000, using: &generator))
      let region = ["us-east-1", "eu-central-1"].randomElement(using: &generator) ?? ""
      let signed = RequestSigner(credentials: credentials, region: region).sign(
        method, host: host, path: path, query: query, headers: headers, payload: payload, at: time)
      expected.append(signed.first { $0.name == "Authorization" }?.value ?? "")
      let suffix = query.isEmpty ? "" : "?" + RequestSigner.canonical(query)
      cases.append(
        Case(
          seconds: time.seconds, method: method, url: "http://\(host)\(path)\(suffix)",
          headers: Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) }), payload: payload,
          access_key: credentials.accessKey, secret_key: credentials.secretKey,
          token: credentials.sessionToken,
          region: region))
    }
    let directory = try StoreDirectory()
    let lines = try cases.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
    try lines.joined(separator: "\n").write(
      toFile: directory.path("cases"), atomically: false, encoding: .utf8)
    let found = try RemoteServers.run("sign.py", [directory.path("cases")]).split(separator: "\n").map(
      String.init)
    #expect(found.count == expected.count)
    for (number, pair) in zip(found, expected).enumerated() where pair.0 != pair.1 {
      Issue.record("\(cases[number].method) \(cases[number].url): \(pair.1), expected \(pair.0)")
    }
  }

  @Test("Digests are those that everybody knows")
  func digests() {
    let bytes = Array("123456789".utf8)
    #expect(Digest.crc32c(bytes.span.bytes) == "4waSgw==")
    #expect(base64(Digest.md5(bytes.span.bytes)) == "JfnnlDI7RTiF9RgfG2JNCw==")
    #expect(
      hexadecimal(Digest.sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    for (text, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
      #expect(base64(Array(text.utf8)) == expected)
    }
  }

  @Test("Times are read and written as servers do")
  func times() {
    #expect(ServerTime(header: "Mon, 30 Nov 2026 17:45:48 GMT")?.signed == "20261130T174548Z")
    #expect(ServerTime(timestamp: "2026-11-30T17:45:48Z")?.signed == "20261130T174548Z")
    #expect(
      ServerTime(timestamp: "2026-11-30T17:45:48.123Z")?.seconds
        == ServerTime(header: "Mon, 30 Nov 2026 17:45:48 GMT")?.seconds)
    #expect(ServerTime(seconds: 0).signed == "19700101T000000Z")
    for text in [
      "", "Mon", "Mon, 30 Nov 2026 17:45 GMT", "Mon, 30 Foo 2026 17:45:48 GMT",
      "Mon, 99 Nov 2026 17:45:48 GMT",
    ] {
      #expect(ServerTime(header: text) == nil)
    }
    for text in ["", "2026-11-30", "2026-11-30T", "2026-13-30T17:45:48Z", "x-y-zTa:b:c"] {
      #expect(ServerTime(timestamp: text) == nil)
    }
  }
}
