import ChunkEngine

/// Lets few threads of a call compute, while many wait for the store.
struct ManyRequests: Sendable {
  private let permits: Permits
  private let bytes = BytesInFlight()
  private let byteCountLimit: Int

  /// The bytes that each request may have for all of them to be on their way.
  let share: Int

  /// Lets `count` threads wait for the store.
  init(count: Int, workerCount: Int, byteCountLimit: Int) {
    permits = Permits(workerCount)
    self.byteCountLimit = byteCountLimit
    share = byteCountLimit / count
  }

  /// Calls `body` once fewer threads than workers compute.
  func compute<Result>(_ body: () throws -> Result) rethrows -> Result { try permits.withPermit(body) }

  /// Calls `body`, which waits for the store, in the middle of a computation.
  func wait<Result>(_ body: () throws -> Result) rethrows -> Result { try permits.withoutPermit(body) }

  /// Waits until there is room for bytes.
  func begin(_ byteCount: Int) { bytes.add(byteCount, limit: byteCountLimit) }

  /// Gives back the room for bytes.
  func end(_ byteCount: Int) { bytes.remove(byteCount) }
}

extension Optional<ManyRequests> {
  func compute<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let self else { return try body() }
    return try self.compute(body)
  }

  func wait<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let self else { return try body() }
    return try self.wait(body)
  }
}
