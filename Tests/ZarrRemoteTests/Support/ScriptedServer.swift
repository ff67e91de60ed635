import Synchronization
import ZarrPlatform

/// A request that a scripted server has got.
struct ScriptedRequest: Sendable {
  let method: String
  /// The path and the query.
  let target: String
  /// The fields of the head, with names in lower case.
  let headers: [String: String]
  let body: [UInt8]
}

/// A server on loopback that answers as a test says, also with what no sound server would say.
final class ScriptedServer: Sendable {
  /// What is sent for a request: bytes as they are, and whether the connection ends after them.
  struct Answer: Sendable {
    var bytes: [UInt8]
    var closes = false
    /// Sent again and again after `bytes`, until the client goes away.
    var endless: [UInt8]?

    /// An answer with a status, fields and a body.
    init(_ status: Int, headers: [String] = [], body: [UInt8] = [], length: Int? = nil, closes: Bool = false)
    {
      let lines = ["HTTP/1.1 \(status) Text", "Content-Length: \(length ?? body.count)"] + headers
      bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
      self.closes = closes
    }

    /// Bytes as they are.
    init(raw: String, endless: String? = nil) {
      bytes = Array(raw.utf8)
      self.endless = endless.map { Array($0.utf8) }
      closes = true
    }
  }

  let port: Int
  private let listener: Int32
  private let seen = Mutex<[ScriptedRequest]>([])

  var url: String { "http://127.0.0.1:\(port)" }

  /// The requests so far.
  var requests: [ScriptedRequest] { seen.withLock { $0 } }

  /// Starts a server that answers each request with what `answer` returns, or with nothing and the end.
  init(_ answer: @escaping @Sendable (ScriptedRequest) -> Answer?) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) + listen(listener, 128) + getsockname(listener, address, &length)
      }
    }
    guard code == 0 else { throw Failure() }
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    let isStarted = Platform.startThread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        _ = Platform.startThread { [weak self] in
          Self.serve(connection) { request in
            self?.seen.withLock { $0.append(request) }
            return answer(request)
          }
          close(connection)
        }
      }
    }
    guard isStarted else { throw Failure() }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  struct Failure: Error {}

  private static func serve(_ connection: Int32, _ answer: (ScriptedRequest) -> Answer?) {
    var received: [UInt8] = []
    while let request = read(from: connection, &received), let answer = answer(request) {
      guard send(answer.bytes, to: connection) else { return }
      if let endless = answer.endless { while send(endless, to: connection) {} }
      if answer.closes { return }
    }
  }

  private static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private static func read(from connection: Int32, _ received: inout [UInt8]) -> ScriptedRequest? {
    func receive() -> Bool {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return false }
      received += buffer.prefix(count)
      return true
    }
    let mark = Array("\r\n\r\n".utf8)
    var end: Int?
    while end == nil {
      end = received.indices.first { received[$0...].starts(with: mark) }
      if end == nil, !receive() { return nil }
    }
    guard let end else { return nil }
    let lines = String(decoding: received[..<end], as: UTF8.self).split(separator: "\r\n")
    let first = lines[0].split(separator: " ")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      var value = line[line.index(after: colon)...]
      while value.first == " " { value.removeFirst() }
      headers[line[..<colon].lowercased()] = String(value)
    }
    let bodyStart = end + mark.count
    let bodyCount = Int(headers["content-length"] ?? "") ?? 0
    while received.count < bodyStart + bodyCount { if !receive() { return nil } }
    let body = Array(received[bodyStart..<bodyStart + bodyCount])
    received.removeFirst(bodyStart + bodyCount)
    return ScriptedRequest(method: String(first[0]), target: String(first[1]), headers: headers, body: body)
  }
}
