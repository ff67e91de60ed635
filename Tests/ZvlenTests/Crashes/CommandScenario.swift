import Foundation
import TestSupport
import Testing

/// A command that changes what is there, and what there is before and afterwards.
///
/// Whatever becomes of the process at whatever call, a reader finds what was there before or what is to be
/// there. The next command does the rest.
struct CommandScenario: Sendable, CustomTestStringConvertible {
  /// Its name, which says what is done to what.
  let name: String

  /// Commands that make what is there before.
  var preparation: [[String]] = []

  /// What else is done to it then.
  var damage: @Sendable (ScratchDirectory) throws -> Void = { _ in }

  /// The command.
  let command: [String]

  /// How it may leave what it has not done all of.
  var change = StoredState.Change.whole

  /// The command that comes next when the work is done; that which comes next when it is not is the same
  /// command.
  ///
  /// Without one it is the same one too.
  var next: [String]?

  /// The elements of arrays afterwards, and the paths and bytes of trees.
  let expected: [String: [[UInt8]]]

  /// What also has to hold at any time, beside what a reader finds.
  var check: @Sendable (ScratchDirectory) throws -> Void = { _ in }

  /// Files that readers ignore.
  var ignored: Set<String> = []

  var testDescription: String { name }
}

extension CommandScenario {
  /// Lines of text, the sources of imports.
  static func lines(_ label: String, _ count: Int) -> [[UInt8]] {
    (0..<count).map { Array("\(label) \($0) \(String(repeating: "x", count: $0 * 7 % 30))".utf8) }
  }

  /// The rows of a tree of files.
  static func files(_ label: String, _ count: Int) -> [[UInt8]] {
    lines(label, count).enumerated().map { Array("\($0 % 2)/\(label)\($0)".utf8) + [0] + $1 }
      .sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// What sources every scenario finds, and how they are laid out: a few chunks of each, the last one not
  /// full.
  static func writeSources(to scratch: ScratchDirectory) throws {
    for (name, rows) in [("old", old), ("new", new), ("moreLines", moreLines)] {
      try scratch.write(rows.flatMap { $0 + [10] }, to: ".sources/\(name)")
    }
    try scratch.write("", to: ".sources/noLines")
    try FileManager.default.createDirectory(
      atPath: scratch.path(".sources/noFiles"), withIntermediateDirectories: true)
    try scratch.write(#"{"zarr_format":3,"node_type":"group"}"#, to: ".sources/group/zarr.json")
    for (name, rows) in [("tree", tree), ("moreFiles", moreFiles), ("third", third)] {
      for row in rows {
        let parts = row.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        try scratch.write(
          Array(parts[1]), to: ".sources/\(name)/\(String(decoding: parts[0], as: UTF8.self))")
      }
    }
  }

  /// Makes a group, of another version if the options say so.
  static func group(_ options: [String] = []) -> [String] {
    ["copy", ".sources/group", "group.zarr"] + options
  }

  /// Makes what is there before a command.
  static func prepare(_ scratch: ScratchDirectory, _ commands: [[String]]) throws {
    try writeSources(to: scratch)
    for command in commands {
      let outcome = try Tool.run(command, in: scratch)
      try #require(outcome.exitCode == 0, "\(command): \(outcome.errors)")
    }
  }

  /// A number for each name.
  static func hash(_ name: String) -> UInt64 { name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) } }

  /// Those that replace what is there.
  static var replacing: [CommandScenario] { replacements + copies.dropFirst() }

  static let layout = ["--chunk-count", "5", "--codec", "none", "--checksum"]
  private static let durable = ["--durability", "durable"]
  private static let version2 = ["--zarr-format", "2", "--codec", "zlib"]
  static let shards = ["--chunk-count", "2", "--shard-bytes", "150", "--codec", "none", "--checksum"]

  static func imports(
    _ source: String, to destination: String = "data.zarr", _ options: [String]
  ) -> [String] {
    ["import", ".sources/\(source)", "-o", destination, "--workers", "1"] + options
  }

  static let (old, new, moreLines) = (lines("old", 12), lines("new", 13), lines("more", 11))
  static let (tree, moreFiles, third) = (files("tree", 7), files("more", 6), files("third", 3))
  private static let overwrite = ["--overwrite"]
  static let resume = ["--resume", "--checkpoint-seconds", "0"]

  /// All of them.
  static let all: [CommandScenario] =
    imports + appends + resumes + parts + replacements + copies + repairs + consolidations + exports
    + removals

