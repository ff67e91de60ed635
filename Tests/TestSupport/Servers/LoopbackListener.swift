import Synchronization
public import ZarrPlatform

/// Accepts connections on a free port of loopback, each on a thread of its own.
public final class LoopbackListener: Sendable {
  /// The system has no port or no thread.
  public struct Failure: Error {}

  /// The connections, which end with the listener: another one may get its port.
  private final class Connections: Sendable {
    private let state = Mutex((sockets: Set<Int32>(), hasEnded: false))

    /// Whether the listener has ended.
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// Takes a connection, or returns false if the listener has ended.
    func insert(_ socket: Int32) -> Bool {
      state.withLock { state in
        guard !state.hasEnded else { return false }
        state.sockets.insert(socket)
        return true
      }
    }

    func remove(_ socket: Int32) { state.withLock { _ = $0.sockets.remove(socket) } }

    /// Ends the listener and all connections.
    func end(_ listener: Int32) {
      state.withLock { state in
        state.hasEnded = true
        for socket in state.sockets.union([listener]) { shutdown(socket, Int32(SHUT_RDWR)) }
      }
    }
  }

  /// The port of the listener.
  public let port: Int
  private let socket: Int32
  private let connections = Connections()

  /// Starts to accept.
  ///
  /// A connection ends when `serve` returns.
  public init(_ serve: @escaping @Sendable (LoopbackConnection) -> Void) throws {
    let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = LoopbackConnection.address(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) + listen(listener, 512) + getsockname(listener, address, &length)
      }
    }
    guard code == 0 else {
      close(listener)
      throw Failure()
    }
    socket = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    let isStarted = Platform.startThread { [connections] in
      // No other thread closes it, so that no other file gets its number while it is listened to.
      defer { close(listener) }
      while true {
        let accepted = accept(listener, nil, nil)
        guard accepted >= 0 else {
          if connections.hasEnded { return }
          usleep(1000)
          continue
        }
        let isStarted =
          connections.insert(accepted)
          && Platform.startThread {
            withExtendedLifetime(LoopbackConnection(accepted)) { connection in
              serve(connection)
              connections.remove(accepted)
            }
          }
        if !isStarted {
          connections.remove(accepted)
          close(accepted)
        }
      }
    }
    guard isStarted else {
      close(listener)
      throw Failure()
    }
  }

  deinit { connections.end(socket) }
}

/// A connection with what was received and not yet read.
public final class LoopbackConnection {
  private let socket: Int32
  private var received: [UInt8] = []

  /// Takes a socket over.
  public init(_ socket: Int32) {
    self.socket = socket
    var one: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Connects to a port of loopback.
  public convenience init?(port: Int) {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.address(port: port)
    let code = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else {
      close(socket)
      return nil
    }
    self.init(socket)
  }

  deinit { close(socket) }

  /// The address of a port of loopback.
  public static func address(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    return address
  }

  /// Ends the connection without a proper goodbye.
  public func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// Sends all bytes, and returns whether the other side took them.
  public func send(_ bytes: some Collection<UInt8>) -> Bool {
    let bytes = Array(bytes)
    return bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
        let count = Glibc.send(socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }

  private func receive() -> Bool {
    // Tests are not optimized: no step may go through the bytes one by one.
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(socket, &buffer, buffer.count, 0)
    if count > 0 { received += buffer[..<count] }
    return count > 0
  }

  /// Takes the bytes up to a mark and with it, or returns nil at the end.
  public func read(through mark: String) -> [UInt8]? {
    let mark = Array(mark.utf8)
    var searched = 0
    while true {
      var place = searched
      while place + mark.count <= received.count {
        if received[place] == mark[0], received[place..<place + mark.count].elementsEqual(mark) {
          return take(place + mark.count)
        }
        place += 1
      }
      searched = max(0, received.count - mark.count)
      if !receive() { return nil }
    }
  }

  /// Takes a number of bytes, or returns nil if the connection ends before.
  public func read(_ count: Int) -> [UInt8]? {
    while received.count < count { if !receive() { return nil } }
    return take(count)
  }

  /// Takes all bytes up to the end.
  public func readToEnd() -> [UInt8] {
    while receive() {}
    return take(received.count)
  }

  private func take(_ count: Int) -> [UInt8] {
    defer { received.removeFirst(count) }
    return Array(received.prefix(count))
  }
}

/// The head of a request or an answer.
public struct MessageHead: Sendable {
  /// All of it.
  public let bytes: [UInt8]
  /// The words of the first line.
  public let words: [String]
  /// The fields, with names in lower case.
  public let fields: [String: String]

  /// Reads a head, or returns nil if there is none.
  public init?(_ connection: LoopbackConnection) {
    guard let bytes = connection.read(through: "\r\n\r\n") else { return nil }
    self.bytes = bytes
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    words = (lines.first ?? "").split(separator: " ").map(String.init)
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    self.fields = fields
    if words.count < 2 { return nil }
  }

  /// The body that follows, as it is sent, or nil if the connection ends before it does.
  public func body(_ connection: LoopbackConnection, isOfAnswer: Bool, hasNone: Bool = false) -> [UInt8]? {
    if hasNone { return [] }
    if fields["transfer-encoding"]?.lowercased() == "chunked" {
      var body: [UInt8] = []
      while true {
        guard let line = connection.read(through: "\r\n") else { return nil }
        body += line
        let digits = String(decoding: line, as: UTF8.self).prefix { $0.isHexDigit }
        guard let count = Int(digits, radix: 16), let chunk = connection.read(count + 2) else { return nil }
        body += chunk
        if count == 0 { return body }
      }
    }
    if let count = fields["content-length"].flatMap({ Int($0) }) { return connection.read(count) }
    return isOfAnswer ? connection.readToEnd() : []
  }
}
