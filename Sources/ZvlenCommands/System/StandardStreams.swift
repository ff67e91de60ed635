import ChunkEngine
import Synchronization
import Zarr
import ZarrPlatform
import ZarrRemote

/// The three standard streams.
enum StandardStreams {
  /// Whether the command has shown anything, or done something that it cannot do again.
  static var hasOutput: Bool { outputFlag.load(ordering: .relaxed) }

  private static let outputFlag = Atomic(false)

  /// Records that the command shows something, or does something that it cannot do again.
  static func noteOutput() { outputFlag.store(true, ordering: .relaxed) }

  /// Whether a terminal may be sent colours.
  static var allowsColor: Bool {
    // https://no-color.org
    func value(_ name: String) -> String { unsafe getenv(name).map { unsafe String(cString: $0) } ?? "" }
    return value("NO_COLOR").isEmpty && value("TERM") != "dumb"
  }

  /// Opens the streams that are closed, before another file gets their descriptors.
  ///
  /// Standard input is opened for writing and the others for reading, so that using them stays an error.
  static func openClosed() {
    for (number, flags) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(number, F_GETFD) < 0 {
      // The system takes the lowest free descriptor.
      _ = unsafe open("/dev/null", flags)
    }
  }
}

/// The stream for messages to the user.
enum StandardError {
  /// Whether progress is drawn on it: it is a terminal, and you have not asked for quiet.
  static var showsProgress: Bool { !isQuiet.load(ordering: .relaxed) && isTerminal }

  /// Whether it is a terminal.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  private static let isQuiet = Atomic(false)

  /// Draws no progress from now on.
  static func hideProgress() { isQuiet.store(true, ordering: .relaxed) }

  /// The width of the terminal, or a usual width if it is not known.
  static var columnCount: Int {
    var size = winsize()
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes text at once.
  static func write(_ text: String) {
    StandardStreams.noteOutput()
    draw(text)
  }

  /// Draws text that other text replaces.
  static func draw(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      // There is no other place to report this.
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}

/// Collects output and writes it in large blocks.
final class OutputStream {
  private static let blockByteCount = 1 << 20

  private let put: (RawSpan) throws -> Void
  private var buffer: [UInt8] = []

  /// Writes to a file.
  convenience init(_ file: consuming OpenFile) {
    let shared = SharedFile(file)
    self.init { try shared.file.write($0) }
  }

  /// Hands what is written to `put`, block by block.
  init(_ put: @escaping (RawSpan) throws -> Void) {
    self.put = put
    buffer.reserveCapacity(Self.blockByteCount + Self.blockByteCount / 4)
  }

  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Writes to standard output.
  static func standard() -> OutputStream {
    OutputStream(OpenFile(borrowing: STDOUT_FILENO, path: "standard output"))
  }

  /// Writes bytes.
  func write(_ bytes: RawSpan) throws {
    if bytes.byteCount >= Self.blockByteCount {
      try flush()
      try put(bytes)
    } else {
      // SAFETY: The buffer is read inside of the closure only.
      unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
      try flushIfFull()
    }
  }

  /// Writes text.
  func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    try flushIfFull()
  }

  /// Writes a path of a file and a byte after it.
  ///
  /// On a line of a terminal, a path with characters that it does not show as they are becomes JSON text.
  func writePath(_ path: [UInt8], terminator: UInt8 = UInt8(ascii: "\n")) throws {
    let text = String(decoding: path, as: UTF8.self)
    let isShown = terminator == 0 || !Self.isTerminal || OneLine(text).description == text
    try write { buffer in
      buffer.append(contentsOf: isShown ? path : Array(JSONValue.string(text).description.utf8))
      buffer.append(terminator)
    }
  }

  /// Writes the bytes that `body` appends to its argument.
  func write(_ body: (inout [UInt8]) throws -> Void) throws {
    try body(&buffer)
    try flushIfFull()
  }

  /// Calls `body`, and writes all collected output, even if `body` throws.
  func flushing(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      // The first error counts. A command that can start again shows nothing.
      if !(error is BrokenPipe), !RootCommand.canRunAgain(after: error) { try? flush() }
      throw error
    }
    try flush()
  }

