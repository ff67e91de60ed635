import ChunkEngine
import Dispatch
import Synchronization
import TestSupport
import Testing
import ZarrPlatform

@testable import ZarrRemote

@Suite("Requests over HTTP")
struct HTTPClientTests {
  /// A client that tries again at once.
  static func hasty(_ change: (inout HTTPClient.Options) -> Void = { _ in }) -> HTTPClient {
    var options = HTTPClient.Options()
    options.retries.transientPause = .milliseconds(1)
    options.retries.throttledPause = .milliseconds(2)
    change(&options)
    return HTTPClient(options)
  }

  private func text(_ arena: borrowing ByteArena) -> String {
    arena.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  @Test("A body goes after what an arena has")
  func appending() throws {
    let server = try ScriptedServer { _ in .init(200, headers: ["ETag: \"a\""], body: Array("world".utf8)) }
    var arena = ByteArena()
    try arena.append(copying: Array("hello ".utf8).span.bytes)
    let response = try Self.hasty().perform(HTTPRequest(.get, server.url + "/x%2F//y"), into: &arena)
    #expect(response.status == 200)
    #expect(response.headers["etag"] == "\"a\"")
    #expect(response.byteCount == 5)
    #expect(text(arena) == "hello world")
    #expect(server.requests.map(\.target) == ["/x%2F//y"])
    #expect(server.requests[0].headers.keys.sorted() == ["host", "user-agent"])
  }

  @Test("What is sent arrives")
  func sending() throws {
    let server = try ScriptedServer { _ in .init(200) }
    for count in [0, 1, 100, 3_000_000] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      var arena = ByteArena()
      try arena.append(copying: bytes.span.bytes)
      let request = HTTPRequest(
        .put, server.url + "/v", headers: [HTTPHeader("x-empty", ""), HTTPHeader("X-Name", "value")],
        body: try arena.takeBytes())
      #expect(try Self.hasty().perform(request).status == 200)
      let seen = try #require(server.requests.last)
      #expect(seen.method == "PUT")
      #expect(seen.body == bytes)
      #expect(seen.headers["x-name"] == "value")
      #expect(seen.headers["x-empty"] == "")
      #expect(seen.headers["content-length"] == "\(count)")
      #expect(seen.headers["expect"] == nil && seen.headers["content-type"] == nil)
    }
  }

  @Test("A head and a deletion have no body")
  func noBody() throws {
    let server = try ScriptedServer { $0.method == "HEAD" ? .init(200, length: 77) : .init(204) }
    let client = Self.hasty()
    #expect(try client.perform(HTTPRequest(.head, server.url)).contentLength == 77)
    #expect(try client.perform(HTTPRequest(.delete, server.url)).status == 204)
    #expect(server.requests.map(\.method) == ["HEAD", "DELETE"])
  }

