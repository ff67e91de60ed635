import CSystemFaults
import Foundation
import TestSupport
import Testing

/// What happens to some of the calls to the system that a run of the tool makes.
struct SystemFault: Sendable {
  enum Action: String, Sendable {
    case fail
    case interrupt
    case shorten
    case killBefore = "kill-before"
    case killWithin = "kill-within"
    case killAfter = "kill-after"
    case hold
  }

  /// What is counted.
  var calls: systemfaults_calls

  /// The names and paths of calls that are counted, as a shell has patterns of names, or nil for all.
  var pattern: String?

  /// What happens.
  var action = Action.fail

  /// What calls fail with, or 0 for nothing.
  var code: Int32 = 0

  /// The calls to which it happens, counted from 0.
  var numbers = 0...Int.max

  /// A call that a run has made.
  struct Call: Sendable, CustomStringConvertible {
    /// What it is counted as.
    let calls: UInt32
    /// Its name and its paths.
    let description: String
  }

  /// What has the tool load this.
  func environment(log: String) throws -> [String: String] {
    let directory = URL(fileURLWithPath: try Tool.path()).deletingLastPathComponent()
    var environment = [
      "LD_PRELOAD": directory.appendingPathComponent("libSystemFaults.so").path,
      "SYSTEMFAULTS_LOG": log,
      "SYSTEMFAULTS_CALLS": "\(calls.rawValue)",
      "SYSTEMFAULTS_ACTION": action.rawValue,
      "SYSTEMFAULTS_CODE": "\(code)",
      "SYSTEMFAULTS_FIRST": "\(numbers.lowerBound)",
      "SYSTEMFAULTS_LAST": "\(numbers.upperBound)",
    ]
    environment["SYSTEMFAULTS_PATTERN"] = pattern
    return environment
  }
}

/// A run of the tool with a fault, to which the test goes on while it runs.
final class FaultyRun {
  private let streams: ScratchDirectory
  private let process: Process
  private let arguments: [String]

  /// Starts the tool in a directory.
  init(
    _ arguments: [String], in directory: ScratchDirectory, _ fault: SystemFault, input: Any? = nil
  ) throws {
    streams = try ScratchDirectory()
    self.arguments = arguments
    process = try Tool.start(
      arguments, in: directory, input: input ?? FileHandle.nullDevice, streams: streams,
      environment: fault.environment(log: streams.path("log")))
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Why a run did not come to where it should.
  struct Hangs: Error, CustomStringConvertible {
    let description: String
  }

  /// Whether a call waits for ``release()``.
  var isHeld: Bool { access(streams.path("log.held"), F_OK) == 0 }

  /// Waits until a call is held, and returns whether one is before the run has ended.
  func waitUntilHeld() throws -> Bool {
    try wait { isHeld || !process.isRunning }
    return isHeld
  }

  /// Waits for the end, or for some time, after which the process counts as waiting for another one.
  func waitUntilBlocked() {
    let deadline = ContinuousClock.now + .seconds(1)
    while process.isRunning, ContinuousClock.now < deadline { usleep(300) }
  }

  /// Lets the call go on that is held.
  func release() {
    unlink(streams.path("log.held"))
  }

  /// Waits for the end, while `body` is called at each call that is held.
  func end(atEachHeld body: (_ call: SystemFault.Call) throws -> Void = { _ in }) throws -> Tool.Outcome {
    while try waitUntilHeld() {
      defer { release() }
      if let call = try calls.last { try body(call) }
    }
    process.waitUntilExit()
    return try Tool.outcome(of: process, streams)
  }

  /// The calls that were counted.
  var calls: [SystemFault.Call] {
    get throws {
      String(decoding: try streams.read("log"), as: UTF8.self).split(separator: "\n").map { line in
        let parts = line.split(separator: " ", maxSplits: 1)
        return SystemFault.Call(calls: UInt32(parts[0]) ?? 0, description: String(parts.last ?? ""))
      }
    }
  }

  private func wait(_ isOver: () -> Bool) throws {
    // Long enough for any machine: it is for runs that never end.
    let deadline = ContinuousClock.now + .seconds(120)
    while !isOver() {
      guard ContinuousClock.now < deadline else {
        throw Hangs(description: "zvlen \(arguments.joined(separator: " ")) does not end")
      }
      usleep(300)
    }
  }
}
