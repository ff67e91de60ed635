import CCurl
package import ChunkEngine
import Synchronization
import Zarr

/// Sends requests, waits for the answers, and tries again where that may help.
///
/// Every call may come from any thread, which it blocks. As many requests are in flight as threads wait.
package final class HTTPClient: Sendable {
  /// What a client is made with.
  package struct Options: Hashable, Sendable {
    /// A file with the certificates to trust in, in place of the system's.
    package var certificateFile: String?

    /// How long the server may take to accept a connection.
    package var connectTimeout = Duration.seconds(10)

    /// The most requests in flight of all clients of the process together, to one host.
    package var concurrency = 64

    package var retries = RetryPolicy()

    package init() {}
  }

  package let options: Options

  /// What tells libcurl which certificates to trust in, or nil where it knows.
  private let certificateFile: String?

  package init(_ options: Options = Options()) {
    self.options = options
    certificateFile = options.certificateFile ?? TrustedCertificates.file
  }

  /// Sends a request until there is an answer that another attempt would not better, and appends its body.
  ///
  /// An answer of the server is no error, whatever its status. Only if it says yes is anything appended.
  ///
  /// - Throws: ``HTTPError``. The arena is then as it was.
  package func perform(_ request: HTTPRequest, into arena: inout ByteArena) throws(HTTPError) -> HTTPResponse
  {
    let before = arena.count
    return try retrying(request.url) { (_) throws(HTTPError) in
      arena.truncate(to: before)
      return Self.judge(try send(request, into: &arena))
    }
  }

  /// Sends a request without a body in the answer, as ``perform(_:into:)`` does.
  package func perform(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
    var arena = ByteArena()
    return try perform(request, into: &arena)
  }

  /// Sends a request once, and follows redirects.
  ///
  /// - Throws: ``HTTPError``. The arena is then as it was.
  package func send(_ request: HTTPRequest, into arena: inout ByteArena) throws(HTTPError) -> HTTPResponse {
    var request = request
    while true {
      let response = try sendOnce(request, into: &arena)
      guard [301, 302, 303, 307, 308].contains(response.status), request.redirectLimit > 0,
        request.method == .get || request.method == .head, let target = response.redirect
      else { return response }
      let (old, new) = (Origin(of: request.url), Origin(of: target))
      guard let old, let new, new.scheme == "https" || old.scheme == "http" else {
        throw .malformed(reason: "the server redirects to where it is not followed")
      }
      if old != new { request.credentials = [] }
      request.url = target
      request.redirectLimit -= 1
    }
  }

  private func sendOnce(
    _ request: HTTPRequest, into arena: inout ByteArena
  ) throws(HTTPError) -> HTTPResponse {
    let gate = gate(of: request.url)
    try gate.enter()
    defer { gate.leave() }
    let before = arena.count
    let spare = UnsafeMutablePointer<ByteArena>.allocate(capacity: 1)
    unsafe spare.initialize(to: ByteArena())
    defer {
      unsafe spare.deinitialize(count: 1)
      unsafe spare.deallocate()
    }
    let (result, isInSpare) = unsafe withUnsafeMutablePointer(to: &arena) { arena in
      // SAFETY: Both arenas stay where they are until the transfers have ended.
      unsafe transfer(request, gate, into: arena, or: spare)
    }
    do throws(HTTPError) {
      let response = try result.get()
      guard isInSpare else { return response }
      arena.truncate(to: before)
      do throws(ChunkError) {
        unsafe try arena.append(copying: spare.pointee.bytes)
      } catch {
        throw .outOfMemory(byteCount: response.byteCount)
      }
      return response
    } catch {
      arena.truncate(to: before)
      throw error
    }
  }

  /// Transfers a request, and a second time if its answer takes unusually long to begin.
  ///
  /// Returns the outcome when nothing is on its way any more, and whether the body is in `spare`.
  private func transfer(
    _ request: HTTPRequest, _ gate: RequestGate, into arena: UnsafeMutablePointer<ByteArena>,
    or spare: UnsafeMutablePointer<ByteArena>
  ) -> (Result<HTTPResponse, HTTPError>, isInSpare: Bool) {
    let loop = HTTPEventLoop.current
    let monitor = ProgressMonitor.current
    let lock = WaitingLock()
    let counters = RemoteActivity.Counters.current
    var count = 0
    defer { counters.requestsInFlight.subtract(count, ordering: .relaxed) }
    func start(_ arena: UnsafeMutablePointer<ByteArena>) -> HTTPTransfer {
      count += 1
      counters.requestsInFlight.add(1, ordering: .relaxed)
      counters.requestCount.add(1, ordering: .relaxed)
      counters.sentByteCount.add(request.body?.byteCount ?? 0, ordering: .relaxed)
      let transfer = unsafe HTTPTransfer(
        request, certificateFile: certificateFile, connectTimeout: options.connectTimeout,
        into: arena,
        lock: lock)
      loop.start(transfer)
      return transfer
    }
    let patience = request.method == .get ? gate.hedging.begin() : nil
    var transfers = unsafe [start(arena)]
    var hedgeTime = patience.map { ContinuousClock.now + $0 }
    var isCancelled = false
    while true {
      let rest = hedgeTime.map { ContinuousClock.now.duration(to: $0) }
      let patience = monitor == nil || isCancelled ? nil : WaitingLock.patience
      if let index = HTTPTransfer.wait(for: transfers, atMost: [rest, patience].compactMap(\.self).min()) {
        // The other one is not needed, but may still write to its arena.
        for other in transfers where other !== transfers[index] {
          loop.cancel(other)
          _ = HTTPTransfer.wait(for: [other])
          gate.leave()
        }
        if let delay = transfers[index].delayOfAnswer, request.method == .get { gate.hedging.see(delay) }
        return (transfers[index].outcome ?? .failure(.cancelled), index == 1)
      }
      if monitor?.isCancelled == true, !isCancelled {
        isCancelled = true
        for transfer in transfers { loop.cancel(transfer) }
      }
      guard let time = hedgeTime, time <= .now else { continue }
      hedgeTime = nil
      guard !isCancelled, transfers[0].delayOfAnswer == nil, gate.enterAtOnce() else { continue }
      guard gate.hedging.take() else {
        gate.leave()
        continue
      }
      transfers.append(unsafe start(spare))
    }
  }

  /// Calls `attempt` with the number of each attempt, until there is an outcome.
  ///
  /// A transfer that failed is tried again. The address tells the host.
  ///
  /// - Throws: ``HTTPError/exhausted(attemptCount:reason:)`` if no further attempt may be made, and other errors
  ///   of `attempt`.
  package func retrying<Outcome>(
    _ url: String, _ attempt: (Int) throws(HTTPError) -> Attempt<Outcome>
  ) throws(HTTPError) -> Outcome {
    let gate = gate(of: url)
    let policy = options.retries
    let end = ContinuousClock.now + policy.timeLimit
    var number = 1
    while true {
      var (reason, text, least): (RetryReason, String, Duration?)
      do throws(HTTPError) {
        switch try attempt(number) {
        case .done(let outcome):
          gate.see(isThrottled: false)
          gate.quota.give()
          return outcome
        case .again(let why, let because, let after): (reason, text, least) = (why, because, after)
        }
      } catch {
        guard case .transfer(let code, let because) = error, Self.mayPass(code) else { throw error }
        (reason, text, least) = (.transient, because, nil)
      }
      if reason == .throttled { gate.see(isThrottled: true) }
      let pause = max(
        policy.pause(afterAttempt: number, reason), min(least ?? .zero, policy.longestPause))
      guard number < policy.attemptLimit, ContinuousClock.now + pause < end, gate.quota.take() else {
        throw .exhausted(attemptCount: number, reason: text)
      }
      try Self.sleep(pause)
      number += 1
      RemoteActivity.Counters.current.retryCount.add(1, ordering: .relaxed)
    }
  }

  /// What to do after an answer, as its status says.
  package static func judge(_ response: HTTPResponse) -> Attempt<HTTPResponse> {
    let after = response.headers["retry-after"].flatMap(parseDecimal).map { Duration.seconds($0) }
    let because = "the server answered \(response.status)"
    if response.isTruncated { return .again(.transient, because: "the answer was cut off") }
    return switch response.status {
    case 429, 503: .again(.throttled, because: because, after: after)
    case 408, 500, 502, 504: .again(.transient, because: because, after: after)
    default: .done(response)
    }
  }

  /// Whether a transfer that failed with a code of libcurl may succeed another time.
  private static func mayPass(_ code: Int) -> Bool {
    let lasting = [
      CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_NOT_BUILT_IN, CURLE_OUT_OF_MEMORY,
      CURLE_BAD_FUNCTION_ARGUMENT, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ENGINE_NOTFOUND, CURLE_BAD_CONTENT_ENCODING,
    ]
    return !lasting.contains { Int($0.rawValue) == code }
  }

  /// The gate of the host of an address.
  private func gate(of url: String) -> RequestGate {
    RequestGate.shared(by: Origin(of: url)?.text ?? "", ceiling: options.concurrency)
  }

  /// Waits, unless the call is cancelled.
  static func sleep(_ duration: Duration) throws(HTTPError) {
    let monitor = ProgressMonitor.current
    let end = ContinuousClock.now + duration
    let lock = WaitingLock()
    try lock.withLock { () throws(HTTPError) in
      while true {
        if monitor?.isCancelled == true { throw .cancelled }
        let rest = ContinuousClock.now.duration(to: end)
        guard rest > .zero else { return }
        lock.wait(atMost: monitor == nil ? rest : min(rest, WaitingLock.patience))
      }
    }
  }
}

/// Where a server is: what of an address decides who hears secrets.
struct Origin: Hashable {
  let scheme: String

  /// The host and the port.
  let authority: String

  /// All of it.
  var text: String { "\(scheme)://\(authority)" }

  init(scheme: String, authority: String) {
    self.scheme = scheme
    self.authority = authority
  }

  /// Finds the origin of an address of HTTP, or returns nil.
  init?(of url: String) {
    let fields = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    guard fields.count >= 3, fields[1].isEmpty else { return nil }
    switch fields[0].lowercased() {
    case "http:": scheme = "http"
    case "https:": scheme = "https"
    default: return nil
    }
    let host = fields[2].prefix { $0 != "?" && $0 != "#" }
    guard !host.isEmpty, !host.contains("@") else { return nil }
    let lower = host.lowercased()
    let port = scheme == "http" ? ":80" : ":443"
    authority = lower.hasSuffix(port) ? String(lower.dropLast(port.count)) : lower
  }
}
