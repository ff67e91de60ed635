import ArgumentParser
import ChunkEngine
import Synchronization
import Zarr

/// How a command says what it has done.
struct ReportOptions: ParsableArguments {
  @Flag(help: "Leaves out progress, and the line on standard error that says at the end what was done.")
  var quiet = false

  @Flag(
    help: ArgumentHelp(
      "Writes what was done to standard output as a line of JSON.",
      discussion: "What else a command writes there is JSON too, one object per line. Sizes are in bytes."))
  var json = false
}

/// A command that says at the end what it has done.
protocol ReportingCommand: ParsableCommand {
  /// What the command did with the elements that it has counted, such as "imported", or nil if other words say it.
  static var deed: String? { get }

  var report: ReportOptions { get }
}

/// What a command has done, which is said when it ends.
enum WorkReport {
  private struct State {
    /// The files that were stored, or nil if elements are counted: a file has others for its path.
    var files: (count: Int, byteCount: Int)?
    /// Counts what the command is about, if it also reads other things.
    var monitor: ProgressMonitor?
    /// What the command has copied, if no monitor says it, and whether all of it was decoded.
    var copied: (progress: ProgressMonitor.Progress, isDecoded: Bool)?
    var words: [String] = []
    var members: JSONObject = [:]
  }

  private static let start = ContinuousClock.now
  private static let state = Mutex(State())

  /// Starts the clock.
  static func begin() { _ = start }

  /// Says something besides the numbers of elements and bytes.
  ///
  /// - Parameters:
  ///   - name: Its name in JSON.
  ///   - value: Its value there.
  ///   - words: What the line says of it, or nothing.
  static func add(_ name: String, _ value: JSONValue, words: String = "") {
    state.withLock { state in
      state.members[name] = value
      if !words.isEmpty { state.words.append(words) }
    }
  }

  /// A monitor that no signal cancels.
  ///
  /// Once you ask for it, only what it counts is said.
  static var monitor: ProgressMonitor {
    state.withLock { state in
      let monitor = state.monitor ?? ProgressMonitor()
      state.monitor = monitor
      return monitor
    }
  }

  /// Has only what a monitor counts be said.
  static func count(only monitor: ProgressMonitor) { state.withLock { $0.monitor = monitor } }

  /// Says what was copied, in place of what monitors count.
  ///
  /// - Parameters:
  ///   - progress: What was copied.
  ///   - isDecoded: Whether all elements were decoded. Otherwise their bytes are not known.
  static func setCopied(_ progress: ProgressMonitor.Progress, isDecoded: Bool) {
    state.withLock { $0.copied = (progress, isDecoded) }
  }

  /// Counts files, and not elements.
  static func countFiles() { state.withLock { $0.files = (0, 0) } }

  /// Counts a file that was stored or written.
  static func addFile(byteCount: Int) {
    state.withLock { state in
      guard let files = state.files else { return }
      state.files = (files.count + 1, sumOrMaximum(files.byteCount, byteCount))
    }
  }

  /// Says what was done by all work that the signals of the process can stop.
  ///
  /// - Throws: What writing to standard output throws.
  static func end(_ command: any ReportingCommand) throws {
    let seconds = start.duration(to: .now) / .seconds(1)
    let state = state.withLock { $0 }
    let progress = state.copied?.progress ?? (state.monitor ?? Interruption.monitor).progress
    let count = state.files?.count ?? progress.elementCount
    let byteCount = state.files?.byteCount ?? progress.elementByteCount
    let isUndecoded = state.copied?.isDecoded == false
    let deed = type(of: command).deed
    if command.report.json {
      var object: JSONObject = ["command": .string(type(of: command)._commandName)]
      if deed != nil {
        object["elements"] = .integer(count)
        object["element_bytes"] = isUndecoded ? .null : .integer(byteCount)
      }
      object["stored_bytes"] = .integer(progress.storedByteCount)
      object["seconds"] = .number(JSONNumber((seconds * 1000).rounded() / 1000))
      for (name, value) in state.members { object[name] = value }
      let output = OutputStream.standard()
      try output.write("\(JSONValue.object(object))\n")
      try output.flush()
    }
    guard !command.report.quiet else { return }
    guard let deed else { return say(state.words) }
    let shownByteCount = isUndecoded ? progress.storedByteCount : byteCount
    var parts = [
      "\(deed) \(Quantity.count(count, state.files != nil ? "file" : "element")), "
        + "\(Quantity.bytes(shownByteCount))\(isUndecoded ? " as they are stored" : ""), "
        + "in \(Quantity.seconds(seconds))"
    ]
    if seconds >= 0.1 {
      parts[0] += " (\(Quantity.bytes(Int(Double(shownByteCount) / seconds)))/s)"
    }
    if progress.storedByteCount > 0, !isUndecoded {
      let ratio = Double(byteCount) / Double(progress.storedByteCount)
      parts.append("\(Quantity.bytes(progress.storedByteCount)) stored, ratio \(Quantity.ratio(ratio))")
    }
    write(parts + state.words)
  }

  /// Says what was done, and how long it took.
  static func say(_ words: [String]) {
    write(words + ["in \(Quantity.seconds(start.duration(to: .now) / .seconds(1)))"])
  }

  private static func write(_ parts: [String]) {
    StandardError.write("zvlen: done: \(OneLine(parts.joined(separator: "; ")))\n")
  }
}