  private static let imports = [
    CommandScenario(
      name: "import lines", command: imports("new", layout), next: imports("new", layout + overwrite),
      expected: ["data.zarr": new]),
    CommandScenario(
      name: "import lines into shards, durably", command: imports("new", shards + durable),
      next: imports("new", shards + durable + overwrite), expected: ["data.zarr": new]),
    CommandScenario(
      name: "import lines as Zarr v2", command: imports("new", ["--chunk-count", "5"] + version2),
      next: imports("new", ["--chunk-count", "5"] + version2 + overwrite), expected: ["data.zarr": new]),
    CommandScenario(
      name: "import a tree", command: imports("tree", layout), next: imports("tree", layout + overwrite),
      expected: ["data.zarr": tree]),
    CommandScenario(
      name: "import into a directory that is empty",
      damage: {
        try FileManager.default.createDirectory(
          atPath: $0.path("data.zarr"), withIntermediateDirectories: true)
      },
      command: imports("new", layout), next: imports("new", layout + overwrite), expected: ["data.zarr": new]),
    CommandScenario(
      name: "import into a group with consolidated metadata",
      preparation: [
        group(), imports("old", to: "group.zarr/old", layout), ["consolidate", "group.zarr"],
      ], damage: { _ in },
      command: imports("new", to: "group.zarr/new", layout),
      next: imports("new", to: "group.zarr/new", layout + overwrite),
      expected: ["group.zarr/old": old, "group.zarr/new": new]),
  ]

  private static let appends = [
    CommandScenario(
      name: "append lines", preparation: [imports("old", layout)], command: imports("new", ["--append"]),
      next: imports("noLines", ["--append"]),
      expected: ["data.zarr": old + new]),
    CommandScenario(
      name: "append lines to shards, durably", preparation: [imports("old", shards)],
      command: imports("new", ["--append"] + durable), next: imports("noLines", ["--append"]),
      expected: ["data.zarr": old + new]),
    CommandScenario(
      name: "append lines to Zarr v2", preparation: [imports("old", ["--chunk-count", "5"] + version2)],
      command: imports("new", ["--append"]), next: imports("noLines", ["--append"]),
      expected: ["data.zarr": old + new]),
    CommandScenario(
      name: "append a tree", preparation: [imports("tree", layout)],
      command: imports("moreFiles", ["--append"]),
      next: imports("noFiles", ["--append"]), expected: ["data.zarr": tree + moreFiles]),
    CommandScenario(
      name: "append a tree in Zarr v2, durably",
      preparation: [imports("tree", ["--chunk-count", "4"] + version2)],
      command: imports("moreFiles", ["--append"] + durable), next: imports("noFiles", ["--append"]),
      expected: ["data.zarr": tree + moreFiles]),
    CommandScenario(
      name: "append a tree to shards", preparation: [imports("tree", shards)],
      command: imports("moreFiles", ["--append"]), next: imports("noFiles", ["--append"]),
      expected: ["data.zarr": tree + moreFiles]),
  ]

  private static let resumes = [
    CommandScenario(
      name: "import lines to resume", command: imports("new", layout + resume), expected: ["data.zarr": new]),
    CommandScenario(
      name: "import a tree to resume, durably", command: imports("tree", layout + resume + durable),
      expected: ["data.zarr": tree]),
    CommandScenario(
      name: "append lines to resume", preparation: [imports("old", layout)],
      command: imports("new", ["--append"] + resume), change: .growing, expected: ["data.zarr": old + new]),
    CommandScenario(
      name: "append a tree to resume", preparation: [imports("tree", layout)],
      command: imports("moreFiles", ["--append"] + resume), change: .growing,
      expected: ["data.zarr": tree + moreFiles]),
  ]

  private static let parts = [
    CommandScenario(
      name: "import a part", preparation: [imports("new", layout + ["--part", "2/2"])],
      command: imports("new", layout + ["--part", "1/2"]), expected: ["data.zarr": new]),
    CommandScenario(
      // There is an array without rows before.
      name: "import the first part to come", command: imports("new", layout + ["--part", "1/1"]),
      change: .growing, expected: ["data.zarr": new]),
  ]

