import Synchronization

/// A request that a scripted server has got.
public struct ScriptedRequest: Sendable {
  /// The method.
  public let method: String
  /// The path and the query.
  public let target: String
  /// The fields of the head, with names in lower case.
  public let headers: [String: String]
  /// The body.
  public let body: [UInt8]
}

/// A server on loopback that answers as a test says, also with what no sound server would say.
public final class ScriptedServer: Sendable {
  /// What is sent for a request: bytes as they are, and whether the connection ends after them.
  public struct Answer: Sendable {
    /// The bytes as they are sent.
    public var bytes: [UInt8]
    /// Whether the connection ends after them.
    public var closes = false
    /// Sent again and again after `bytes`, until the client goes away.
    public var endless: [UInt8]?

    /// An answer with a status, fields and a body.
    public init(
      _ status: Int, headers: [String] = [], body: [UInt8] = [], length: Int? = nil, closes: Bool = false
    ) {
      let lines = ["HTTP/1.1 \(status) Text", "Content-Length: \(length ?? body.count)"] + headers
      bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
      self.closes = closes
    }

    /// An answer with text in its body.
    public init(_ status: Int, headers: [String] = [], text: String) {
      self.init(status, headers: headers, body: Array(text.utf8))
    }

    /// Bytes as they are.
    public init(raw: String, endless: String? = nil) {
      bytes = Array(raw.utf8)
      self.endless = endless.map { Array($0.utf8) }
      closes = true
    }
  }

  private final class Seen: Sendable {
    let requests = Mutex<[ScriptedRequest]>([])
  }

  private let listener: LoopbackListener
  private let seen = Seen()

  /// The address of the server.
  public var url: String { "http://127.0.0.1:\(listener.port)" }

  /// The requests so far.
  public var requests: [ScriptedRequest] { seen.requests.withLock { $0 } }

  /// Starts a server that answers each request with what `answer` returns, or with nothing and the end.
  public init(_ answer: @escaping @Sendable (ScriptedRequest) -> Answer?) throws {
    let seen = seen
    listener = try LoopbackListener { connection in
      while let head = MessageHead(connection), let body = head.body(connection, isOfAnswer: false) {
        let request = ScriptedRequest(
          method: head.words[0], target: head.words[1], headers: head.fields, body: body)
        seen.requests.withLock { $0.append(request) }
        guard let answer = answer(request), connection.send(answer.bytes) else { return }
        if let endless = answer.endless { while connection.send(endless) {} }
        if answer.closes { return }
      }
    }
  }
}
