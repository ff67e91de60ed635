// Everything that differs between Glibc, Musl and Darwin, as far as Swift sees it; `CSystemCalls` has the calls that
// Swift cannot make. Other files import this module instead of a C library. Only Linux with Glibc is tested.

#if canImport(Glibc)
@_exported public import Glibc
#elseif canImport(Musl)
@_exported public import Musl
#elseif canImport(Darwin)
@_exported public import Darwin
#endif

/// What a program asks its system for.
package enum Platform {
  /// The cores that are active, at least one.
  package static let coreCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// The bytes of memory that the machine has, or nil if the system does not say.
  package static let memoryByteCount: Int? = {
    let (byteCount, overflow) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(
      by: sysconf(Int32(_SC_PAGESIZE)))
    return overflow || byteCount <= 0 ? nil : byteCount
  }()

  /// What the system calls an error.
  package static func message(of code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
  }

  /// Runs `body` on a new thread, which nothing waits for and no signal interrupts.
  ///
  /// - Returns: Whether the system had a thread.
  package static func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // Signals are for the threads of the program.
    var (all, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer {
      unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
      unsafe pthread_attr_destroy(&attributes)
    }
    #if canImport(Darwin)
    var thread: pthread_t?
    #else
    var thread = pthread_t()
    #endif
    // SAFETY: The thread takes over the reference that it is handed.
    let start = unsafe Unmanaged.passRetained(Start(body))
    let error = unsafe pthread_create(
      &thread, &attributes,
      { start in
        unsafe Start.run(start)
        return nil
      }, start.toOpaque())
    if error != 0 { unsafe start.release() }
    return error == 0
  }

  /// Prepares a condition for ``wait(for:holding:atMost:)``.
  package static func initialize(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
    unsafe condition.initialize(to: pthread_cond_t())
    #if canImport(Darwin)
    unsafe pthread_cond_init(condition, nil)
    #else
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
    #endif
  }

  /// Releases a lock, waits for a signal to a condition, and takes the lock again.
  ///
  /// It can return without a signal, and does so after `duration` at the latest.
  package static func wait(
    for condition: UnsafeMutablePointer<pthread_cond_t>, holding lock: UnsafeMutablePointer<pthread_mutex_t>,
    atMost duration: Duration
  ) {
    let (seconds, attoseconds) = duration.components
    // An hour is as good as a year to callers, who look again.
    var time = timespec()
    time.tv_sec = Int(max(0, min(seconds, 3600)))
    time.tv_nsec = Int(max(0, attoseconds / 1_000_000_000))
    #if canImport(Darwin)
    unsafe pthread_cond_timedwait_relative_np(condition, lock, &time)
    #else
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    time.tv_sec += now.tv_sec
    time.tv_nsec += now.tv_nsec
    if time.tv_nsec >= 1_000_000_000 {
      time.tv_sec += 1
      time.tv_nsec -= 1_000_000_000
    }
    unsafe pthread_cond_timedwait(condition, lock, &time)
    #endif
  }
}

extension stat {
  /// What the system knows of the file that a path leads to, or of the link that it is.
  ///
  /// The result is nil if it knows nothing, and `errno` says why.
  package init?(of path: String, in directory: Int32 = AT_FDCWD, followsLink: Bool = true) {
    self.init()
    guard unsafe fstatat(directory, path, &self, followsLink ? 0 : AT_SYMLINK_NOFOLLOW) == 0 else {
      return nil
    }
  }

  /// Whether it is a directory.
  package var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }

  /// Whether it is a regular file, not a device, pipe or directory.
  package var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }

  /// Whether it is a symbolic link.
  package var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
}

/// What a new thread does.
private final class Start: Sendable {
  private let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) {
    self.body = body
  }

  /// Runs what a thread was handed, which some systems say may be nothing.
  static func run(_ start: UnsafeMutableRawPointer?) {
    guard let start = unsafe start else { return }
    unsafe Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
  }
}
