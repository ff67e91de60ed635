import Synchronization
import TestSupport
import Testing
import Zarr
import ZarrPlatform

@testable import ZarrRemote

@Suite("Locks in buckets")
struct S3LockTests {
  private func makeStore(lease: Duration) throws -> S3Store {
    let servers = try RemoteServers.shared
    return try servers.makeStore(servers.seaweedfs) { $0.leaseDuration = lease }
  }

  /// The key of a lock in the bucket.
  private func key(_ store: S3Store) -> String { store.prefix + "a/.zarr-vlen.lock-name" }

  @Test("Writers take turns")
  func turns() throws {
    let store = try makeStore(lease: .seconds(30))
    let holders = Mutex(0)
    try onThreads(4) { _ in
      for _ in 0..<5 {
        let lock = try store.lock("name", below: "a", timeout: .seconds(100))
        let before = holders.withLock {
          $0 += 1; return $0
        }
        #expect(before == 1)
        let after = holders.withLock {
          $0 -= 1; return $0
        }
        #expect(after == 0)
        lock?.unlock()
      }
    }
  }

  @Test("A lock that is held is kept for longer than a lease, and its owner is named")
  func renewal() throws {
    let store = try makeStore(lease: .seconds(1))
    let lock = try #require(try store.lock("name", below: "a", timeout: nil))
    let error = #expect(throws: StoreError.self) { try store.lock("name", below: "a", timeout: .seconds(4)) }
    guard case .locked(_, let owner?) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(owner.hasPrefix("process "))
    try lock.check()
    lock.unlock()
    try #require(try store.lock("name", below: "a", timeout: .zero)).unlock()
  }

  @Test("The lease of a writer who is gone ends by itself, and the writer notices if it comes back")
  func abandoned() throws {
    let store = try makeStore(lease: .seconds(1))
    let lock = try #require(try store.lock("name", below: "a", timeout: nil))
    // As if the writer were stopped: its object is one that nobody renews.
    var request = S3Request(.put, key(store))
    request.headers = [HTTPHeader("x-amz-meta-zarr-vlen-lease", "1")]
    request.body = try sharedBytes("of nobody")
    #expect(try store.client.perform(request, path: "").response.isSuccess)
    let next = try #require(try store.lock("name", below: "a", timeout: .seconds(30)))
    try next.check()
    _ = blocking { usleep(700_000) }
    #expect(throws: StoreError.lockLost(path: store.location + "/a/.zarr-vlen.lock-name")) {
      try lock.check()
    }
    // It does not take away the lock of another one.
    lock.unlock()
    try next.check()
    #expect(try store.client.perform(S3Request(.head, key(store)), path: "").response.isSuccess)
    next.unlock()
    #expect(try store.client.perform(S3Request(.head, key(store)), path: "").response.status == 404)
  }

  @Test("A lock whose object is removed is lost")
  func removed() throws {
    let store = try makeStore(lease: .seconds(1))
    let lock = try #require(try store.lock("name", below: "a", timeout: nil))
    try store.deleteAll("")
    _ = blocking { usleep(1_000_000) }
    #expect(throws: StoreError.self) { try lock.check() }
    lock.unlock()
  }

  @Test("A store of one process alone has no locks")
  func unshared() throws {
    let servers = try RemoteServers.shared
    let store = try servers.makeStore(servers.seaweedfs) { $0.isShared = false }
    #expect(try store.lock("name", below: "a", timeout: nil) == nil)
  }
}
