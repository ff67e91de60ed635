import ChunkEngine
import Synchronization
import Zarr

/// A line on the terminal that says how far work has come, drawn again and again in place.
///
///     importing  42 %   1.3 GB   210 MB/s   0:08 left
///
/// Where standard error is no terminal nothing is written. All methods may be called from any thread.
final class ProgressLine: Sendable {
  private struct State {
    var doneCount = 0
    var byteCount = 0
    var totalCount: Int?
    var lastDrawing: ContinuousClock.Instant
    var isVisible = false
  }

  private static let interval = Duration.milliseconds(100)

  private let activity: String
  private let isTerminal = StandardError.isTerminal
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  /// Creates a line, which appears when the work has gone on for a moment.
  ///
  /// - Parameters:
  ///   - activity: What is done, as `importing`.
  ///   - totalCount: The whole of the work, in the unit of ``add(_:byteCount:)``, or nil if it is not known.
  init(_ activity: String, totalCount: Int? = nil) {
    self.activity = activity
    state = Mutex(State(totalCount: totalCount, lastDrawing: start))
  }

  /// Whether somebody sees the line.
  var isShown: Bool { isTerminal }

  /// Adds work that is done, and draws the line if the last time is long enough ago.
  func add(_ count: Int, byteCount: Int) {
    guard isTerminal else { return }
    state.withLock { state in
      state.doneCount = sumOrMaximum(state.doneCount, count)
      state.byteCount = sumOrMaximum(state.byteCount, byteCount)
      let now = ContinuousClock.now
      guard state.lastDrawing.duration(to: now) >= Self.interval else { return }
      state.lastDrawing = now
      state.isVisible = true
      let line = line(state, elapsed: start.duration(to: now)).prefix(max(0, StandardError.columnCount - 1))
      StandardError.draw("\r\u{1B}[K\(line)")
    }
  }

  /// A monitor that shows the work of the library in the line, and stops it when a signal comes.
  var monitor: ProgressMonitor {
    ProgressMonitor(partOf: Interruption.monitor, interval: Self.interval) { progress in self.set(progress) }
  }

  /// Shows how far work has come, in place of what was shown before.
  private func set(_ progress: ProgressMonitor.Progress) {
    guard isTerminal else { return }
    let (done, bytes) = state.withLock { state in
      state.totalCount = progress.totalElementCount
      return (progress.elementCount - state.doneCount, progress.storedByteCount - state.byteCount)
    }
    add(done, byteCount: bytes)
  }

  /// Removes the line.
  func clear() {
    state.withLock { state in
      if state.isVisible { StandardError.draw("\r\u{1B}[K") }
      state.isVisible = false
    }
  }

  private func line(_ state: State, elapsed: Duration) -> String {
    let seconds = elapsed / .seconds(1)
    var parts = [activity]
    if let total = state.totalCount, total > 0 {
      parts.append("\(Int(min(100, Double(state.doneCount) / Double(total) * 100))) %")
    }
    parts.append(Quantity.bytes(state.byteCount))
    let perSecond = min(Double(state.byteCount) / max(seconds, 0.001), 1e18)
    parts.append("\(Quantity.bytes(Int(perSecond)))/s")
    if let total = state.totalCount, state.doneCount > 0, state.doneCount <= total {
      let left = seconds / Double(state.doneCount) * Double(total - state.doneCount)
      parts.append("\(Quantity.duration(seconds: left)) left")
    }
    return parts.joined(separator: "   ")
  }
}
