import Synchronization
import ZarrPlatform

/// Stands before a server, and delays, fails or loses some of what goes through it.
public final class FaultProxy: Sendable {
  /// What goes wrong, as shares of all requests.
  public struct Faults: Sendable {
    /// The answer is 503, and the server hears of nothing.
    public var refused = 0.0
    /// The connection is reset, and the server hears of nothing.
    public var reset = 0.0
    /// Half of the answer's body comes.
    public var truncated = 0.0
    /// The server does what it is asked for, and its answer is lost.
    public var lost = 0.0
    /// How long each request takes.
    public var delay = Duration.zero
    /// What chance is drawn from.
    public var seed: UInt64 = 1

    /// Creates faults that never happen.
    public init() {}

    /// What a bad day is like.
    public static func bad(seed: UInt64) -> Faults {
      var faults = Faults()
      (faults.refused, faults.reset, faults.truncated, faults.lost) = (0.05, 0.01, 0.01, 0.01)
      faults.seed = seed
      return faults
    }
  }

  private struct Counts: Sendable {
    var requests: [String] = []
    var failureCount = 0
    var inFlight = 0
    var mostInFlight = 0
  }

  private final class State: Sendable {
    let faults: Faults
    let generator: Mutex<SeededGenerator>
    let counts = Mutex(Counts())
    /// Called before each request is handed on; if it returns a fault, that happens.
    let decide: @Sendable (_ request: String) -> Fault?

    init(_ faults: Faults, _ decide: @escaping @Sendable (String) -> Fault?) {
      self.faults = faults
      self.decide = decide
      generator = Mutex(SeededGenerator(seed: faults.seed))
    }
  }

  /// What goes wrong with one request.
  public enum Fault: Sendable {
    case refused, reset, truncated, lost
    /// The answer is 501, and the server hears of nothing.
    case unknown
  }

  private let listener: LoopbackListener
  private let state: State

  /// The address of the proxy.
  public var url: String { "http://127.0.0.1:\(listener.port)" }

  /// The first lines of the requests so far, without the version.
  public var requests: [String] { state.counts.withLock { $0.requests } }

  /// The most requests that were in flight at a time.
  public var mostInFlight: Int { state.counts.withLock { $0.mostInFlight } }

  /// How many requests went wrong.
  public var failureCount: Int { state.counts.withLock { $0.failureCount } }

  /// Starts a proxy before a port of loopback.
  ///
  /// Some things go wrong by chance. `decide` is handed the method and the target of each request, and may choose what
  /// goes wrong.
  public init(
    port: Int, _ faults: Faults = Faults(), decide: @escaping @Sendable (String) -> Fault? = { _ in nil }
  ) throws {
    let state = State(faults, decide)
    self.state = state
    listener = try LoopbackListener { Self.serve($0, port, state) }
  }

  private static func serve(_ client: LoopbackConnection, _ port: Int, _ state: State) {
    var server: LoopbackConnection?
    while let head = MessageHead(client), let body = head.body(client, isOfAnswer: false) {
      let request = "\(head.words[0]) \(head.words[1])"
      state.counts.withLock { counts in
        counts.requests.append(request)
        counts.inFlight += 1
        counts.mostInFlight = max(counts.mostInFlight, counts.inFlight)
      }
      defer { state.counts.withLock { $0.inFlight -= 1 } }
      let (seconds, attoseconds) = state.faults.delay.components
      usleep(UInt32(seconds) * 1_000_000 + UInt32(attoseconds / 1_000_000_000_000))
      let fault = state.decide(request) ?? Self.draw(state)
      if fault != nil { state.counts.withLock { $0.failureCount += 1 } }
      func answer(_ status: String, _ code: String, _ message: String) -> Bool {
        let text = "<Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
        return client.send(
          "HTTP/1.1 \(status)\r\nContent-Type: application/xml\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
            .utf8)
      }
      switch fault {
      case .refused:
        guard answer("503 Slow Down", "SlowDown", "Reduce your request rate.") else { return }
        continue
      case .unknown:
        guard answer("501 Not Implemented", "NotImplemented", "This is not known here.") else { return }
        continue
      case .reset: return client.reset()
      case .truncated, .lost, nil: break
      }
      if server == nil { server = LoopbackConnection(port: port) }
      guard let upstream = server, upstream.send(head.bytes + body), let answer = MessageHead(upstream) else {
        return
      }
      let hasNone = head.words[0] == "HEAD" || ["204", "304"].contains(answer.words[1])
      guard let content = answer.body(upstream, isOfAnswer: true, hasNone: hasNone) else { return }
      switch fault {
      case .lost: return client.reset()
      case .truncated where !content.isEmpty:
        _ = client.send(answer.bytes + content.prefix(content.count / 2))
        return
      default: break
      }
      guard client.send(answer.bytes + content) else { return }
      if answer.fields["connection"]?.lowercased() == "close" { return }
    }
  }

  private static func draw(_ state: State) -> Fault? {
    var draw = state.generator.withLock { Double($0.next() >> 11) / Double(1 << 53) }
    let faults = state.faults
    for (share, fault) in [
      (faults.refused, Fault.refused), (faults.reset, .reset), (faults.truncated, .truncated),
      (faults.lost, .lost),
    ] {
      if draw < share { return fault }
      draw -= share
    }
    return nil
  }
}
