import Dispatch

/// Runs blocking work on a queue and waits for it without blocking a thread of Swift's tasks.
///
/// - Parameters:
///   - queue: A private serial queue: it has a thread beside those that tasks share, the global queues do
///     not.
///   - work: The work.
/// - Returns: What `work` returns.
/// - Throws: What `work` throws.
func run<Result: Sendable>(
  on queue: DispatchQueue, _ work: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    queue.async {
      continuation.resume(with: Swift.Result { try work() })
    }
  }
}
