import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr
import ZarrPlatform

/// Processes that change one node of a bucket at once.
@Suite("Buckets with many writers")
struct BucketRaceTests {
  private let tool: BucketTool

  /// Whether there is time for all.
  private static let isLong = ProcessInfo.processInfo.environment["CRASH_ROUNDS"] != nil

  private static let processCount = 8

  init() throws { tool = try BucketTool() }

  /// A run of the program that writes.
  private struct Writer {
    let process: Process
    let streams: ScratchDirectory

    init(
      _ tool: BucketTool, _ place: String, lease: Int = 30, _ arguments: String...,
      through proxy: FaultProxy? = nil
    ) throws {
      streams = try ScratchDirectory()
      process = try Tool.start(
        ["\(tool.url)/\(place)", "\(lease)"] + arguments, of: "RemoteWriter", in: tool.scratch,
        input: FileHandle.nullDevice, streams: streams,
        environment: proxy.map { tool.environment(through: $0) } ?? tool.environment)
    }

    /// Waits for the end, which has to be a good one, and returns what was printed.
    @discardableResult
    func end(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
      process.waitUntilExit()
      let outcome = try Tool.outcome(of: process, streams)
      #expect(outcome.exitCode == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
      return outcome.lines
    }
  }

  /// What each writer has to have appended, once and in order.
  private func expectAppended(
    _ place: String, _ expected: [String: Int], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let texts = try ZarrArray.open(in: tool.store(place)).read(as: String.self)
    let found = Dictionary(grouping: texts) { String($0.prefix { $0 != " " }) }
    #expect(Set(found.keys) == Set(expected.keys), sourceLocation: sourceLocation)
    for (name, count) in expected {
      #expect(
        found[name] == (0..<count).map { "\(name) \($0)" }, "of \(name)", sourceLocation: sourceLocation)
    }
  }

  @Test("Attributes that eight processes set are all there")
  func attributes() throws {
    let count = Self.isLong ? 100 : 6
    try Writer(tool, "group", "group").end()
    let writers = try (0..<Self.processCount).map {
      try Writer(tool, "group", "attributes", "p\($0)", "\(count)")
    }
    for writer in writers { try writer.end() }
    let attributes = try ZarrGroup.open(in: tool.store("group")).attributes
    #expect(attributes.count == Self.processCount * count)
    for process in 0..<Self.processCount {
      for number in 0..<count { #expect(attributes["p\(process)-\(number)"] == .integer(number)) }
    }
    #expect(try tool.allKeys("group") == ["zarr.json"])
  }

  @Test("Elements that eight processes append are all there, once")
  func appenders() throws {
    let count = Self.isLong ? 100 : 12
    try Writer(tool, "array", "array").end()
    let writers = try (0..<Self.processCount).map {
      try Writer(tool, "array", "append", "p\($0)", "\(count)", "5")
    }
    for writer in writers { #expect(try writer.end() == []) }
    try expectAppended(
      "array", Dictionary(uniqueKeysWithValues: (0..<Self.processCount).map { ("p\($0)", count) }))
    #expect(try tool.allKeys("array").allSatisfy { !$0.contains(".zarr-vlen") })
  }

  @Test("An appender that is stopped at any request beyond its lease loses nothing and doubles nothing")
  func stopped() throws {
    let stopCount = Mutex(0)
    let lostCount = Mutex(0)
    let next = Counter()
    let isOver = Flag()
    // Each has to wait for the end of a lease, which takes no time of a processor.
    try onThreads(8) { _ in
      while !isOver.value {
        let number = next.next()
        guard Self.isLong || number % 3 == 1 else { continue }
        switch try stop(at: number) {
        case nil: isOver.set(true)
        case let isLost?:
          stopCount.withLock { $0 += 1 }
          if isLost { lostCount.withLock { $0 += 1 } }
        }
      }
    }
    #expect(stopCount.withLock { $0 } > (Self.isLong ? 15 : 5))
    #expect(lostCount.withLock { $0 } > 0)
  }

  /// Stops an appender at a request, which arrives only when another appender has come and gone.
  ///
  /// - Returns: Whether the appender has lost its lock, or nil if it has made no such request.
  private func stop(at number: Int) throws -> Bool? {
    let place = "stopped-\(number)"
    try Writer(tool, place, lease: 1, "array").end()
    let state = Collected<(processID: pid_t?, isHeld: Bool, isReleased: Bool)>((nil, false, false))
    let requests = Counter()
    let proxy = try tool.proxy { _ in
      guard requests.next() == number else { return nil }
      while state.value.processID == nil { usleep(1000) }
      if let processID = state.value.processID { kill(processID, SIGSTOP) }
      state.change { $0.isHeld = true }
      while !state.value.isReleased { usleep(1000) }
      return nil
    }
    let writer = try Writer(tool, place, lease: 1, "append", "first", "10", "5", through: proxy)
    let processID = writer.process.processIdentifier
    state.change { $0.processID = processID }
    defer { state.change { $0.isReleased = true } }
    while !state.value.isHeld, writer.process.isRunning { usleep(1000) }
    guard state.value.isHeld else {
      try writer.end()
      return nil
    }
    try Writer(tool, place, lease: 1, "append", "other", "9", "9").end()
    state.change { $0.isReleased = true }
    usleep(50_000)
    kill(processID, SIGCONT)
    let isLost = try writer.end().contains("lost")
    try expectAppended(place, ["first": 10, "other": 9])
    return isLost
  }
}
