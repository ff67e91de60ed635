import Glibc

/// A value that one thread at a time may use.
///
/// The standard library's `Mutex` remembers the number of its thread, which is wrong in a process that was
/// forked: the first thread that has to wait there ends the process. A lock of the system has no such memory.
package final class Locked<Value: ~Copyable>: @unchecked Sendable {
  // SAFETY: `value` is only touched while `lock` is held.
  private var value: Value
  private let lock = SystemLock()

  /// Protects `value`.
  package init(_ value: consuming sending Value) {
    self.value = value
  }

  /// Calls `body` with the value while no other thread has it.
  package func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value)
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

/// What threads wait for while they hold a ``SystemLock``, which the wait lets go of.
@safe
struct SystemCondition: ~Copyable, @unchecked Sendable {
  // SAFETY: As for ``SystemLock``.
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    unsafe condition = .allocate(capacity: 1)
    unsafe condition.initialize(to: pthread_cond_t())
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe condition.deallocate()
  }

  /// Waits for a signal, or for nothing: the caller looks again whether it has to wait.
  borrowing func wait(_ lock: borrowing SystemLock) { unsafe pthread_cond_wait(condition, lock.mutex) }

  borrowing func signal() { unsafe pthread_cond_signal(condition) }

  borrowing func broadcast() { unsafe pthread_cond_broadcast(condition) }
}
