import ChunkEngine
import Synchronization
public import Zarr
import ZarrPlatform

/// Writers of one place take turns by leases: objects that are created where there are none, and renewed while they
/// are held.
///
/// A lease keeps others waiting and no more than that. It may end while its holder is stopped, so that safety is up
/// to the conditions of writes.
extension S3Store: LockingStore {
  /// What the last name of the key of a lock begins with.
  static let lockName = "\(hiddenName)lock-"

  /// The field of the object of a lock that has the seconds for which its lease is good.
  static let leaseName = "x-amz-meta-zarr-vlen-lease"

  /// Whether the lease of an object is over, or nil if the answer does not tell.
  func isLeaseOver(_ response: HTTPResponse) -> Bool? {
    guard let age = response.secondsSinceChange else { return nil }
    let seconds =
      response.headers[Self.leaseName].flatMap { parseDecimal($0) }
      ?? Int(options.leaseDuration.components.seconds)
    // Both times are whole seconds.
    return age > min(seconds, 3600) + 1
      || response.headers[Self.processName].flatMap({ ProcessMark($0) })?.isGone ?? false
  }

  public func lock(_ name: String, below prefix: String, timeout: Duration?) throws -> (any StoreLock)? {
    try lock(name, below: prefix, timeout: timeout, waitsForLiving: true)
  }

  /// Takes a lock, if need be after the end of the lease of a holder who is gone.
  ///
  /// - Returns: The lock, or nil if no other process writes to the store.
  /// - Throws: `StoreError.locked` as soon as the holder shows that it is not gone, and what else
  ///   ``lock(_:below:timeout:)`` throws.
  package func lockOnceAbandoned(_ name: String, below prefix: String) throws -> (any StoreLock)? {
    try lock(name, below: prefix, timeout: nil, waitsForLiving: false)
  }

  private func lock(
    _ name: String, below prefix: String, timeout: Duration?, waitsForLiving: Bool
  ) throws -> (any StoreLock)? {
    guard options.isShared else { return nil }
    let place = prefix.isEmpty ? "" : prefix + "/"
    let key = "\(place)\(Self.lockName)\(name.percentEncoded())"
    let path = "\(location)/\(key)"
    try requireConditions(path)
    let deadline = timeout.map { ContinuousClock.now + $0 }
    let shownOwner = RemoteActivity.Counters.current.lockOwner
    var pause = Duration.milliseconds(50)
    var first: Lease.Holder?
    defer { if first != nil { shownOwner.withLock { $0 = nil } } }
    while true {
      var holder: Lease.Holder?
      if let lease = try Lease(self, key, path, &holder) { return HeldLease(lease) }
      let rest = deadline.map { ContinuousClock.now.duration(to: $0) }
      let isRenewed = first.map { $0.tag != holder?.tag } ?? false
      if rest.map({ $0 <= .zero }) ?? false || isRenewed && !waitsForLiving {
        throw StoreError.locked(path: path, owner: holder?.owner)
      }
      if let holder {
        first = first ?? holder
        shownOwner.withLock { $0 = holder.owner ?? "another writer" }
      }
      do throws(HTTPError) {
        try HTTPClient.sleep(min(rest ?? pause, pause * Double.random(in: 0.5...1)))
      } catch {
        throw error.forStore(path)
      }
      pause = min(pause * 2, .seconds(1))
    }
  }
}

/// A lease as its holder has it, which ends with it.
private final class HeldLease: StoreLock {
  private let lease: Lease

  init(_ lease: Lease) {
    self.lease = lease
    LeaseKeeper.current.add(lease)
  }

  deinit { unlock() }

  func check() throws { try lease.check() }

  func unlock() {
    LeaseKeeper.current.remove(lease)
    lease.end()
  }
}

/// A lease in a store.
///
/// Whether it is over is judged by the server's clock: by its `Date` and `Last-Modified`. It also ends with its
/// process, as far as others on the same machine are concerned.
private final class Lease: @unchecked Sendable {
  private static let idName = "x-amz-meta-zarr-vlen-write"
  private static let ownerName = "x-amz-meta-zarr-vlen-owner"

  /// Who has the lease.
  struct Holder {
    /// The name of the holder, for people.
    let owner: String?
    /// Another one whenever the lease is renewed.
    let tag: String
  }

  private let store: S3Store
  private let key: String
  private let path: String
  private let processID = getpid()

  // SAFETY: What follows is only touched while `lock` is held.
  private let lock = WaitingLock()
  private var tag: String
  /// A moment before the last renewal.
  private var renewal: ContinuousClock.Instant
  private var isLost = false
  private var isOver = false

  /// The object of the lease, as others find it.
  private struct Found {
    let id: String?
    let tag: String
    let owner: String?
    let isOver: Bool
  }

  /// Takes the lease, or returns nil if another writer has it.
  init?(_ store: S3Store, _ key: String, _ path: String, _ holder: inout Holder?) throws {
    self.store = store
    self.key = store.prefix + key
    self.path = path
    renewal = .now
    tag = ""
    if let tag = try put(HTTPHeader("If-None-Match", "*")) {
      self.tag = tag
      return
    }
    guard let found = try find() else { return nil }
    holder = Holder(owner: found.owner, tag: found.tag)
    guard found.isOver else { return nil }
    renewal = .now
    guard let tag = try put(HTTPHeader("If-Match", found.tag)) else { return nil }
    self.tag = tag
  }

