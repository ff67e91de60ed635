import CSystemFaults
import Foundation
import TestSupport
import Testing

/// Commands that are killed, or lack something, at each call to the system in turn.
///
/// `make crash` goes through all calls; the ordinary tests through some of each scenario, by a seed that
/// every message has and that `CRASH_SEED` sets.
@Suite("Commands that end at any call to the system")
struct CommandCrashTests {
  /// What happens at a call.
  enum Kind: String, CaseIterable, Sendable {
    case killBefore, killWithin, killAfter
    /// The disk fails once.
    case failure
    /// There is no more room, for this call or from it on.
    case lack, lastingLack
    /// Only half is written.
    case half

    /// The calls to which it can happen.
    var calls: UInt32 {
      let name = systemfaults_name.rawValue | systemfaults_exchange.rawValue | systemfaults_create.rawValue
      let write = systemfaults_write.rawValue
      return switch self {
      case .killBefore, .killAfter: name | write | systemfaults_remove.rawValue
      case .killWithin, .half: write
      case .failure: name | write | systemfaults_remove.rawValue | systemfaults_synchronize.rawValue
      case .lack, .lastingLack: name | write
      }
    }

    /// Has it happen at a call.
    func fault(at number: Int) -> SystemFault {
      let action: SystemFault.Action =
        switch self {
        case .killBefore: .killBefore
        case .killWithin: .killWithin
        case .killAfter: .killAfter
        case .half: .shorten
        default: .fail
        }
      return SystemFault(
        calls: systemfaults_calls(calls), action: action, code: self == .failure ? EIO : ENOSPC,
        numbers: number...(self == .lastingLack ? Int.max : number))
    }

    var isKill: Bool { [.killBefore, .killWithin, .killAfter].contains(self) }
  }

  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = environment["CRASH_SEED"].flatMap { UInt64($0) } ?? 7

  /// How many calls of each scenario something happens to, or nil for all.
  private static let sampleCount = environment["CRASH_ROUNDS"] == nil ? 5 : nil

  @Test(
    "A command leaves what was there or what is to be there, and the next one does the rest",
    arguments: CommandScenario.all)
  func everyCall(scenario: CommandScenario) throws {
    let job = try CommandJob(scenario)
    var points = Kind.allCases.flatMap { kind in
      let count = job.calls.count { $0.calls & kind.calls != 0 }
      return (0..<count).map { (kind: kind, number: $0) }
    }
    if let sampleCount = Self.sampleCount {
      var generator = SeededGenerator(seed: Self.seed &+ CommandScenario.hash(scenario.name))
      points = Array(points.shuffled(using: &generator).prefix(sampleCount))
    }
    for (kind, number) in points {
      try job.run(kind, at: number, "seed \(Self.seed)")
    }
    try job.runWithInterruptions()
    try job.checkWithOtherLibrary()
  }
}

/// A scenario whose beginning and end are known.
private final class CommandJob {
  private let scenario: CommandScenario
  private let template: ScratchDirectory
  private let old: StoredState
  private let new: StoredState

  /// Everything that is there afterwards, hidden or not.
  private let paths: Set<String>

  /// The calls that change something.
  let calls: [SystemFault.Call]

  /// Where the command came to its end.
  private var last: ScratchDirectory

  init(_ scenario: CommandScenario) throws {
    self.scenario = scenario
    template = try ScratchDirectory()
    try CommandScenario.prepare(template, scenario.preparation)
    try scenario.damage(template)
    old = StoredState(of: template.path, ignoring: scenario.ignored)
    // Without anything that happens.
    last = try template.copy()
    let run = try FaultyRun(scenario.command, in: last, SystemFault(calls: systemfaults_calls(254)))
    let outcome = try run.end()
    try #require(outcome.exitCode == 0, "\(scenario.command): \(outcome.errors)")
    calls = try run.calls
    new = StoredState(of: last.path, ignoring: scenario.ignored)
    paths = try last.paths()
    try #require(!calls.isEmpty)
    for (path, rows) in scenario.expected {
      let isExpected = new.rows(path) == rows
      #expect(isExpected, "\(scenario.name): \(new.summary)")
    }
    try scenario.check(last)
  }

