import CCurl
import ZarrPlatform

/// Waits until one of many sockets is ready, or another thread wakes it.
final class SocketPoller: Sendable {
  private let queue = epoll_create1(Int32(EPOLL_CLOEXEC))
  private let alarm = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))

  init() {
    watch(alarm, reading: true, writing: false)
  }

  /// Waits for what a socket can do from now on, or for nothing any more.
  func watch(_ socket: Int32, reading: Bool, writing: Bool) {
    guard reading || writing else {
      _ = epoll_ctl(queue, EPOLL_CTL_DEL, socket, nil)
      return
    }
    var event = unsafe epoll_event()
    unsafe event.data.fd = socket
    unsafe event.events = (reading ? EPOLLIN.rawValue : 0) | (writing ? EPOLLOUT.rawValue : 0)
    if unsafe epoll_ctl(queue, EPOLL_CTL_MOD, socket, &event) != 0 {
      unsafe epoll_ctl(queue, EPOLL_CTL_ADD, socket, &event)
    }
  }

  /// Ends the wait of the one thread that waits, or its next one.
  func wake() {
    eventfd_write(alarm, 1)
  }

  /// Waits until a socket is ready, a thread wakes this one, or the time is over.
  ///
  /// - Returns: The sockets, which are ready also if they have failed.
  func wait(atMost duration: Duration?) -> [(socket: Int32, isReadable: Bool, isWritable: Bool)] {
    var events = unsafe [epoll_event](repeating: epoll_event(), count: 128)
    // Rounded up, so that the time is over afterwards.
    let milliseconds =
      duration.map { Int32(max(0, min(60_000, $0.milliseconds + ($0 > .zero ? 1 : 0)))) } ?? -1
    let count = unsafe epoll_wait(queue, &events, Int32(events.count), milliseconds)
    return unsafe events.prefix(Int(max(0, count))).compactMap { event in
      let (socket, flags) = unsafe (event.data.fd, event.events)
      guard socket != alarm else {
        var value: eventfd_t = 0
        unsafe eventfd_read(alarm, &value)
        return nil
      }
      let failed = flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
      return (socket, failed || flags & EPOLLIN.rawValue != 0, flags & EPOLLOUT.rawValue != 0)
    }
  }
}
