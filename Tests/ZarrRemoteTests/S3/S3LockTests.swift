import Foundation
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

  /// Puts the object of a lock there, as another process would have it.
  private func hold(_ store: S3Store, _ mark: ProcessMark?, seconds: Int = 600) throws {
    var request = S3Request(.put, key(store))
    request.headers = [HTTPHeader("x-amz-meta-zarr-vlen-lease", "\(seconds)")]
    request.headers.append(HTTPHeader("x-amz-meta-zarr-vlen-owner", "the lock's test"))
    if let mark { request.headers.append(HTTPHeader(S3Store.processName, "\(mark)")) }
    request.body = try sharedBytes("of another, \(UInt64.random(in: .min ... .max))")
    #expect(try store.client.perform(request, path: "").response.isSuccess)
  }

  @Test("The lock of a process of this machine that is gone is free at once, and no other one is")
  func gone() throws {
    let store = try makeStore(lease: .seconds(30))
    for mark in [nil, ProcessMark(), ProcessMark("0123456789abcdef 1 1")] {
      try hold(store, mark)
      #expect(throws: StoreError.self) { try store.lock("name", below: "a", timeout: .zero) }
      #expect(throws: StoreError.self) { try store.lock("name", below: "a", timeout: .milliseconds(10)) }
    }
    try hold(store, try goneProcess())
    try #require(try store.lock("name", below: "a", timeout: .zero)).unlock()
    // Other tests wait for locks at the same time, of other owners.
    #expect(RemoteActivity.current.lockOwner != "the lock's test")
  }

  /// A process that has ended.
  private func goneProcess() throws -> ProcessMark {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sleep")
    process.arguments = ["1000"]
    try process.run()
    let mark = try #require(ProcessMark(of: process.processIdentifier))
    #expect(ProcessMark("\(mark)") == mark)
    #expect(!mark.isGone)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(mark.isGone)
    return mark
  }

  @Test("The mark of a process is known again, and what is none is none")
  func marks() throws {
    let own = try #require(ProcessMark())
    #expect(ProcessMark("\(own)") == own)
    #expect(!own.isGone)
    for text in ["", "a", "a b c", "a 1", "a 1 2 3", "a 0 1", "a -1 1", "a 99999999999999999999 1"] {
      #expect(ProcessMark(text) == nil)
    }
    // A number that is used again has another start.
    let fields = "\(own)".split(separator: " ")
    #expect(try #require(ProcessMark("\(fields[0]) \(fields[1]) 1")).isGone)
  }

  @Test("A command waits for the end of the lease of one that is gone, and not for one that lives")
  func abandonedOnly() throws {
    let store = try makeStore(lease: .seconds(3))
    let lock = try #require(try store.lock("name", below: "a", timeout: nil))
    #expect(throws: StoreError.self) { try store.lockOnceAbandoned("name", below: "a") }
    lock.unlock()
    try hold(store, nil, seconds: 1)
    try #require(try store.lockOnceAbandoned("name", below: "a")).unlock()
  }

  @Test(
    "What killed processes have left that tried a server out is removed, and what others have there is not")
  func probes() throws {
    let servers = try RemoteServers.shared
    let store = try servers.makeStore(servers.seaweedfs, hasBucket: true)
    for (name, mark) in [("gone", try goneProcess()), ("living", ProcessMark()), ("unknown", nil)] {
      var request = S3Request(.put, store.prefix + ".zarr-vlen.try-\(name)")
      if let mark { request.headers = [HTTPHeader(S3Store.processName, "\(mark)")] }
      request.body = try sharedBytes(name)
      #expect(try store.client.perform(request, path: "").response.isSuccess)
    }
    try store.requireConditions("")
    let left = try store.page(".zarr-vlen.", delimiter: nil, after: nil, "")
    #expect(left.keys == [".zarr-vlen.try-living", ".zarr-vlen.try-unknown"])
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
