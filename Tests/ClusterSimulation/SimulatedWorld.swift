import ChunkEngine
import Dispatch
import Foundation
import Zarr

/// A store, and processes on many machines that use it, in a time of their own.
///
/// Processes are threads of which one runs at a time. A request arrives at the store after a while, and its answer
/// after another; in between, others go on. How long each takes, and what goes wrong, is by chance and repeated by the
/// seed: requests are lost, answers are lost, requests arrive again long after, processes stall and die.
final class SimulatedWorld: @unchecked Sendable {
  /// How often things go wrong, as a part of all requests.
  struct Faults {
    /// A process ends; the request may arrive nevertheless.
    var deaths = 0.0
    /// A request that is answered with an error, of which one half has done what it was asked for.
    var errors = 0.0
    /// A conditional request that has done what it was asked for, and whose second attempt is refused.
    var doubts = 0.0
    /// A request that arrives a second time, after a long time.
    var echoes = 0.0
    /// A process that stands still for longer than its lease.
    var stalls = 0.0
  }

  /// A process that has ended.
  struct Death: Error {}

  struct Value {
    let bytes: [UInt8]
    let version: UInt64
  }

  // SAFETY: Everything is touched by one thread at a time, which hands on by a semaphore.
  private(set) var values: [StoreKey: Value] = [:]
  private(set) var requestCount = 0
  private(set) var now = 0
  var generator: SeededRandom
  let faults: Faults
  let latency: ClosedRange<Int>
  let leaseDuration: Int

  private var nextVersion: UInt64 = 0
  private var nextOrder = 0
  private var events: [(time: Int, order: Int, action: () -> Void)] = []
  private let returned = DispatchSemaphore(value: 0)
  private var leases: [String: (holder: Process, token: Int)] = [:]

  /// Makes a world without values.
  ///
  /// - Parameters:
  ///   - seed: What decides everything.
  ///   - latency: The milliseconds that a request and its answer take together.
  ///   - leaseDuration: The milliseconds after which others take the lock of a process that stands still.
  ///   - faults: How often things go wrong.
  init(seed: UInt64, latency: ClosedRange<Int> = 2...60, leaseDuration: Int = 1000, faults: Faults) {
    generator = SeededRandom(seed: seed)
    self.latency = latency
    self.leaseDuration = leaseDuration
    self.faults = faults
  }

  /// A process on some machine.
  final class Process: @unchecked Sendable {
    fileprivate let turn = DispatchSemaphore(value: 0)
    fileprivate(set) var isDead = false

    /// When it was last known to be alive, which renews its leases.
    fileprivate var pulse = 0
  }

  /// Starts a process after some milliseconds.
  ///
  /// `ended` is called when it returns, also if it dies, and may start others.
  func start(
    after delay: Int, _ body: @escaping (SimulatedStore) -> Void,
    ended: @escaping (_ died: Bool) -> Void = { _ in }
  ) {
    schedule(after: delay) { [self] in
      let process = Process()
      process.pulse = now
      // SAFETY: One thread runs at a time.
      nonisolated(unsafe) let (body, ended) = (body, ended)
      let thread = Thread { [self] in
        process.turn.wait()
        body(SimulatedStore(self, process))
        schedule(after: 0) { ended(process.isDead) }
        returned.signal()
      }
      thread.stackSize = 1 << 20
      thread.start()
      resume(process)
    }
  }

  /// Lets time go by until nothing happens any more.
  func run() {
    while let event = takeEvent() {
      now = event.time
      event.action()
    }
  }

  private func takeEvent() -> (time: Int, order: Int, action: () -> Void)? {
    guard
      let index = events.indices.min(by: {
        (events[$0].time, events[$0].order) < (events[$1].time, events[$1].order)
      })
    else { return nil }
    events.swapAt(index, events.count - 1)
    return events.removeLast()
  }

  private func schedule(after delay: Int, _ action: @escaping () -> Void) {
    nextOrder += 1
    events.append((now + delay, nextOrder, action))
  }

  /// Lets a process run until it waits for the next answer.
  private func resume(_ process: Process) {
    process.turn.signal()
    returned.wait()
  }

  private func wait(_ process: Process, _ delay: Int) {
    schedule(after: delay) { [self] in
      process.pulse = now
      resume(process)
    }
    returned.signal()
    process.turn.wait()
  }

