import Synchronization
import ZarrPlatform

/// A value that one thread at a time may use.
///
/// The standard library's `Mutex` stores the number of its thread, which is wrong in a forked process: the first
/// thread that has to wait there ends the process. A lock of the system does not.
package final class Locked<Value: ~Copyable>: @unchecked Sendable {
  // SAFETY: `value` is only touched while `lock` is held, so no two accesses overlap.
  @exclusivity(unchecked) private var value: Value
  private let lock = SystemLock()

  /// Protects `value`.
  package init(_ value: consuming sending Value) {
    unsafe self.value = value
  }

  /// Calls `body` with the value while no other thread has it.
  package func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    lock.lock()
    defer { lock.unlock() }
    return try unsafe body(&value)
  }
}

/// A lock that a thread waits for, and that is not handed from thread to thread.
@safe
struct SystemLock: ~Copyable, @unchecked Sendable {
  // SAFETY: The system's lock is made for many threads. It does not move, as the system demands.
  fileprivate let mutex: UnsafeMutablePointer<pthread_mutex_t>

  init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe pthread_mutex_init(mutex, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  borrowing func lock() { unsafe pthread_mutex_lock(mutex) }

  borrowing func unlock() { unsafe pthread_mutex_unlock(mutex) }
}

/// What threads wait for while they hold a ``SystemLock``, which the wait releases.
@safe
struct SystemCondition: ~Copyable, @unchecked Sendable {
  // SAFETY: As for ``SystemLock``.
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    unsafe condition = .allocate(capacity: 1)
    unsafe Platform.initialize(condition)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe condition.deallocate()
  }

  /// Waits for a signal, and may return without one: the caller checks again whether it has to wait.
  borrowing func wait(_ lock: borrowing SystemLock) { unsafe pthread_cond_wait(condition, lock.mutex) }

  /// Waits for a signal, for nothing, or for a time.
  borrowing func wait(_ lock: borrowing SystemLock, atMost duration: Duration) {
    unsafe Platform.wait(for: condition, holding: lock.mutex, atMost: duration)
  }

  borrowing func signal() { unsafe pthread_cond_signal(condition) }

  borrowing func broadcast() { unsafe pthread_cond_broadcast(condition) }
}

/// A lock whose holders can wait for each other, on threads of their own.
///
/// It also works in a forked process, where Foundation's would wait for threads that are no more.
package final class WaitingLock: Sendable {
  private let mutex = SystemLock()
  private let condition = SystemCondition()

  /// How long a thread waits before it looks whether its work is still wanted.
  package static let patience = Duration.milliseconds(20)

  package init() {}

  package func lock() { mutex.lock() }

  package func unlock() { mutex.unlock() }

  /// Calls `body` while no other thread has the lock.
  package func withLock<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try body()
  }

  /// Releases the lock until another thread wakes this one, or for no reason, and takes it again.
  ///
  /// - Parameter duration: How long to wait at most, or nil for as long as it takes.
  package func wait(atMost duration: Duration? = nil) {
    guard let duration else { return condition.wait(mutex) }
    condition.wait(mutex, atMost: duration)
  }

  /// Wakes all threads that wait.
  package func broadcast() { condition.broadcast() }
}

/// A value that each process has for itself: one that was forked does not find what its parent left.
///
/// The value of the parent stays in memory, since threads that are no more may have held its locks.
package final class ProcessLocal<Value: AnyObject & Sendable>: Sendable {
  private final class Holder: Sendable {
    let processID: pid_t
    let value: Value

    init(processID: pid_t, value: Value) {
      self.processID = processID
      self.value = value
    }
  }

  /// The holder of this process, or of the one that it was forked from; 0 before the first use.
  private let holder = Atomic<UInt>(0)
  private let make: @Sendable () -> Value

  /// Has each process make its value with `make`, when it first needs it.
  package init(_ make: @escaping @Sendable () -> Value) {
    self.make = make
  }

  deinit {
    guard let address = unsafe UnsafeRawPointer(bitPattern: holder.load(ordering: .acquiring)) else { return }
    let holder = unsafe Unmanaged<Holder>.fromOpaque(address)
    let processID = unsafe holder.takeUnretainedValue().processID
    if processID == getpid() { unsafe holder.release() }
  }

  /// The value of this process.
  package var current: Value {
    let processID = getpid()
    while true {
      let bits = holder.load(ordering: .acquiring)
      if let address = unsafe UnsafeRawPointer(bitPattern: bits) {
        // SAFETY: What was stored is released with this object at the earliest.
        let holder = unsafe Unmanaged<Holder>.fromOpaque(address).takeUnretainedValue()
        if holder.processID == processID { return holder.value }
      }
      let made = unsafe Unmanaged.passRetained(Holder(processID: processID, value: make()))
      let (exchanged, _) = holder.compareExchange(
        expected: bits, desired: unsafe UInt(bitPattern: made.toOpaque()), ordering: .acquiringAndReleasing)
      // Another thread was faster.
      if !exchanged { unsafe made.release() }
    }
  }
}
