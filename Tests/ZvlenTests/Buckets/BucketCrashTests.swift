import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr
import ZarrPlatform

/// Commands that are killed at a request to a bucket.
@Suite("Buckets and commands that are killed")
struct BucketCrashTests {
  private let tool: BucketTool
  private static let text = (0..<300).map { "line \($0) \(String(repeating: "x", count: $0 % 60))\n" }
    .joined()
  private static let added = Self.text + (0..<100).map { "more \($0)\n" }.joined()

  /// Whether there is time for every request.
  private static let isLong = ProcessInfo.processInfo.environment["CRASH_ROUNDS"] != nil

  /// How many requests lie between those at which a command is killed.
  private static let stride = isLong ? 1 : 11

  init() throws {
    tool = try BucketTool()
    try tool.scratch.write(Self.text, to: "old")
    try tool.scratch.write(Self.added, to: "lines")
  }

  /// Runs the tool, and kills it at a request.
  ///
  /// - Returns: Whether it was killed. If not, it has made no such request.
  private func kill(
    _ arguments: [String], isDelivered: Bool, at isRequest: @escaping @Sendable (_ request: String) -> Bool
  ) throws -> Bool {
    let processID = Collected<pid_t?>(nil)
    let proxy = try tool.proxy { request in
      guard isRequest(request) else { return nil }
      while processID.value == nil { usleep(1000) }
      if let processID = processID.value { Glibc.kill(processID, SIGKILL) }
      return isDelivered ? nil : .reset
    }
    let streams = try ScratchDirectory()
    let process = try Tool.start(
      arguments, in: tool.scratch, input: FileHandle.nullDevice, streams: streams,
      environment: tool.environment(through: proxy))
    let started = process.processIdentifier
    processID.change { $0 = started }
    process.waitUntilExit()
    let outcome = try Tool.outcome(of: process, streams)
    if outcome.exitCode == 128 + SIGKILL { return true }
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    return false
  }

  /// The elements that a reader finds, or nil if there is no array.
  private func found(_ place: String) throws -> String? {
    let outcome = try tool.run(["export", "\(tool.url)/\(place)", "-o", "-"])
    if outcome.exitCode == 1, outcome.errors.contains("no zarr.json") { return nil }
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    return outcome.text
  }

  /// Expects the whole array and nothing else.
  private func expectWhole(_ place: String, _ text: String, isSaved: Bool, _ comment: Comment) throws {
    #expect(try found(place) == text, comment)
    var expected = try ZarrArray.open(in: tool.store(place)).chunkCount + 1
    if isSaved { expected += 1 }
    let keys = try tool.allKeys(place)
    #expect(keys.count == expected, "\(comment): \(keys)")
  }

  /// Kills a command at each request, and has `then` look at what it leaves.
  private func forEachRequest(
    _ arguments: (_ place: String) -> [String], before: (_ place: String) throws -> Void = { _ in },
    then: (_ place: String, _ comment: Comment) throws -> Void
  ) throws {
    for isDelivered in [true, false] {
      var number = isDelivered ? 1 : Self.stride / 2 + 1
      while true {
        let place = "\(isDelivered)-\(number)"
        try before(place)
        let (requests, last) = (Counter(), number)
        let isKilled = try kill(arguments(place), isDelivered: isDelivered) { _ in requests.next() == last }
        try then(place, "killed at request \(number), which is \(isDelivered ? "" : "not ")delivered")
        guard isKilled else { break }
        number += Self.stride
      }
      #expect(number > 20)
    }
  }