  private static let replacements = [
    CommandScenario(
      name: "import in place of another array", preparation: [imports("old", layout)],
      command: imports("new", layout + overwrite), expected: ["data.zarr": new]),
    CommandScenario(
      name: "import in place of another array, durably", preparation: [imports("old", shards)],
      command: imports("new", layout + overwrite + durable), expected: ["data.zarr": new]),
    CommandScenario(
      name: "import a tree in place of an array", preparation: [imports("old", layout)],
      command: imports("tree", layout + overwrite), expected: ["data.zarr": tree]),
    CommandScenario(
      name: "import in place of an array in a group with consolidated metadata of Zarr v2",
      preparation: [
        group(["--zarr-format", "2"]),
        imports("old", to: "group.zarr/data", ["--chunk-count", "4"] + version2),
        ["consolidate", "group.zarr"],
      ],
      command: imports("new", to: "group.zarr/data", ["--chunk-count", "5"] + version2 + overwrite),
      expected: ["group.zarr/data": new]),
  ]

  private static let copies = [
    CommandScenario(
      name: "copy", preparation: [imports("tree", to: "source.zarr", layout)],
      command: ["copy", "source.zarr", "data.zarr"],
      next: ["copy", "source.zarr", "data.zarr", "--overwrite"],
      expected: ["source.zarr": tree, "data.zarr": tree]),
    CommandScenario(
      name: "copy in place of a tree",
      preparation: [imports("moreFiles", layout), imports("tree", to: "source.zarr", layout)],
      command: ["copy", "source.zarr", "data.zarr", "--overwrite", "--codec", "zstd"],
      expected: ["source.zarr": tree, "data.zarr": tree]),
    CommandScenario(
      name: "copy to Zarr v2 in place of an array, durably",
      preparation: [imports("old", layout), imports("new", to: "source.zarr", shards)],
      command: [
        "copy", "source.zarr", "data.zarr", "--overwrite", "--zarr-format", "2", "--codec", "zlib",
        "--chunk-count", "4",
      ] + durable,
      expected: ["source.zarr": new, "data.zarr": new]),
  ]

  private static let repairs = [
    repair("repair", layout, [("c/0", 9), ("c/2", 12)], [], losing: [0..<5, 10..<13]),
    repair("repair with --aside", layout, [("c/1", 9)], ["--aside", "kept"], losing: [5..<10]),
    repair("repair with --force", layout, [("c/0", 9), ("c/1", 9)], ["--force"], losing: [0..<10]),
    repair("repair inner chunks", shards, [("c/0", 9), ("c/1", 9)], [], losing: [0..<2, 6..<8]),
    repair("repair inner chunks with --force", shards, [("c/1", 9)], ["--force"], losing: [6..<8]),
    repair(
      "repair Zarr v2", ["--chunk-count", "5"] + version2, [("0", 9), ("1", 9)], [], losing: [0..<10]),
  ]

  /// A repair of an array of which a byte is damaged in some values.
  private static func repair(
    _ name: String, _ layout: [String], _ damage: [(key: String, offset: Int)], _ options: [String],
    losing lost: [Range<Int>]
  ) -> CommandScenario {
    let aside = options.contains("--force") ? nil : options.last ?? "data.zarr.damaged"
    return CommandScenario(
      name: name, preparation: [imports("new", layout)],
      damage: { scratch in
        for (key, offset) in damage {
          var bytes = try scratch.read("data.zarr/\(key)")
          bytes[offset] ^= 0xff
          try scratch.write(bytes, to: "data.zarr/\(key)")
          // For the test, to know what is to be kept.
          try scratch.write(bytes, to: ".damaged/\(key)")
        }
      },
      command: ["repair", "data.zarr"] + options, change: .byRow,
      expected: [
        "data.zarr": new.enumerated().map { index, line in lost.contains { $0.contains(index) } ? [] : line }
      ],
      check: { scratch in
        guard let aside else { return }
        for (key, damaged) in try scratch.files(below: ".damaged") {
          let now = try? scratch.read("data.zarr/\(key)")
          let kept = try? scratch.read("\(aside)/\(key)")
          #expect(now == damaged || kept == damaged, "what is taken out of \(key) is kept first")
          #expect(kept == nil || kept == damaged, "what is kept of \(key) is whole")
        }
      },
      ignored: aside.map { [$0] } ?? [])
  }

