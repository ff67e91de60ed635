import CSystemFaults
import Foundation
import TestSupport
import Testing

/// Commands beside which others work, at each call to the system in turn.
///
/// No clock decides who comes first: a call waits until the other one is at its end, or waits for a lock.
@Suite("Commands beside others")
struct CommandRaceTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seed = environment["CRASH_SEED"].flatMap { UInt64($0) } ?? 7

  /// All calls that change something.
  private static let calls = systemfaults_calls(254)

  @Test(
    "A reader finds what was there or what is to be there, at every moment",
    arguments: CommandScenario.replacing)
  func readers(scenario: CommandScenario) throws {
    let scratch = try ScratchDirectory()
    try CommandScenario.prepare(scratch, scenario.preparation)
    let path = scenario.expected.keys.sorted()[0]
    let before = StoredState(of: scratch.path).contents[path]
    try #require(before != nil)
    let reader = try StoredState.Reader(of: scratch.path(path))
    let run = try FaultyRun(scenario.command, in: scratch, SystemFault(calls: Self.calls, action: .hold))
    var isNew = false
    let outcome = try run.end { call in
      let state = StoredState(of: scratch.path)
      if state.rows(path) == scenario.expected[path] {
        isNew = true
      } else {
        let isOld = !isNew && state.contents[path] == before
        #expect(isOld, "\(scenario.name), at \(call): \(state.summary)")
      }
      // One that has the old one open reads it, or an error.
      let isSame = reader.read().map { $0 == reader.rows } ?? true
      #expect(isSame, "\(scenario.name), a reader of before, at \(call)")
    }
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(isNew)
  }

  @Test(
    "A command that reads shows what was there or what is there now, whatever is replaced meanwhile",
    arguments: [
      ["cat", "group.zarr/data", "2", "11"], ["dump", "group.zarr/data"], ["info", "group.zarr/data"],
      ["conformance", "--array_path", "group.zarr/data"], ["export", "group.zarr/data", "-o", "-"],
      ["export", "group.zarr/data", "-o", "lines"], ["verify", "group.zarr/data"],
      ["tree", "group.zarr/data"],
      ["copy", "group.zarr/data", "copy.zarr", "--codec", "zstd"],
      ["compare", "group.zarr/data", "same.zarr"],
      ["info", "group.zarr"], ["verify", "group.zarr"], ["tree", "group.zarr"],
      ["copy", "group.zarr", "copy.zarr", "--codec", "zstd"], ["copy", "group.zarr", "copy.zarr"],
      ["compare", "group.zarr", "same.zarr"],
    ])
  func replacedMeanwhile(command: [String]) throws {
    /// What a command shows and writes.
    func result(_ outcome: Tool.Outcome, _ scratch: ScratchDirectory) throws -> [String] {
      let copy = try Tool.run(["export", "copy.zarr", "-o", "-"], in: scratch)
      let member = try Tool.run(["export", "copy.zarr/data", "-o", "-"], in: scratch)
      let lines = (try? scratch.read("lines")) ?? []
      return [
        "\(outcome.exitCode)", outcome.text, outcome.errors, copy.text, member.text,
        String(decoding: lines, as: UTF8.self),
      ]
    }
    func run(in scratch: ScratchDirectory) throws -> [String] {
      try result(Tool.run(command, in: scratch), scratch)
    }
    let template = try ScratchDirectory()
    let layout = CommandScenario.layout
    let source = command.contains("group.zarr") ? "group.zarr" : "group.zarr/data"
    let original = CommandScenario.imports("old", to: "group.zarr/data", layout)
    let replacing = CommandScenario.imports("new", to: "group.zarr/data", layout + ["--overwrite"])
    let other = CommandScenario.imports("new", to: "group.zarr/another", layout)
    try CommandScenario.prepare(
      template, [CommandScenario.group(), original, other, ["copy", source, "same.zarr"]])
    let old = try run(in: template.copy())
    let replaced = try template.copy()
    try Tool.succeed(replacing, in: replaced)
    let new = try run(in: replaced)

    let opening = systemfaults_open
    let counted = try FaultyRun(command, in: template.copy(), SystemFault(calls: opening))
    _ = try counted.end()
    var numbers = Array(try counted.calls.indices)
    if Self.environment["CRASH_ROUNDS"] == nil {
      var generator = SeededGenerator(seed: Self.seed &+ CommandScenario.hash(command.joined()))
      numbers = Array(numbers.shuffled(using: &generator).prefix(3))
    }
    for number in numbers {
      let scratch = try template.copy()
      let fault = SystemFault(calls: opening, action: .hold, numbers: number...number)
      let reader = try FaultyRun(command, in: scratch, fault)
      guard try reader.waitUntilHeld(), let call = try reader.calls.last else { continue }
      try Tool.succeed(replacing, in: scratch)
      reader.release()
      let found = try result(reader.end(), scratch)
      #expect(found == old || found == new, "\(command), at call \(number), \(call); seed \(Self.seed)")
    }
  }

  @Test("What has succeeded is there, and nothing else is lost", arguments: CommandRace.all)
  func races(race: CommandRace) throws {
    let template = try ScratchDirectory()
    try CommandScenario.prepare(template, race.preparation)
    try race.damage(template)
    let scratch = try template.copy()
    let run = try FaultyRun(race.command, in: scratch, SystemFault(calls: Self.calls))
    let outcome = try run.end()
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    var numbers = Array(try run.calls.indices)
    if Self.environment["CRASH_ROUNDS"] == nil {
      var generator = SeededGenerator(seed: Self.seed &+ CommandScenario.hash(race.name))
      numbers = Array(numbers.shuffled(using: &generator).prefix(4))
    }
    for number in numbers {
      try self.race(race, template, number)
    }
  }

  private func race(_ race: CommandRace, _ template: ScratchDirectory, _ number: Int) throws {
    let scratch = try template.copy()
    let fault = SystemFault(calls: Self.calls, action: .hold, numbers: number...number)
    let run = try FaultyRun(race.command, in: scratch, fault)
    guard try run.waitUntilHeld(), let call = try run.calls.last else { return }
    let comment: Comment = "\(race.name), at call \(number), \(call); seed \(Self.seed)"
    var isSecondDone = true
    var errors = ""
    switch race.meanwhile {
    case .change(let change): try change(scratch)
    case .command(let command):
      let second = try FaultyRun(command, in: scratch, SystemFault(calls: systemfaults_calls(0)))
      second.waitUntilBlocked()
      run.release()
      let outcome = try second.end()
      isSecondDone = outcome.exitCode == 0
      errors = outcome.errors
      #expect(
        isSecondDone || outcome.exitCode == 1 && outcome.errors.hasPrefix("zvlen: error: "),
        "\(comment): \(errors)")
    }
    run.release()
    let outcome = try run.end()
    errors = outcome.errors + errors
    let isFirstDone = outcome.exitCode == 0
    #expect(isFirstDone || outcome.exitCode == 1, "\(comment): \(errors)")
    if race.oneSucceeds { #expect(isFirstDone || isSecondDone, "\(comment): \(errors)") }

    let state = StoredState(of: scratch.path)
    let rows = Dictionary(
      uniqueKeysWithValues: state.contents.keys.compactMap { path in
        state.rows(path).map { (path, $0) }
      })
    let allowed = race.allowed(isFirstDone, isSecondDone)
    let isAllowed = allowed.contains(rows)
    #expect(
      isAllowed, "\(comment): first \(isFirstDone), second \(isSecondDone): \(state.summary); \(errors)")
    try race.check(scratch, isFirstDone, isSecondDone)
    let left = try scratch.paths().filter { path in
      let name = path.split(separator: "/").last ?? ""
      return (name.contains(".partial") || name.hasSuffix(".old") || name.contains(".import."))
        && !race.leaves.contains(path)
    }
    #expect(left.sorted() == [], "\(comment): \(errors)")
  }
}