  @Test("An import that is killed at any request is not seen, and the same command completes it at once")
  func create() throws {
    func arguments(_ place: String) -> [String] {
      [
        "import", "lines", "-o", "\(tool.url)/\(place)", "--resume", "--checkpoint-seconds", "0",
        "--chunk-bytes",
        "2KiB",
      ]
    }
    try forEachRequest(
      arguments,
      then: { place, comment in
        // Only a complete array is seen.
        if let found = try found(place) { #expect(found == Self.added, comment) }
        let start = ContinuousClock.now
        let outcome = try tool.run(arguments(place))
        #expect(outcome.exitCode == 0, "\(comment): \(outcome.errors)")
        // No lease had to end.
        #expect(start.duration(to: .now) < .seconds(25), comment)
        try expectWhole(place, Self.added, isSaved: false, comment)
      })
  }

  @Test(
    "An append that is killed at any request leaves the last checkpoint, and the same command completes it")
  func append() throws {
    func arguments(_ place: String) -> [String] {
      [
        "import", "lines", "-o", "\(tool.url)/\(place)", "--append", "--resume", "--checkpoint-seconds", "0",
      ]
    }
    try forEachRequest(arguments) { place in
      try tool.succeed("import", "old", "-o", "\(tool.url)/\(place)", "--chunk-bytes", "2KiB")
    } then: { place, comment in
      let found = try #require(try found(place), comment)
      #expect(found.hasPrefix(Self.text) && Self.added.hasPrefix(found), comment)
      let outcome = try tool.run(arguments(place))
      #expect(outcome.exitCode == 0, "\(comment): \(outcome.errors)")
      // The position stays, so that a log that grows is appended to.
      try expectWhole(place, Self.added, isSaved: true, comment)
    }
  }

  @Test("An array that is replaced is the old one until the new one is whole, whenever the command is killed")
  func replace() throws {
    func arguments(_ place: String) -> [String] {
      ["import", "lines", "-o", "\(tool.url)/\(place)", "--overwrite", "--chunk-bytes", "2KiB"]
    }
    var seen: Set<String?> = []
    try forEachRequest(arguments) { place in
      try tool.succeed("import", "old", "-o", "\(tool.url)/\(place)", "--chunk-bytes", "1KiB")
    } then: { place, comment in
      let found = try found(place)
      seen.insert(found)
      #expect([Self.text, nil, Self.added].contains(found), comment)
      let outcome = try tool.run(arguments(place))
      #expect(outcome.exitCode == 0, "\(comment): \(outcome.errors)")
      try expectWhole(place, Self.added, isSaved: false, comment)
    }
    #expect(seen.isSuperset(of: [Self.text, Self.added]))
  }

  /// The requests of a value that is sent in parts.
  enum Step: CaseIterable {
    case begin, first, third, end

    func isIn(_ request: String) -> Bool {
      switch self {
      case .begin: request.contains("uploads=")
      case .first: request.contains("partNumber=1&")
      case .third: request.contains("partNumber=3&")
      case .end: request.hasPrefix("POST") && request.contains("uploadId=")
      }
    }
  }

  @Test(
    "What a killed import has sent of a large chunk is found before there is an array, and is removed",
    arguments: Step.allCases)
  func uploads(step: Step) throws {
    let line = String(repeating: "x", count: 1 << 20)
    try tool.scratch.write((0..<20).map { "\($0) \(line)\n" }.joined(), to: "large")
    let url = "\(tool.url)/large.zarr"
    let arguments = ["import", "large", "-o", url, "--resume", "--codec", "none", "--chunk-bytes", "64MiB"]
    #expect(try kill(arguments, isDelivered: step != .end) { step.isIn($0) })
    // By now no job need be over.
    try tool.fail("gc", url, saying: "no zarr.json")
    let gc = ["gc", url, "--older-than", "0s", "--quiet"]
    let listed = try tool.run(gc)
    #expect(listed.exitCode == 0 && listed.errors == "", "\(listed.errors)")
    #expect(listed.lines.count == 2)
    #expect(listed.lines[0].hasPrefix("upload\t") && listed.lines[0].hasSuffix("\tc/0"))
    #expect(listed.lines[1].hasPrefix("import\t") && listed.lines[1].hasSuffix("s\t\(url)"))
    // It is found from above, too, and not from beside.
    try tool.succeed("import", "old", "-o", "\(tool.url)/old.zarr")
    #expect(try tool.succeed("gc", "\(tool.url)/old.zarr", "--older-than", "0s").text == "")
    #expect(try tool.succeed("gc", tool.url, "--older-than", "0s").text.contains("\tlarge.zarr/c/0\n"))

    #expect(try tool.run(gc + ["--force"]).lines.count == 2)
    #expect(try tool.allKeys("large.zarr") == [])
    try tool.fail("gc", url, "--older-than", "0s", saying: "no zarr.json")
    let outcome = try tool.run(arguments)
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(try ZarrArray.open(in: tool.store("large.zarr")).shape == [20])
    #expect(try tool.succeed("gc", url, "--older-than", "0s").text == "")
    #expect(try Set(tool.allKeys("large.zarr")) == ["zarr.json", "c/0"])
  }
}