  private var duration: Duration { max(.seconds(1), store.options.leaseDuration) }

  /// When to renew the lease.
  var due: ContinuousClock.Instant { lock.withLock { renewal + duration / 3 } }

  /// Writes the object under a condition, and returns its tag, or nil if the condition does not hold.
  private func put(_ condition: HTTPHeader) throws -> String? {
    let id = hexadecimal((0..<16).map { _ in UInt8.random(in: 0...255) })
    var request = S3Request(.put, key)
    // No two objects of a lease have the same bytes, so that none has the tag of another.
    request.body = try sharedBytes(id)
    request.headers = [
      condition, HTTPHeader(Self.idName, id),
      HTTPHeader(S3Store.leaseName, "\(max(1, duration.components.seconds))"),
      HTTPHeader(Self.ownerName, Self.ownName),
    ]
    if let mark = ProcessMark() { request.headers.append(HTTPHeader(S3Store.processName, "\(mark)")) }
    let outcome = try store.client.perform(request, path: path)
    switch outcome.response.status {
    case 200..<300:
      if let tag = outcome.response.headers["etag"] { return tag }
    case 404 where outcome.failure?.code != "NoSuchBucket", 412:
      guard outcome.isRepeated else { return nil }
    default: throw outcome.refusal(path)
    }
    let found = try find()
    return found?.id == id ? found?.tag : nil
  }

  private func find() throws -> Found? {
    let outcome = try store.client.perform(S3Request(.head, key), path: path)
    let headers = outcome.response.headers
    if outcome.response.status == 404 { return nil }
    guard outcome.response.isSuccess else { throw outcome.refusal(path) }
    guard let tag = headers["etag"], let isOver = store.isLeaseOver(outcome.response) else {
      throw StoreError.malformedAnswer(path: path, reason: "it does not tell the time of the lock")
    }
    return Found(id: headers[Self.idName], tag: tag, owner: headers[Self.ownerName], isOver: isOver)
  }

  /// Who holds the lock, for people who read errors.
  private static var ownName: String {
    var name = [CChar](repeating: 0, count: 256)
    _ = unsafe gethostname(&name, name.count - 1)
    let host = name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)).filter { 0x21...0x7E ~= $0 }
    return "process \(getpid()) on \(String(decoding: host, as: UTF8.self))"
  }

  /// Renews the lease if that is due, and takes note if it is lost.
  func renew() {
    lock.withLock {
      // What fails now is tried again, and noticed by the one who asks.
      if renewal + duration / 3 <= .now { _ = try? renewHoldingLock() }
    }
  }

  private func renewHoldingLock() throws {
    guard !isOver, !isLost else { return }
    let start = ContinuousClock.now
    if let tag = try put(HTTPHeader("If-Match", tag)) {
      (self.tag, renewal) = (tag, start)
    } else {
      isLost = true
    }
  }

  /// Throws if others may have taken the lease.
  func check() throws {
    try lock.withLock {
      if !isLost, renewal + duration / 2 <= .now { try renewHoldingLock() }
      if isLost { throw StoreError.lockLost(path: path) }
    }
  }

  /// Removes the lease, if it is still this one.
  func end() {
    lock.withLock {
      guard !isOver else { return }
      isOver = true
      guard !isLost, processID == getpid() else { return }
      // Whatever this does, the lease ends by itself.
      if renewal + duration / 2 <= .now, (try? find())?.tag != tag { return }
      var request = S3Request(.delete, key)
      request.headers = [HTTPHeader("If-Match", tag)]
      if (try? store.client.perform(request, path: path))?.response.status == 501 {
        _ = try? store.client.perform(S3Request(.delete, key), path: path)
      }
    }
  }
}

/// The thread that renews the leases of the process while there are any.
private final class LeaseKeeper: @unchecked Sendable {
  private static let keepers = ProcessLocal { LeaseKeeper() }

  static var current: LeaseKeeper { keepers.current }

  // SAFETY: What follows is only touched while `lock` is held.
  private let lock = WaitingLock()
  private var leases: [ObjectIdentifier: Lease] = [:]
  private var isRunning = false

  private init() {}

  func add(_ lease: Lease) {
    lock.withLock {
      leases[ObjectIdentifier(lease)] = lease
      // Without a thread, a lease is renewed where it is checked.
      if !isRunning { isRunning = Platform.startThread { self.run() } }
    }
    lock.broadcast()
  }

  func remove(_ lease: Lease) {
    lock.withLock { _ = leases.removeValue(forKey: ObjectIdentifier(lease)) }
  }

  private func run() {
    while true {
      let held = lock.withLock { () -> [Lease]? in
        if leases.isEmpty { lock.wait(atMost: .seconds(5)) }
        isRunning = !leases.isEmpty
        return isRunning ? Array(leases.values) : nil
      }
      guard let held else { return }
      for lease in held { lease.renew() }
      guard let next = held.map(\.due).min() else { continue }
      lock.withLock {
        let rest = ContinuousClock.now.duration(to: next)
        // A lease that could not be renewed is due at once, but not at every moment.
        lock.wait(atMost: max(rest, .milliseconds(200)))
      }
    }
  }
}
