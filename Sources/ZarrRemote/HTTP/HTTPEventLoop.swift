import CCurl
import ChunkEngine
import ZarrPlatform

/// The thread that moves the bytes of all transfers of the process.
///
/// Threads that want something put a transfer into the inbox and wait for its end. The thread of the loop hands
/// it to libcurl, tells libcurl which sockets are ready, and lives as long as the process does.
@safe
final class HTTPEventLoop: @unchecked Sendable {
  private struct Inbox {
    var started: [HTTPTransfer] = []
    var cancelled: [HTTPTransfer] = []
    var isRunning = false
  }

  /// A transfer that libcurl works on.
  @safe
  private struct Active {
    let transfer: HTTPTransfer
    let handle: UnsafeMutableRawPointer
  }

  private static let loops = ProcessLocal { HTTPEventLoop() }

  /// The loop of this process.
  ///
  /// A forked one has its own.
  static var current: HTTPEventLoop { loops.current }

  private let inbox = Locked(Inbox())

  /// Tells the loop of its sockets.
  private let poller = SocketPoller()

  // SAFETY: What follows is touched only by the thread of the loop.
  private var multi: UnsafeMutableRawPointer?
  private var idle = unsafe [UnsafeMutableRawPointer]()
  private var active: [ObjectIdentifier: Active] = [:]
  private var deadline: ContinuousClock.Instant?

  /// The most handles that are kept for later transfers.
  private static let idleLimit = 256

  private init() {}

  /// Starts a transfer.
  ///
  /// It ends by itself, whatever happens.
  func start(_ transfer: HTTPTransfer) {
    let isRunning = inbox.withLock { inbox in
      inbox.started.append(transfer)
      if !inbox.isRunning { inbox.isRunning = Platform.startThread { self.run() } }
      if !inbox.isRunning { inbox.started.removeLast() }
      return inbox.isRunning
    }
    guard isRunning else {
      return transfer.end(.failure(.transfer(code: 0, reason: "the system has no more threads")))
    }
    poller.wake()
  }

  /// Asks for the end of a transfer, which may come with success nevertheless.
  func cancel(_ transfer: HTTPTransfer) {
    inbox.withLock { $0.cancelled.append(transfer) }
    poller.wake()
  }

  // MARK: The thread of the loop

  private func run() {
    curl_global_init(Int(CURL_GLOBAL_ALL))
    unsafe multi = curl_multi_init()
    let own = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 512)
    unsafe ccurl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, own)
    unsafe ccurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, own)
    unsafe ccurl_multi_set_socket_function(multi) { _, socket, events, own, _ in
      unsafe HTTPEventLoop.at(own).poller.watch(
        socket, reading: events & CURL_POLL_IN != 0, writing: events & CURL_POLL_OUT != 0)
      return 0
    }
    unsafe ccurl_multi_set_timer_function(multi) { _, milliseconds, own in
      unsafe HTTPEventLoop.at(own).deadline =
        milliseconds < 0 ? nil : ContinuousClock.now + .milliseconds(milliseconds)
      return 0
    }
    while true {
      takeInbox()
      let rest = deadline.map { ContinuousClock.now.duration(to: $0) }
      let ready = poller.wait(atMost: rest)
      var running: Int32 = 0
      for (socket, isReadable, isWritable) in ready {
        let events = (isReadable ? CURL_CSELECT_IN : 0) | (isWritable ? CURL_CSELECT_OUT : 0)
        unsafe curl_multi_socket_action(multi, socket, events, &running)
      }
      if let deadline, deadline <= .now {
        self.deadline = nil
        unsafe curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
      }
      endTransfers()
    }
  }

  private static func at(_ pointer: UnsafeMutableRawPointer?) -> HTTPEventLoop {
    // SAFETY: The loop lives as long as the process.
    guard let pointer = unsafe pointer else { preconditionFailure("libcurl has lost the loop") }
    return unsafe Unmanaged<HTTPEventLoop>.fromOpaque(pointer).takeUnretainedValue()
  }

  private func takeInbox() {
    let (started, cancelled) = inbox.withLock { inbox in
      defer { (inbox.started, inbox.cancelled) = ([], []) }
      return (inbox.started, inbox.cancelled)
    }
    for transfer in started { begin(transfer) }
    for transfer in cancelled {
      // One that has ended meanwhile is known no more.
      guard let active = active.removeValue(forKey: ObjectIdentifier(transfer)) else { continue }
      unsafe release(active.handle)
      transfer.end(.failure(.cancelled))
    }
  }

  private func begin(_ transfer: HTTPTransfer) {
    guard let handle = unsafe idle.popLast() ?? curl_easy_init() else {
      return transfer.end(.failure(.outOfMemory(byteCount: 0)))
    }
    do throws(HTTPError) {
      try unsafe transfer.configure(handle)
    } catch {
      unsafe release(handle)
      return transfer.end(.failure(error))
    }
    active[ObjectIdentifier(transfer)] = unsafe Active(transfer: transfer, handle: handle)
    let code = unsafe curl_multi_add_handle(multi, handle)
    guard code == CURLM_OK else {
      active[ObjectIdentifier(transfer)] = nil
      unsafe release(handle)
      return transfer.end(.failure(.outOfMemory(byteCount: 0)))
    }
  }

  private func endTransfers() {
    var code = CURLE_OK
    while let handle = unsafe ccurl_multi_take_ended(multi, &code) {
      var own: UnsafeMutableRawPointer?
      unsafe ccurl_get_pointer(handle, CURLINFO_PRIVATE, &own)
      let transfer = unsafe HTTPTransfer.at(own)
      let outcome = unsafe transfer.outcome(code, handle: handle)
      unsafe release(handle)
      active[ObjectIdentifier(transfer)] = nil
      transfer.end(outcome)
    }
  }

  /// Takes a handle back, which keeps nothing of its transfer.
  private func release(_ handle: UnsafeMutableRawPointer) {
    unsafe curl_multi_remove_handle(multi, handle)
    guard unsafe idle.count < Self.idleLimit else { return unsafe curl_easy_cleanup(handle) }
    unsafe curl_easy_reset(handle)
    unsafe idle.append(handle)
  }
}
