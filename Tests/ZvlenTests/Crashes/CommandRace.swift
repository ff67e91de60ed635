import Foundation
import TestSupport
import Testing

/// A command that is stopped at a call to the system while something else happens, and then goes on.
struct CommandRace: Sendable, CustomTestStringConvertible {
  /// What happens meanwhile.
  enum Meanwhile: Sendable {
    /// Another command.
    case command([String])
    /// What another program does.
    case change(@Sendable (ScratchDirectory) throws -> Void)
  }

  /// Its name, which says who does what.
  let name: String

  /// Commands that make what is there before.
  var preparation: [[String]] = []

  /// What else is done to it then.
  var damage: @Sendable (ScratchDirectory) throws -> Void = { _ in }

  /// The command that is stopped.
  let command: [String]

  /// What happens before it goes on.
  let meanwhile: Meanwhile

  /// What may be there at the end, by who has succeeded: elements of arrays, and paths and bytes of trees.
  let allowed: @Sendable (_ first: Bool, _ second: Bool) -> [[String: [[UInt8]]]]

  /// Whether one of the two has to succeed.
  var oneSucceeds = true

  /// What also has to hold at the end.
  var check: @Sendable (ScratchDirectory, _ first: Bool, _ second: Bool) throws -> Void = { _, _, _ in }

  /// Names of files that may be left besides those of arrays.
  var leaves: Set<String> = []

  var testDescription: String { name }
}

extension CommandRace {
  private static let (layout, resume) = (CommandScenario.layout, CommandScenario.resume)
  private static let (old, new, more) = (CommandScenario.old, CommandScenario.new, CommandScenario.moreLines)
  private static let (tree, moreFiles) = (CommandScenario.tree, CommandScenario.moreFiles)

  private static func imports(
    _ source: String, to destination: String = "data.zarr", _ options: [String]
  ) -> [String] {
    CommandScenario.imports(source, to: destination, options)
  }

  /// The one of two that has succeeded, or either if both have.
  private static func either(
    _ path: String, _ first: [[UInt8]], _ second: [[UInt8]], before: [[UInt8]]? = nil
  ) -> @Sendable (Bool, Bool) -> [[String: [[UInt8]]]] {
    { isFirst, isSecond in
      var all: [[String: [[UInt8]]]] = []
      if isFirst { all.append([path: first]) }
      if isSecond { all.append([path: second]) }
      if !isFirst, !isSecond, let before { all.append([path: before]) }
      return all
    }
  }

  /// What was there, and after it what each one that has succeeded appends.
  private static func both(
    _ path: String, _ before: [[UInt8]], _ first: [[UInt8]], _ second: [[UInt8]]
  ) -> @Sendable (Bool, Bool) -> [[String: [[UInt8]]]] {
    { isFirst, isSecond in
      let (first, second) = (isFirst ? first : [], isSecond ? second : [])
      return [[path: before + first + second], [path: before + second + first]]
    }
  }