  @Test("One connection serves many requests, and many threads as many connections")
  func connections() throws {
    let server = try ScriptedServer { .init(200, body: Array($0.target.utf8)) }
    let client = Self.hasty()
    let wrong = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 200) { number in
      var arena = ByteArena()
      let response = try? client.perform(HTTPRequest(.get, "\(server.url)/\(number)"), into: &arena)
      if response?.status != 200 || text(arena) != "/\(number)" { wrong.add(1, ordering: .relaxed) }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test("An answer that says no is none of the value")
  func refusal() throws {
    let server = try ScriptedServer { _ in .init(404, body: Array("<Error/>".utf8)) }
    var arena = ByteArena()
    let response = try Self.hasty().perform(HTTPRequest(.get, server.url), into: &arena)
    #expect(response.status == 404)
    #expect(response.refusal == Array("<Error/>".utf8))
    #expect(arena.count == 0)
  }

  @Test("A failure that passes is not seen")
  func passingFailures() throws {
    let count = Mutex(0)
    let server = try ScriptedServer { _ in
      switch count.withLock({
        $0 += 1; return $0
      }) {
      case 1: .init(503, body: [1, 2, 3])
      case 2: .init(500)
      case 3: nil
      case 4: .init(200, body: [9, 9], length: 4, closes: true)
      case 5: .init(429, headers: ["Retry-After: 0"])
      default: .init(200, body: [1, 2, 3, 4])
      }
    }
    var arena = ByteArena()
    #expect(try Self.hasty().perform(HTTPRequest(.get, server.url), into: &arena).status == 200)
    #expect(arena.bytes.withUnsafeBytes { Array($0) } == [1, 2, 3, 4])
    #expect(server.requests.count == 6)
  }

  @Test("A failure that stays ends after as many attempts as are allowed")
  func lastingFailures() throws {
    let server = try ScriptedServer { _ in .init(503) }
    let client = Self.hasty { $0.retries.attemptLimit = 4 }
    #expect(throws: HTTPError.exhausted(attemptCount: 4, reason: "the server answered 503")) {
      try client.perform(HTTPRequest(.get, server.url))
    }
    #expect(server.requests.count == 4)
    #expect(throws: HTTPError.self) {
      try client.perform(HTTPRequest(.get, "http://127.0.0.1:1/"))
    }
  }

  @Test("A request that takes unusually long is sent a second time, and one in twenty at most")
  func hedging() throws {
    let slow = Flag()
    let server = try ScriptedServer { request in
      if request.target == "/slow", slow.take() { usleep(3_000_000) }
      if request.target == "/always" { usleep(150_000) }
      return .init(200, body: Array(request.target.utf8))
    }
    let client = Self.hasty()
    func get(_ path: String) throws {
      var arena = ByteArena()
      try arena.append(copying: ([9] as [UInt8]).span.bytes)
      _ = try client.perform(HTTPRequest(.get, server.url + path), into: &arena)
      #expect(text(arena) == "\t" + path)
    }
    for _ in 0..<100 { try get("/quick") }
    let before = server.requests.count
    slow.set(true)
    let start = ContinuousClock.now
    try get("/slow")
    #expect(server.requests.count == before + 2)
    #expect(start.duration(to: .now) < .seconds(3), "the second answer was not taken")
    // What is written is never sent twice for that.
    slow.set(true)
    var arena = ByteArena()
    try arena.append(copying: ([9] as [UInt8]).span.bytes)
    let put = HTTPRequest(.put, server.url + "/slow", body: try arena.takeBytes())
    #expect(try client.perform(put).status == 200)
    #expect(server.requests.count == before + 3)
    let rest = server.requests.count
    for _ in 0..<60 { try get("/always") }
    #expect(server.requests.count - rest <= 60 + 3 + 4)
  }

  @Test("A body above the limit takes no memory")
  func bodyLimit() throws {
    let server = try ScriptedServer { request in
      switch request.target {
      case "/long": .init(200, body: [1], length: 1 << 40)
      case "/chunks":
        .init(raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", endless: "4\r\nabcd\r\n")
      default: .init(raw: "HTTP/1.1 200 OK\r\n\r\n", endless: String(repeating: "x", count: 1000))
      }
    }
    for (path, byteCounts) in [
      ("/long", 1 << 40...1 << 40), ("/chunks", 1001...300_000), ("/endless", 1001...300_000),
    ] {
      var request = HTTPRequest(.get, server.url + path)
      request.bodyLimit = 1000
      var arena = ByteArena()
      let error = #expect(throws: HTTPError.self) {
        try Self.hasty().perform(request, into: &arena)
      }
      guard case .tooLarge(let byteCount, 1000) = error else {
        Issue.record("\(path) gives \(String(describing: error))")
        continue
      }
      #expect(byteCounts.contains(byteCount))
      #expect(arena.count == 0)
      #expect(arena.capacity <= 1 << 16)
    }
  }

  @Test("An endless head or refusal ends")
  func endlessAnswers() throws {
    let server = try ScriptedServer { request in
      request.target == "/head"
        ? .init(raw: "HTTP/1.1 200 OK\r\n", endless: "X-Field: value\r\n")
        : .init(raw: "HTTP/1.1 403 No\r\n\r\n", endless: String(repeating: "x", count: 1000))
    }
    #expect(throws: HTTPError.malformed(reason: "the head of the answer is too large")) {
      try Self.hasty().perform(HTTPRequest(.get, server.url + "/head"))
    }
    let response = try Self.hasty().perform(HTTPRequest(.get, server.url + "/refusal"))
    #expect(response.status == 403)
    #expect(response.refusal.count == 64 << 10)
  }

  @Test("A window of a body is kept")
  func window() throws {
    let body = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let server = try ScriptedServer { _ in .init(200, body: body) }
    for window in [0..<1, 5..<105, 1_999_990..<5_000_000, 3..<3, 100_000..<1_900_000] {
      var request = HTTPRequest(.get, server.url)
      request.keeping = { _ in window }
      request.bodyLimit = window.count
      var arena = ByteArena()
      let response = try Self.hasty().perform(request, into: &arena)
      let expected = Array(body[window.clamped(to: 0..<body.count)])
      #expect(response.byteCount == expected.count)
      #expect(arena.bytes.withUnsafeBytes { Array($0) } == expected)
    }
  }

  @Test("A redirect is followed where it is allowed, and carries no secret elsewhere")
  func redirects() throws {
    let other = try ScriptedServer { _ in .init(200, body: [7]) }
    let server = try ScriptedServer { request in
      switch request.target {
      case "/away": .init(302, headers: ["Location: \(other.url)/there"])
      case "/near": .init(307, headers: ["Location: /here"])
      case "/round": .init(301, headers: ["Location: /round"])
      case "/file": .init(301, headers: ["Location: file:///etc/passwd"])
      default: .init(200, body: [8])
      }
    }
    func get(_ path: String, _ limit: Int = 5) throws -> HTTPResponse {
      var request = HTTPRequest(.get, server.url + path, headers: [HTTPHeader("x-open", "o")])
      request.credentials = [HTTPHeader("x-secret", "s"), HTTPHeader("Authorization", "s")]
      request.redirectLimit = limit
      return try Self.hasty().perform(request)
    }
    #expect(try get("/near").status == 200)
    #expect(server.requests.last?.headers["x-secret"] == "s")
    #expect(try get("/away", 0).status == 302)
    #expect(other.requests.isEmpty)
    let away = try get("/away")
    #expect(away.status == 200, "\(away)")
    #expect(other.requests.last?.headers["x-open"] == "o")
    #expect(other.requests.last?.headers["x-secret"] == nil)
    #expect(other.requests.last?.headers["authorization"] == nil)
    #expect(try get("/round").status == 301)
    #expect(throws: HTTPError.self) { try get("/file") }
  }

  @Test("A field that would be two is not sent")
  func unsafeFields() throws {
    let server = try ScriptedServer { _ in .init(200) }
    for header in [HTTPHeader("x-a", "b\r\nx-c: d"), HTTPHeader("x-a: b\nx-c", "d"), HTTPHeader("", "d")] {
      #expect(throws: HTTPError.self) {
        try Self.hasty().perform(HTTPRequest(.get, server.url, headers: [header]))
      }
    }
    #expect(server.requests.isEmpty)
  }

  @Test("Addresses of other schemes are refused")
  func schemes() throws {
    for url in ["file:///etc/passwd", "gopher://127.0.0.1/", "http//127", ""] {
      #expect(throws: HTTPError.self) { try Self.hasty().perform(HTTPRequest(.get, url)) }
    }
  }

  @Test("A server that asks for fewer requests gets fewer, and slowly more again")
  func throttling() throws {
    let gate = RequestGate.shared(by: "test-host", ceiling: 64)
    #expect(gate.currentLimit == 64)
    gate.see(isThrottled: true)
    gate.see(isThrottled: true)
    #expect(gate.currentLimit == 32)
    for _ in 0..<40 { gate.see(isThrottled: false) }
    #expect(33...34 ~= gate.currentLimit)
    #expect(RequestGate.shared(by: "test-host", ceiling: 256) === gate)
    #expect(33...34 ~= gate.currentLimit)
  }

  @Test("Ranges of answers are read with suspicion")
  func contentRanges() {
    func response(_ range: String) -> HTTPResponse {
      var headers = HTTPHeaders()
      for line in ["HTTP/1.1 206 OK\r\n", "Content-Range:  \(range) \r\n"] {
        Array(line.utf8).withUnsafeBytes { headers.append($0) }
      }
      return HTTPResponse(status: 206, headers: headers)
    }
    #expect(response("bytes 0-9/20").contentRange?.part == 0..<10)
    #expect(response("bytes 0-9/20").contentRange?.byteCount == 20)
    #expect(response("bytes 3-3/*").contentRange?.part == 3..<4)
    for text in [
      "bytes 9-0/20", "bytes 0-20/20", "bytes -1-3/20", "0-9/20", "bytes 0-9", "bytes */20",
      "bytes 0-9223372036854775807/*", "bytes 0-99999999999999999999/*", "bytes 0-9/x", "bytes 0-9/20/30",
    ] {
      #expect(response(text).contentRange == nil, "\(text)")
    }
    #expect(response("bytes */20").unsatisfiedByteCount == 20)
  }
}