  private func happens(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &generator) < probability
  }

  /// Lets a process wait.
  func pause(_ process: Process, _ delay: Int) throws {
    guard !process.isDead else { throw Death() }
    wait(process, delay)
  }

  /// Sends a request of a process, and waits for the answer.
  func request<Answer>(
    from process: Process, isConditional: Bool = false, _ path: String,
    _ effect: @escaping () throws -> Answer
  ) throws -> Answer {
    guard !process.isDead else { throw Death() }
    requestCount += 1
    var answer: Result<Answer, any Error>?
    let there = Int.random(in: latency, using: &generator) / 2
    let back = Int.random(in: latency, using: &generator) / 2
    if happens(faults.deaths) {
      process.isDead = true
      if happens(0.5) { schedule(after: happens(0.2) ? there * 100 : there) { _ = try? effect() } }
      throw Death()
    }
    let failure: StoreError? =
      happens(faults.errors)
      ? .unavailable(path: path, reason: "simulated")
      : isConditional && happens(faults.doubts) ? .changed(path: path) : nil
    // A second attempt is refused because the first one was not.
    let isLost = if case .unavailable = failure { happens(0.5) } else { false }
    if !isLost { schedule(after: there) { answer = Result { try effect() } } }
    if happens(faults.echoes) { schedule(after: there * 50) { _ = try? effect() } }
    wait(
      process,
      there + back + (happens(faults.stalls) ? leaseDuration * Int.random(in: 1...4, using: &generator) : 0))
    if let failure { throw failure }
    guard let answer else { throw StoreError.unavailable(path: path, reason: "simulated") }
    return try answer.get()
  }

  // MARK: What the store does

  func put(_ bytes: [UInt8], at key: StoreKey, if condition: WriteCondition? = nil) throws {
    if let condition {
      let found = values[key].map { WriteCondition.version(StoredVersion($0.version)) } ?? .absent
      guard found == condition else { throw StoreError.changed(path: key.description) }
    }
    nextVersion += 1
    values[key] = Value(bytes: bytes, version: nextVersion)
  }

  func remove(_ key: StoreKey) { values[key] = nil }

  func copy(_ key: StoreKey, to target: StoreKey) throws -> Bool {
    guard let value = values[key] else { return false }
    try put(value.bytes, at: target)
    return true
  }

  /// Takes a lease, unless another process has it that is alive; returns what tells it from others.
  fileprivate func takeLease(_ name: String, for process: Process) -> Int? {
    if let lease = leases[name], now - lease.holder.pulse <= leaseDuration, lease.holder !== process {
      return nil
    }
    nextOrder += 1
    leases[name] = (process, nextOrder)
    return nextOrder
  }

  fileprivate func endLease(_ name: String, _ token: Int) {
    if leases[name]?.token == token { leases[name] = nil }
  }
}

/// The store of a ``SimulatedWorld``, as one process sees it.
final class SimulatedStore: ConditionalStore, CopyingStore, LockingStore {
  let world: SimulatedWorld
  let process: SimulatedWorld.Process

  init(_ world: SimulatedWorld, _ process: SimulatedWorld.Process) {
    self.world = world
    self.process = process
  }

  var location: String { "simulated" }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    guard let value = try request(key, { [world] in world.values[key] }) else { return nil }
    let info = ValueInfo(byteCount: value.bytes.count, version: StoredVersion(value.version))
    if let version, version != info.version { throw StoreError.changed(path: key.description) }
    let range = part.range(in: value.bytes.count)
    guard range.count <= limit else {
      throw StoreError.tooLarge(path: key.description, byteCount: range.count, limit: limit)
    }
    try arena.append(copying: value.bytes.span.bytes.extracting(range))
    return info
  }

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    let bytes = try gathered(gather)
    try request(key) { [world] in try world.put(bytes, at: key) }
  }

  func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    let bytes = try gathered(gather)
    try request(key, isConditional: true) { [world] in try world.put(bytes, at: key, if: condition) }
  }

  func delete(_ key: StoreKey) throws { try request(key) { [world] in world.remove(key) } }

  func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws {
    try request(key, isConditional: true) { [world] in
      guard world.values[key].map({ StoredVersion($0.version) }) == version else {
        throw StoreError.changed(path: key.description)
      }
      world.remove(key)
    }
  }

  func delete(_ keys: [StoreKey]) throws {
    guard let first = keys.first else { return }
    try request(first) { [world] in for key in keys { world.remove(key) } }
  }

  func copy(_ key: StoreKey, to target: StoreKey) throws -> Bool {
    try request(key) { [world] in try world.copy(key, to: target) }
  }

  func list(_ prefix: String) throws -> [StoreKey] {
    let start = prefix.isEmpty ? "" : prefix + "/"
    return try world.request(from: process, prefix) { [world] in
      world.values.keys.filter { $0.description.hasPrefix(start) }.sorted { $0.description < $1.description }
    }
  }

  func lock(_ name: String, below prefix: String, timeout: Duration?) throws -> (any StoreLock)? {
    let deadline = timeout.map { world.now + Int($0 / .milliseconds(1)) }
    var pause = 50
    while true {
      let token = try world.request(from: process, name) { [world, process] in
        world.takeLease(name, for: process)
      }
      if let token { return Lock(store: self, name: name, token: token) }
      if let deadline, world.now >= deadline { throw StoreError.locked(path: name, owner: nil) }
      try world.pause(process, Int.random(in: pause / 2...pause, using: &world.generator))
      pause = min(pause * 2, 1000)
    }
  }

  private struct Lock: StoreLock {
    let store: SimulatedStore
    let name: String
    let token: Int

    func unlock() {
      try? store.world.request(from: store.process, name) { [world = store.world] in
        world.endLease(name, token)
      }
    }
  }

  private func request<Answer>(
    _ key: StoreKey, isConditional: Bool = false, _ effect: @escaping () throws -> Answer
  ) throws -> Answer {
    try world.request(from: process, isConditional: isConditional, key.description, effect)
  }

  private func gathered(_ gather: (_ append: (RawSpan) throws -> Void) throws -> Void) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try gather { part in part.withUnsafeBytes { bytes += $0 } }
    return bytes
  }
}
