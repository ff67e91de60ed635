import ChunkEngine

/// Decides when a request that takes unusually long to be answered is sent a second time.
///
/// At most one in twenty is. A host that has become slow altogether is not asked more often for that: what is usual
/// changes with it.
final class Hedging: Sendable {
  /// The share of requests that may be sent twice.
  private static let share = 0.05

  /// How many answers it takes to know what is usual.
  private static let sampleCount = 64

  private struct State {
    /// How long the last answers took to begin.
    var delays: [Duration] = []
    var next = 0
    var patience: Duration?
    /// How many requests may be sent a second time now.
    var allowance = 0.0
  }

  private let state = Locked(State())

  /// Counts a request, and returns how long its answer may take to begin, or nil for as long as it takes.
  func begin() -> Duration? {
    state.withLock { state in
      state.allowance = min(4, state.allowance + Self.share)
      return state.patience
    }
  }

  /// Takes note of how long an answer took to begin.
  func see(_ delay: Duration) {
    state.withLock { state in
      if state.delays.count < Self.sampleCount {
        state.delays.append(delay)
      } else {
        state.delays[state.next] = delay
      }
      state.next = (state.next + 1) % Self.sampleCount
      guard state.next % 16 == 0, state.delays.count == Self.sampleCount else { return }
      let usual = state.delays.sorted()[Self.sampleCount * 95 / 100]
      state.patience = usual * 2 + .milliseconds(20)
    }
  }

  /// Whether a request may be sent a second time.
  ///
  /// If so, it is counted.
  func take() -> Bool {
    state.withLock { state in
      guard state.allowance >= 1 else { return false }
      state.allowance -= 1
      return true
    }
  }
}