  /// Writes all collected output.
  func flush() throws {
    // SAFETY: The buffer is read inside of the closure only.
    try unsafe buffer.withUnsafeBytes { try put(unsafe RawSpan(_unsafeBytes: $0)) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func flushIfFull() throws {
    if buffer.count >= Self.blockByteCount { try flush() }
  }
}

/// A line on the terminal that shows the progress of work, redrawn in place.
///
///     importing  42 %   1.3 GB   210 MB/s   0:08 left   64 in flight   3 retried   1.2 GB sent
///
/// What follows the time is about requests to servers, and is redrawn also while nothing is finished. Nothing is
/// written if standard error is not a terminal. You can call all methods from any thread.
final class ProgressLine: Sendable {
  private struct State {
    var doneCount = 0
    var byteCount = 0
    var totalCount: Int?
    var lastDrawing: ContinuousClock.Instant
    var isVisible = false
    var isCleared = false
  }

  private static let interval = Duration.milliseconds(100)

  /// How often the line is redrawn while nothing is finished.
  private static let idleInterval = Duration.milliseconds(500)

  private let activity: String
  private let isTerminal = StandardError.showsProgress
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  /// Creates a line, which appears after a moment.
  init(_ activity: String, totalCount: Int? = nil) {
    self.activity = activity
    state = Mutex(State(totalCount: totalCount, lastDrawing: start))
    guard isTerminal else { return }
    _ = Platform.startThread { [weak self] in
      while true {
        usleep(useconds_t(Self.idleInterval / .microseconds(1)))
        guard let self, redrawIfRemote() else { return }
      }
    }
  }

  /// Redraws the line if there is work with servers, and returns whether it may be called again.
  private func redrawIfRemote() -> Bool {
    let activity = RemoteActivity.current
    return state.withLock { state in
      if activity.requestCount > 0, !state.isCleared,
        state.lastDrawing.duration(to: .now) >= Self.idleInterval
      {
        draw(&state)
      }
      return !state.isCleared
    }
  }

  /// Adds finished work, and redraws the line after a while.
  func add(_ count: Int, byteCount: Int) {
    guard isTerminal else { return }
    state.withLock { state in
      state.doneCount = sumOrMaximum(state.doneCount, count)
      state.byteCount = sumOrMaximum(state.byteCount, byteCount)
      if state.lastDrawing.duration(to: .now) >= Self.interval { draw(&state) }
    }
  }

  private func draw(_ state: inout State) {
    state.lastDrawing = .now
    state.isVisible = true
    let line = line(state, elapsed: start.duration(to: .now)).prefix(max(0, StandardError.columnCount - 1))
    StandardError.draw("\r\u{1B}[K\(line)")
  }

  /// A monitor that shows the progress of the library, and stops its work when a signal comes.
  var monitor: ProgressMonitor {
    ProgressMonitor(partOf: Interruption.monitor, interval: Self.interval) { progress in self.set(progress) }
  }

  /// Shows other progress.
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
      state.isCleared = true
    }
  }

  private func line(_ state: State, elapsed: Duration) -> String {
    let seconds = elapsed / .seconds(1)
    var parts = [activity]
    if let total = state.totalCount, total > 0 {
      parts.append("\(Int(min(100, Double(state.doneCount) / Double(total) * 100))) %")
    }
    if state.byteCount > 0 {
      parts.append(Quantity.bytes(state.byteCount))
      let perSecond = min(Double(state.byteCount) / max(seconds, 0.001), 1e18)
      parts.append("\(Quantity.bytes(Int(perSecond)))/s")
    }
    if let total = state.totalCount, state.doneCount > 0, state.doneCount <= total {
      let left = seconds / Double(state.doneCount) * Double(total - state.doneCount)
      parts.append("\(Quantity.duration(seconds: left)) left")
    }
    parts += Self.parts(of: .current)
    return parts.joined(separator: "   ")
  }

  /// What is shown of the work with servers.
  static func parts(of activity: RemoteActivity) -> [String] {
    guard activity.requestCount > 0 else { return [] }
    var parts = ["\(activity.requestsInFlight) in flight"]
    if activity.retryCount > 0 { parts.append("\(activity.retryCount) retried") }
    if activity.sentByteCount > 0 { parts.append("\(Quantity.bytes(activity.sentByteCount)) sent") }
    if activity.receivedByteCount > 0 {
      parts.append("\(Quantity.bytes(activity.receivedByteCount)) received")
    }
    if let owner = activity.lockOwner { parts.insert("locked by \(owner)", at: 0) }
    return parts
  }
}