  /// All of them.
  static let all: [CommandRace] = [
    CommandRace(
      name: "the same import resumed twice at once", command: imports("new", layout + resume),
      meanwhile: .command(imports("new", layout + resume)), allowed: { _, _ in [["data.zarr": new]] }),
    CommandRace(
      name: "the same append resumed twice at once", preparation: [imports("old", layout)],
      command: imports("new", ["--append"] + resume),
      meanwhile: .command(imports("new", ["--append"] + resume)),
      allowed: { _, _ in [["data.zarr": old + new]] }, leaves: [".data.zarr.import.json"]),
    CommandRace(
      name: "the same append of a tree resumed twice at once", preparation: [imports("tree", layout)],
      command: imports("moreFiles", ["--append"] + resume),
      meanwhile: .command(imports("moreFiles", ["--append"] + resume)),
      allowed: { _, _ in [["data.zarr": tree + moreFiles]] }, leaves: [".data.zarr.import.json"]),
    CommandRace(
      name: "two imports to one place", command: imports("new", layout),
      meanwhile: .command(imports("old", layout)),
      allowed: { first, second in first && second ? [] : [["data.zarr": first ? new : old]] }),
    CommandRace(
      name: "an import to an empty directory into which another one puts files",
      damage: {
        try FileManager.default.createDirectory(
          atPath: $0.path("data.zarr"), withIntermediateDirectories: true)
      },
      command: imports("new", layout),
      meanwhile: .change { scratch in
        // It may be gone: then its place is filled.
        try? FileManager.default.createDirectory(
          atPath: scratch.path("data.zarr"), withIntermediateDirectories: true)
        try scratch.write("precious", to: "data.zarr/notes.txt")
      }, allowed: { first, _ in first ? [["data.zarr": new]] : [[:]] }, oneSucceeds: false,
      check: { scratch, _, _ in
        let isThere = (try? scratch.read("data.zarr/notes.txt")) == Array("precious".utf8)
        #expect(isThere, "what another one has put there is gone")
      }, leaves: ["data.zarr/notes.txt"]),
    CommandRace(
      name: "two imports in place of one array", preparation: [imports("old", layout)],
      command: imports("new", layout + ["--overwrite"]),
      meanwhile: .command(imports("moreLines", layout + ["--overwrite"])),
      allowed: either("data.zarr", new, more)),
    CommandRace(
      name: "an import and a copy in place of one array",
      preparation: [imports("old", layout), imports("tree", to: "source.zarr", layout)],
      command: ["copy", "source.zarr", "data.zarr", "--overwrite"],
      meanwhile: .command(imports("new", layout + ["--overwrite"])),
      allowed: { first, second in
        (first ? [["data.zarr": tree, "source.zarr": tree]] : [])
          + (second ? [["data.zarr": new, "source.zarr": tree]] : [])
      }),
    CommandRace(
      name: "two appends", preparation: [imports("old", layout)], command: imports("new", ["--append"]),
      meanwhile: .command(imports("moreLines", ["--append"])), allowed: both("data.zarr", old, new, more)),
    CommandRace(
      name: "an append of a tree beside one to resume", preparation: [imports("tree", layout)],
      command: imports("moreFiles", ["--append"]),
      meanwhile: .command(imports("third", ["--append"] + resume)),
      allowed: both("data.zarr", tree, moreFiles, CommandScenario.third),
      check: { _, first, second in #expect(first && second) }, leaves: [".data.zarr.import.json"]),
    CommandRace(
      name: "two appends of trees", preparation: [imports("tree", layout)],
      command: imports("moreFiles", ["--append"]), meanwhile: .command(imports("tree", ["--append"])),
      allowed: both("data.zarr", tree, moreFiles, tree)),
    CommandRace(
      name: "two appends of which one has lost its locks", preparation: [imports("old", layout)],
      command: imports("new", ["--append"]),
      meanwhile: .change { scratch in
        try? FileManager.default.removeItem(atPath: scratch.path("data.zarr/.zarr-vlen.lock"))
        try Tool.succeed(
          "import", ".sources/moreLines", "-o", "data.zarr", "--append", "--workers", "1", in: scratch)
      }, allowed: both("data.zarr", old, new, more)),
    CommandRace(
      name: "an append and an import in place of the array", preparation: [imports("old", layout)],
      command: imports("new", ["--append"]),
      meanwhile: .command(imports("moreLines", layout + ["--overwrite"])),
      allowed: { first, second in
        second ? [["data.zarr": more], ["data.zarr": more + new]] : [["data.zarr": old + (first ? new : [])]]
      }),
    CommandRace(
      name: "two parts of an import", command: imports("new", layout + ["--part", "1/2"]),
      meanwhile: .command(imports("new", layout + ["--part", "2/2"])),
      allowed: { _, _ in [["data.zarr": new]] },
      check: { _, first, second in #expect(first && second) }),
    CommandRace(
      name: "two imports into a group with consolidated metadata",
      preparation: [
        CommandScenario.group(), imports("old", to: "group.zarr/old", layout), ["consolidate", "group.zarr"],
      ],
      command: imports("new", to: "group.zarr/new", layout),
      meanwhile: .command(imports("tree", to: "group.zarr/tree", layout)),
      allowed: { _, _ in [["group.zarr/old": old, "group.zarr/new": new, "group.zarr/tree": tree]] },
      check: expectConsolidated(["old", "new", "tree", "tree/blobs", "tree/paths"])),
    CommandRace(
      name: "two imports into a group with consolidated metadata of Zarr v2",
      preparation: [
        CommandScenario.group(["--zarr-format", "2"]),
        imports("old", to: "group.zarr/old", ["--zarr-format", "2"]), ["consolidate", "group.zarr"],
      ],
      command: imports("new", to: "group.zarr/new", ["--zarr-format", "2"]),
      meanwhile: .command(imports("moreFiles", to: "group.zarr/more", ["--zarr-format", "2"])),
      allowed: { _, _ in [["group.zarr/old": old, "group.zarr/new": new, "group.zarr/more": moreFiles]] },
      check: expectConsolidated(["old/.zarray", "new/.zarray", "more/blobs/.zarray", "more/paths/.zarray"])),
    CommandRace(
      name: "an import into a group that is consolidated meanwhile",
      preparation: [
        CommandScenario.group(), imports("old", to: "group.zarr/old", layout), ["consolidate", "group.zarr"],
      ],
      command: ["consolidate", "group.zarr"],
      meanwhile: .command(imports("new", to: "group.zarr/new", layout)),
      allowed: { _, _ in [["group.zarr/old": old, "group.zarr/new": new]] },
      check: expectConsolidated(["old", "new"])),
    repair("a repair of a chunk that another one replaces", layout, []),
    repair("a repair with --force of a chunk that another one replaces", layout, ["--force"]),
    repair(
      "a repair of a shard that another one replaces",
      CommandScenario.shards, []),
  ]

  /// Expects the metadata of some members to be in that of the group, as they are.
  private static func expectConsolidated(
    _ members: [String]
  ) -> @Sendable (ScratchDirectory, Bool, Bool) throws -> Void {
    { scratch, first, second in
      #expect(first && second)
      let contents = StoredState(of: scratch.path).contents
      let documents = ["zarr.json", ".zmetadata"].compactMap { contents["group.zarr/\($0)"] }
      guard case .consolidated(let found)? = documents.first else {
        Issue.record("there is no consolidated metadata")
        return
      }
      #expect(Set(members).isSubset(of: found.keys), "\(found.keys.sorted())")
    }
  }

  /// A repair, while the damaged chunk is replaced by a sound one as other libraries do it.
  private static func repair(_ name: String, _ layout: [String], _ options: [String]) -> CommandRace {
    CommandRace(
      name: name, preparation: [imports("new", layout)],
      damage: { scratch in
        var bytes = try scratch.read("data.zarr/c/0")
        try scratch.write(bytes, to: ".sound")
        bytes[9] ^= 0xff
        try scratch.write(bytes, to: "data.zarr/c/0")
      }, command: ["repair", "data.zarr"] + options,
      meanwhile: .change { scratch in
        try scratch.write(try scratch.read(".sound"), to: "data.zarr/c/.new")
        try #require(rename(scratch.path("data.zarr/c/.new"), scratch.path("data.zarr/c/0")) == 0)
      }, allowed: { _, _ in [["data.zarr": new]] }, oneSucceeds: false, leaves: ["data.zarr.damaged"])
  }
}
