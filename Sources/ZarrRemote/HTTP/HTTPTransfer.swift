import CCurl
import ChunkEngine
import Synchronization
import ZarrPlatform

/// One request on its way, and what has come back.
///
/// A thread makes it, starts it and waits for it. In between it belongs to the thread of the event loop.
@safe
final class HTTPTransfer: @unchecked Sendable {
  /// The most bytes of a head.
  private static let headLimit = 64 << 10

  /// The most bytes that are kept of the body of an answer that says no.
  private static let refusalLimit = 64 << 10

  /// The most bytes that a head's word alone takes memory for.
  private static let trustedByteCount = 64 << 20

  /// The most bytes that are read for nothing so that the connection can be used again.
  private static let drainedByteCount = 256 << 10

  let request: HTTPRequest
  let certificateFile: String?
  let connectTimeout: Duration

  // SAFETY: What follows is touched by the thread of the event loop between `start` and the end, and by the
  // waiting thread before and after. The lock orders the two.
  private let arena: UnsafeMutablePointer<ByteArena>
  private var response = HTTPResponse(status: 0, headers: HTTPHeaders())
  private var headByteCount = 0
  private var window: Range<Int>?
  private var contentLength: Int?
  private var receivedByteCount = 0
  private var failure: HTTPError?
  private var isComplete = false
  private var lines: UnsafeMutablePointer<curl_slist>?
  private var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))

  /// When the transfer was started.
  private let start = ContinuousClock.now

  /// Two transfers of one request share it.
  private let lock: WaitingLock
  private var result: Result<HTTPResponse, HTTPError>?

  private var delay: Duration?

  /// Prepares a transfer whose body goes into an arena, which has to stay where it is until the end.
  init(
    _ request: HTTPRequest, certificateFile: String?, connectTimeout: Duration,
    into arena: UnsafeMutablePointer<ByteArena>, lock: WaitingLock = WaitingLock()
  ) {
    self.lock = lock
    self.request = request
    self.certificateFile = certificateFile
    self.connectTimeout = connectTimeout
    unsafe self.arena = unsafe arena
  }

  deinit {
    unsafe curl_slist_free_all(lines)
  }

  // MARK: The waiting thread

  /// Waits until one of the transfers of a request has an answer, all have failed, or the time is over.
  ///
  /// Returns the index of the one that counts, or nil if the time is over.
  static func wait(for transfers: [HTTPTransfer], atMost duration: Duration? = nil) -> Int? {
    let lock = transfers[0].lock
    let deadline = duration.map { ContinuousClock.now + $0 }
    return lock.withLock {
      while true {
        let answered = transfers.firstIndex { if case .success? = $0.result { true } else { false } }
        if let answered { return answered }
        if transfers.allSatisfy({ $0.result != nil }) { return 0 }
        let rest = deadline.map { ContinuousClock.now.duration(to: $0) }
        if let rest, rest <= .zero { return nil }
        lock.wait(atMost: rest)
      }
    }
  }

  /// The outcome, or nil while there is none.
  var outcome: Result<HTTPResponse, HTTPError>? { lock.withLock { result } }

  /// How long the answer took to begin, or nil while it has not.
  var delayOfAnswer: Duration? { lock.withLock { delay } }

  // MARK: The thread of the event loop

  /// Tells libcurl of the request.
  func configure(_ handle: UnsafeMutableRawPointer) throws(HTTPError) {
    func set(_ option: CURLoption, _ value: Int) { _ = unsafe ccurl_set_long(handle, option, value) }
    func set(_ option: CURLoption, _ value: String) throws(HTTPError) {
      guard unsafe ccurl_set_text(handle, option, value) == CURLE_OK else {
        throw .malformed(reason: "the address cannot be used")
      }
    }
    try set(CURLOPT_URL, request.url)
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    if !request.usesProxy { try set(CURLOPT_NOPROXY, "*") }
    set(CURLOPT_PATH_AS_IS, 1)
    set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_CONNECTTIMEOUT_MS, connectTimeout.milliseconds)
    // A transfer that moves less than this has stopped for all that anybody cares.
    set(CURLOPT_LOW_SPEED_LIMIT, 100)
    set(CURLOPT_LOW_SPEED_TIME, max(1, request.stallTimeout.milliseconds / 1000))
    set(CURLOPT_BUFFERSIZE, min(256 << 10, max(16 << 10, request.bodyLimit)))
    if let certificateFile { try set(CURLOPT_CAINFO, certificateFile) }

    switch request.method {
    case .get: set(CURLOPT_HTTPGET, 1)
    case .head: set(CURLOPT_NOBODY, 1)
    case .put, .post, .delete: try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }
    if request.method == .put || request.method == .post || request.body != nil {
      var start: UnsafeRawPointer?
      let byteCount = request.body?.byteCount ?? 0
      if let body = request.body, byteCount > 0 {
        // SAFETY: The bytes stay where they are for as long as `request` holds them. libcurl reads no more.
        unsafe body.bytes.withUnsafeBytes { unsafe start = $0.baseAddress }
      }
      _ = unsafe ccurl_set_large(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(byteCount))
      if let start = unsafe start {
        _ = unsafe ccurl_set_pointer(handle, CURLOPT_POSTFIELDS, start)
      } else {
        // Without a pointer libcurl would ask for the bytes.
        try set(CURLOPT_COPYPOSTFIELDS, "")
      }
      set(CURLOPT_UPLOAD_BUFFERSIZE, min(512 << 10, max(16 << 10, byteCount)))
    }

    // What libcurl would add by itself.
    for line in ["Expect:", "Accept:", "Content-Type:", "User-Agent: zarr-vlen"] { try add(line) }
    for header in request.headers + request.credentials {
      guard let line = header.line else { throw .malformed(reason: "\(header.name) is no field of a head") }
      try add(line)
    }
    unsafe ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, lines)

    let own = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe ccurl_set_pointer(handle, CURLOPT_PRIVATE, own)
    unsafe ccurl_set_pointer(handle, CURLOPT_HEADERDATA, own)
    unsafe ccurl_set_pointer(handle, CURLOPT_WRITEDATA, own)
    unsafe ccurl_set_pointer(handle, CURLOPT_PREREQDATA, own)
    unsafe ccurl_set_sending_function(handle) { own, _, _, _, _ in
      unsafe HTTPTransfer.at(own).response.sendingCount += 1
      return CURL_PREREQFUNC_OK
    }
    unsafe ccurl_set_receiver(
      handle, CURLOPT_HEADERFUNCTION,
      { bytes, size, count, own in
        unsafe HTTPTransfer.at(own).receiveHead(UnsafeRawBufferPointer(start: bytes, count: size * count))
      })
    unsafe ccurl_set_receiver(
      handle, CURLOPT_WRITEFUNCTION,
      { bytes, size, count, own in
        unsafe HTTPTransfer.at(own).receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
      })
    // SAFETY: The array is not touched, so it stays where it is, until the handle is reset.
    unsafe message.withUnsafeMutableBufferPointer {
      _ = unsafe ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, $0.baseAddress)
    }
  }

  private func add(_ line: String) throws(HTTPError) {
    guard let longer = unsafe curl_slist_append(lines, line) else {
      throw .outOfMemory(byteCount: line.utf8.count)
    }
    unsafe lines = unsafe longer
  }

  /// The transfer that libcurl was handed.
  static func at(_ pointer: UnsafeMutableRawPointer?) -> HTTPTransfer {
    // SAFETY: The event loop holds the transfer for as long as libcurl knows of it.
    guard let pointer = unsafe pointer else { preconditionFailure("libcurl has lost a transfer") }
    return unsafe Unmanaged<HTTPTransfer>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Takes a line of the head.
  ///
  /// Another number than that of the bytes ends the transfer.
  private func receiveHead(_ line: UnsafeRawBufferPointer) -> Int {
    if headByteCount == 0 { lock.withLock { delay = start.duration(to: .now) } }
    headByteCount += line.count
    guard headByteCount <= Self.headLimit else {
      failure = .malformed(reason: "the head of the answer is too large")
      return 0
    }
    unsafe response.headers.append(line)
    response.status = response.headers.status
    return line.count
  }

  /// Takes some bytes of the body.
  private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard response.isSuccess else {
      let room = Self.refusalLimit - response.refusal.count
      unsafe response.refusal.append(contentsOf: bytes.prefix(room))
      isComplete = bytes.count > room
      return isComplete ? 0 : bytes.count
    }
    do throws(HTTPError) {
      let window = try openWindow()
      let start = receivedByteCount
      receivedByteCount += bytes.count
      let kept = (start..<receivedByteCount).clamped(to: window)
      if !kept.isEmpty {
        guard response.byteCount + kept.count <= request.bodyLimit else {
          throw .tooLarge(byteCount: response.byteCount + kept.count, limit: request.bodyLimit)
        }
        let part = unsafe UnsafeRawBufferPointer(
          rebasing: bytes[kept.lowerBound - start..<kept.upperBound - start])
        do throws(ChunkError) {
          unsafe try arena.pointee.append(copying: RawSpan(_unsafeBytes: part))
        } catch {
          throw .outOfMemory(byteCount: part.count)
        }
        response.byteCount += kept.count
        RemoteActivity.Counters.current.receivedByteCount.add(kept.count, ordering: .relaxed)
      }
      // What is left is read only if that is quicker than another connection.
      let left = contentLength.map { $0 - receivedByteCount } ?? Int.max
      isComplete = receivedByteCount >= window.upperBound && left > Self.drainedByteCount
      return isComplete ? 0 : bytes.count
    } catch {
      failure = error
      return 0
    }
  }

  /// Finds out which bytes of the body are kept, and makes room for them.
  private func openWindow() throws(HTTPError) -> Range<Int> {
    if let window { return window }
    contentLength = response.contentLength
    let wanted = request.keeping?(response) ?? 0..<Int.max
    window = wanted
    if let contentLength {
      let byteCount = wanted.clamped(to: 0..<contentLength).count
      guard byteCount <= request.bodyLimit else {
        throw .tooLarge(byteCount: byteCount, limit: request.bodyLimit)
      }
      do throws(ChunkError) {
        unsafe try arena.pointee.reserve(min(byteCount, Self.trustedByteCount))
      } catch {
        throw .outOfMemory(byteCount: byteCount)
      }
    }
    return wanted
  }

  /// What came of the transfer that libcurl has ended.
  func outcome(_ code: CURLcode, handle: UnsafeMutableRawPointer) -> Result<HTTPResponse, HTTPError> {
    if let failure { return .failure(failure) }
    guard code == CURLE_OK || isComplete else {
      let detail = message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
      let text =
        unsafe detail.isEmpty
        ? String(cString: curl_easy_strerror(code)) : String(decoding: detail, as: UTF8.self)
      return .failure(.transfer(code: Int(code.rawValue), reason: text))
    }
    var redirect: UnsafePointer<CChar>?
    unsafe ccurl_get_text(handle, CURLINFO_REDIRECT_URL, &redirect)
    response.redirect = unsafe redirect.map { unsafe String(cString: $0) }
    return .success(response)
  }

  /// Ends the transfer.
  ///
  /// Nothing of it is touched by the thread of the event loop any more.
  func end(_ outcome: Result<HTTPResponse, HTTPError>) {
    lock.withLock { result = outcome }
    lock.broadcast()
  }
}

extension Duration {
  /// The whole milliseconds.
  var milliseconds: Int {
    let (seconds, attoseconds) = components
    let (product, overflow) = Int(seconds).multipliedReportingOverflow(by: 1000)
    return overflow ? Int.max : product + Int(attoseconds / 1_000_000_000_000_000)
  }
}