  /// Has something happen at a call, and sees what is there then and after the next command.
  func run(_ kind: CommandCrashTests.Kind, at number: Int, _ seed: String) throws {
    let scratch = try template.copy()
    let run = try FaultyRun(scenario.command, in: scratch, kind.fault(at: number))
    let outcome = try run.end()
    let calls = try run.calls
    // Several threads do not make their calls in the same order each time.
    guard calls.count > number else { return }
    let comment: Comment = "\(scenario.name), \(kind.rawValue) at call \(number), \(calls[number]); \(seed)"

    let state = StoredState(of: scratch.path, ignoring: scenario.ignored)
    if let difference = state.difference(from: old, new, scenario.change) {
      Issue.record("\(comment): \(difference)")
    }
    try scenario.check(scratch)
    let isDone = state == new
    let said = "\(comment): \(outcome.text)\(outcome.errors)"
    if kind.isKill {
      #expect(outcome.exitCode == 128 + SIGKILL, "\(said)")
    } else if outcome.exitCode == 0 {
      #expect(isDone, "it says that it has succeeded: \(said)\(state.summary)")
    } else {
      #expect(kind != .half, "half of a write is no failure: \(said)")
      #expect(outcome.exitCode == 1, "\(said)")
      let cause = String(cString: strerror(kind == .failure ? EIO : ENOSPC))
      #expect(said.contains(cause), "\(said)")
    }
    try finish(scratch, isDone: isDone, comment)
  }

  /// Runs the next command, which completes the work and leaves nothing else.
  private func finish(_ scratch: ScratchDirectory, isDone: Bool, _ comment: Comment) throws {
    let command = isDone ? scenario.next ?? scenario.command : scenario.command
    // An hour later: new files may belong to a process at work.
    for path in try scratch.paths() where path.contains(".partial") {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: scratch.path(path))
    }
    if !command.isEmpty {
      var outcome = try Tool.run(command, in: scratch)
      // It was in its place already, and the groups above it know of it now.
      if let next = scenario.next, outcome.errors.contains("exists already") {
        outcome = try Tool.run(next, in: scratch)
      }
      #expect(outcome.exitCode == 0, "the next command: \(comment): \(outcome.errors)")
    }
    let state = StoredState(of: scratch.path, ignoring: scenario.ignored)
    if let difference = state.difference(from: new, new, .whole) {
      Issue.record("after the next command: \(comment): \(difference)")
    }
    try scenario.check(scratch)
    let found = try scratch.paths()
    // A lock file may stay: the next one who locks it, or makes it anew, is the only one.
    let left = found.subtracting(paths).filter { !$0.hasSuffix(".zarr-vlen.lock") }
    #expect(left.sorted() == [], "left over: \(comment)")
    #expect(paths.subtracting(found).sorted() == [], "missing: \(comment)")
    for path in scenario.expected.keys.sorted() {
      let outcome = try Tool.run(["verify", path], in: scratch)
      #expect(outcome.exitCode == 0, "verify: \(comment): \(outcome.text)\(outcome.errors)")
    }
    last = scratch
  }

  /// Has every second call interrupted, and every write write half of its bytes.
  func runWithInterruptions() throws {
    let scratch = try template.copy()
    let calls =
      systemfaults_open.rawValue | systemfaults_create.rawValue | systemfaults_write.rawValue
      | systemfaults_synchronize.rawValue
    let fault = SystemFault(calls: systemfaults_calls(calls), action: .interrupt, code: EINTR)
    let outcome = try FaultyRun(scenario.command, in: scratch, fault).end()
    #expect(outcome.exitCode == 0, "\(scenario.name), interrupted: \(outcome.errors)")
    let state = StoredState(of: scratch.path, ignoring: scenario.ignored)
    let isDone = state == new
    #expect(isDone, "\(scenario.name), interrupted: \(state.summary)")
    #expect(try scratch.paths().symmetricDifference(paths).sorted() == [], "\(scenario.name), interrupted")
  }

  /// Reads with zarr-python what the last command left.
  func checkWithOtherLibrary() throws {
    var arrays: [String] = []
    var expectations: [String] = []
    func expect(_ rows: [String], of path: String) throws {
      let file = last.path(".expected-\(arrays.count)")
      let text = rows.map { "\"\($0)\"\n" }.joined()
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      arrays.append(last.path(path))
      expectations += ["--expect", file]
    }
    for (path, rows) in scenario.expected {
      let isTree = FileManager.default.fileExists(atPath: last.path("\(path)/blobs"))
      guard FileManager.default.fileExists(atPath: last.path("\(path)/zarr.json")) else { continue }
      if isTree {
        let parts = rows.map { $0.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false) }
        try expect(parts.map { String(decoding: $0[0], as: UTF8.self) }, of: "\(path)/paths")
        try expect(parts.map { Data($0[1]).base64EncodedString() }, of: "\(path)/blobs")
      } else {
        try expect(rows.map { String(decoding: $0, as: UTF8.self) }, of: path)
      }
    }
    guard !arrays.isEmpty else { return }
    try PythonEnvironment.run("read_arrays.py", expectations + arrays)
  }
}