  private static let consolidations = [("", layout), (" of Zarr v2", ["--chunk-count", "5"] + version2)]
    .flatMap {
      version, options in
      let members = [
        group(options.contains("2") ? ["--zarr-format", "2"] : []),
        imports("old", to: "group.zarr/old", options), imports("tree", to: "group.zarr/tree", options),
      ]
      let expected = ["group.zarr/old": old, "group.zarr/tree": tree]
      return [
        CommandScenario(
          name: "consolidate a group\(version)", preparation: members,
          command: ["consolidate", "group.zarr"],
          expected: expected),
        CommandScenario(
          name: "consolidate a group\(version) again, durably",
          preparation: members[..<2] + [["consolidate", "group.zarr"], members[2]],
          command: ["consolidate", "group.zarr"] + durable, expected: expected),
        CommandScenario(
          name: "remove the consolidated metadata of a group\(version)",
          preparation: members + [["consolidate", "group.zarr"]],
          command: ["consolidate", "group.zarr", "--remove"],
          expected: expected),
      ]
    }

  private static let exports = [
    CommandScenario(
      name: "export lines", preparation: [imports("new", layout)],
      command: ["export", "data.zarr", "-o", "lines"],
      next: ["export", "data.zarr", "-o", "lines", "--overwrite"], expected: ["data.zarr": new]),
    CommandScenario(
      name: "export lines in place of others", preparation: [imports("new", layout)],
      damage: { try $0.write("others\n", to: "lines") },
      command: ["export", "data.zarr", "-o", "lines", "--overwrite"], expected: ["data.zarr": new]),
    CommandScenario(
      name: "export a tree", preparation: [imports("tree", layout)],
      command: ["export", "data.zarr", "-o", "files", "--overwrite"], expected: ["data.zarr": tree]),
    CommandScenario(
      name: "export a tree in place of another", preparation: [imports("tree", layout)],
      damage: { scratch in
        for row in tree {
          try scratch.write("old", to: "files/\(String(decoding: row.prefix { $0 != 0 }, as: UTF8.self))")
        }
      },
      command: ["export", "data.zarr", "-o", "files", "--overwrite"], expected: ["data.zarr": tree]),
  ]

  private static let removals = [
    CommandScenario(
      name: "remove files", preparation: [imports("tree", layout)],
      command: ["rm", "-f", "data.zarr", "0/*", "1/tree5"], change: .byRow, expected: [:],
      check: expectFiles([tree, tree.filter { !isRemoved($0) }])),
    CommandScenario(
      name: "remove files in shards, durably", preparation: [imports("tree", shards)],
      command: ["rm", "-f", "data.zarr", "0/*", "1/tree5"] + durable, change: .byRow, expected: [:],
      check: expectFiles([tree, tree.filter { !isRemoved($0) }])),
    CommandScenario(
      name: "free the space of removed files",
      preparation: [imports("tree", layout), ["rm", "data.zarr", "0/*", "1/tree5"]],
      command: ["compact", "data.zarr"], change: .byRow, expected: [:],
      check: expectFiles([tree.filter { !isRemoved($0) }])),
    CommandScenario(
      name: "replace files", preparation: [imports("tree", layout)],
      damage: { scratch in
        for row in changed(tree) + third {
          let parts = row.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
          try scratch.write(
            Array(parts[1]), to: ".sources/changed/\(String(decoding: parts[0], as: UTF8.self))")
        }
      },
      command: imports("changed", ["--append", "--existing", "replace"]), change: .byRow, expected: [:],
      check: expectFiles([tree, changed(tree) + third])),
  ]

  private static func isRemoved(_ row: [UInt8]) -> Bool {
    let path = String(decoding: row.prefix { $0 != 0 }, as: UTF8.self)
    return path.hasPrefix("0/") || path == "1/tree5"
  }

  /// The same files with other contents for every second one.
  private static func changed(_ rows: [[UInt8]]) -> [[UInt8]] {
    rows.enumerated().map { $0.isMultiple(of: 2) ? $1 + Array(" changed".utf8) : $1 }
  }

  /// Expects that the tool finds one of some sets of files.
  private static func expectFiles(
    _ allowed: [[[UInt8]]]
  ) -> @Sendable (ScratchDirectory) throws -> Void {
    { scratch in
      let copy = try ScratchDirectory()
      let outcome = try Tool.run(["export", scratch.path("data.zarr"), "-o", "files"], in: copy)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      let found = Set(try copy.files(below: "files").map { Array($0.key.utf8) + [0] + $0.value })
      #expect(allowed.contains { Set($0) == found }, "\(found.map { String(decoding: $0, as: UTF8.self) })")
    }
  }
}
