import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// That all commands find the same members of a group, and say what they leave out.
@Suite("Members of groups")
struct MemberTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: scratch.path(name), withDestinationPath: target)
  }

  /// A group with an array, one in a directory that is no group, and links to each kind of directory.
  private func makeGroup(_ format: ZarrFormat) throws {
    let root = try ZarrGroup.create(
      in: FileStore(creating: scratch.path("main.zarr")), zarrFormat: format)
    try root.createArray(at: "own", writing: ["o"])
    try root.createArray(at: "plain/er/deep", writing: ["p"])
    try root.createArray(at: "sub/x", writing: ["x"])
    for name in ["zarr.json", ".zgroup", ".zattrs"] {
      for directory in ["plain", "plain/er"] {
        try? FileManager.default.removeItem(atPath: scratch.path("main.zarr/\(directory)/\(name)"))
      }
    }
    try ZarrGroup.create(in: FileStore(creating: scratch.path("out.zarr")), zarrFormat: format)
      .createArray(at: "far", writing: ["f"])
    try link("main.zarr/inner", to: "own")
    try link("main.zarr/lsub", to: "sub")
  }

  private func paths(_ name: String, _ options: String...) throws -> [String] {
    let output = try Tool.run(["tree", name, "--json", "--no-sizes"] + options, in: scratch).text
    let objects = try #require(
      try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
    return objects.compactMap { $0["path"] as? String }.map { String($0.dropFirst(name.utf8.count + 1)) }
  }

  private static let members = [
    "", "inner", "lsub", "lsub/x", "own", "plain/er/deep", "sub", "sub/x",
  ]

  @Test(
    "Links to directories and nodes in plain directories are members for every command",
    arguments: ZarrFormat.allCases)
  func members(format: ZarrFormat) throws {
    try makeGroup(format)
    #expect(try paths("main.zarr") == Self.members)
    #expect(try paths("main.zarr", "--depth", "1") == ["", "inner", "lsub", "own", "sub"])
    #expect(
      try Tool.succeed("tree", "main.zarr", "--no-sizes", in: scratch).lines.map { $0.prefix { $0 != ":" } }
        == [
          "main.zarr", "├── inner", "├── lsub", "│   └── x", "├── own", "├── plain/er/deep", "└── sub",
          "    └── x",
        ])
    try Tool.succeed("copy", "main.zarr", "copy.zarr", "--validate", in: scratch)
    #expect(try paths("copy.zarr") == Self.members)
    try Tool.succeed("compare", "main.zarr", "copy.zarr", in: scratch)
    #expect(
      try Tool.succeed("verify", "--deep", "main.zarr", in: scratch).lines.map {
        String($0.prefix { $0 != "," })
      }
        == ["inner", "lsub/x", "own", "plain/er/deep", "sub/x"].map { "ok: main.zarr/\($0): 1 chunk" })
    let info = try Tool.succeed("info", "main.zarr", in: scratch).lines
    for name in Self.members.dropFirst() { #expect(info.contains { $0.hasPrefix("main.zarr/\(name): ") }) }
    try Tool.succeed("consolidate", "main.zarr", in: scratch)
    var copies: [String] = []
    try ZarrGroup.open(in: FileStore(opening: scratch.path("main.zarr"))).walk { entry, _ in
      copies.append(entry.path.description)
    }
    #expect(Set(copies).isSuperset(of: Self.members.dropFirst()))
    for name in ["inner", "lsub/x", "plain/er/deep"] {
      #expect(try Tool.succeed("dump", "main.zarr/\(name)", in: scratch).lines.count == 1)
    }
  }

  @Test("A link out is listed with the reason, and an error of a copy, until it is to be followed")
  func linksOut() throws {
    try makeGroup(.version3)
    try link("main.zarr/linked", to: "../out.zarr")
    #expect(try paths("main.zarr").contains("linked"))
    let tree = try Tool.succeed("tree", "main.zarr", in: scratch).text
    #expect(tree.contains("linked: not readable, ") && tree.contains("leads out of the store"))
    let copy = try Tool.run(["copy", "main.zarr", "copy.zarr"], in: scratch)
    #expect(copy.exitCode == 1)
    #expect(copy.errors.contains("main.zarr/linked") && copy.errors.contains("--follow-links"))
    let partial = try Tool.run(["copy", "main.zarr", "copy.zarr", "--skip-unreadable"], in: scratch)
    #expect(partial.exitCode == 1)
    #expect(partial.errors.contains("left out: main.zarr/linked"))
    #expect(try paths("copy.zarr") == Self.members)
    let consolidation = try Tool.run(["consolidate", "main.zarr"], in: scratch)
    #expect(consolidation.exitCode == 1)
    #expect(consolidation.errors.contains("main.zarr/linked"))
    try Tool.succeed("copy", "main.zarr", "whole.zarr", "--follow-links", in: scratch)
    #expect(try paths("whole.zarr").contains("linked/far"))
    try Tool.succeed("compare", "main.zarr", "whole.zarr", "--follow-links", in: scratch)
  }

  @Test("Links that have no end, or lead nowhere, and what is no file, are listed with the reason")
  func ends() throws {
    try makeGroup(.version3)
    try link("main.zarr/loop", to: ".")
    try link("main.zarr/sub/up", to: "..")
    try link("main.zarr/nowhere", to: "gone")
    try link("main.zarr/one", to: "two")
    try link("main.zarr/two", to: "one")
    for name in ["pipe", "folder", "dangling"] { try scratch.write("", to: "main.zarr/\(name)/x") }
    #expect(unsafe mkfifo(scratch.path("main.zarr/pipe/zarr.json"), 0o600) == 0)
    try FileManager.default.createDirectory(
      atPath: scratch.path("main.zarr/folder/zarr.json"), withIntermediateDirectories: false)
    try link("main.zarr/dangling/zarr.json", to: "gone")
    for options in [[], ["--follow-links"]] {
      let tree = try Tool.run(["tree", "main.zarr"] + options, in: scratch).lines
      for (name, reason) in [
        ("loop", "a directory that it is in"), ("up", "a directory that it is in"), ("nowhere", "gone"),
        ("pipe", "no file"), ("folder", "directory"), ("dangling", "symbolic link"),
      ] where name != "nowhere" {
        #expect(
          tree.contains { $0.contains(" \(name): not readable") && $0.contains(reason) }, "\(name): \(tree)")
      }
      #expect(tree.contains { $0.contains(" nowhere: not readable") })
      #expect(tree.contains { $0.contains(" own: string [1]") })
      #expect(try Tool.run(["copy", "main.zarr", "copy.zarr"] + options, in: scratch).exitCode == 1)
    }
  }

  @Test("Groups that all link to one another are listed in few lines", arguments: ZarrFormat.allCases)
  func linksToOneAnother(format: ZarrFormat) throws {
    let root = try ZarrGroup.create(in: FileStore(creating: scratch.path("main.zarr")), zarrFormat: format)
    let names = (0..<8).map { "group\($0)" }
    for name in names {
      try root.createArray(at: "\(name)/own", writing: ["o"])
      for other in names where other != name { try link("main.zarr/\(name)/\(other)", to: "../\(other)") }
    }
    let found = try paths("main.zarr")
    #expect(found.contains("group0/group1/own") && found.contains("group0/group1/group2"))
    // 8 groups, and in each an array and 7 links to groups with an array and 6 links that are not followed.
    #expect(found.count == 1 + 8 * (1 + 1 + 7 * (1 + 1 + 7)))
    #expect(
      try Tool.succeed("tree", "main.zarr", in: scratch).lines.contains {
        $0.contains("group2: not readable") && $0.contains("below another one")
      })
    let keys = try FileStore(opening: scratch.path("main.zarr")).list("")
    #expect(
      keys.count { $0.description.hasSuffix("/c/0") || $0.description.hasSuffix("/own/0") } == 8 + 8 * 7)
    #expect(try Tool.run(["copy", "main.zarr", "copy.zarr"], in: scratch).errors.contains("a symbolic link"))
  }

  @Test("What leads nowhere in place of a chunk is no chunk that was never written")
  func chunks() throws {
    try scratch.write("a\nb\n", to: "in")
    func array(_ name: String) throws -> String {
      try Tool.succeed("import", "in", "-o", name, in: scratch)
      try FileManager.default.removeItem(atPath: scratch.path("\(name)/c/0"))
      return scratch.path("\(name)/c/0")
    }
    try FileManager.default.createSymbolicLink(atPath: array("link.zarr"), withDestinationPath: "gone")
    #expect(unsafe mkfifo(try array("pipe.zarr"), 0o600) == 0)
    _ = try array("folder.zarr")
    try scratch.write("x", to: "folder.zarr/c/0/x")
    try FileManager.default.createDirectory(
      atPath: array("empty.zarr"), withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(atPath: array("loop.zarr"), withDestinationPath: "..")
    _ = try array("far.zarr")
    try FileManager.default.removeItem(atPath: scratch.path("far.zarr/c"))
    try link("far.zarr/c", to: "gone")
    for name in ["link.zarr", "pipe.zarr", "folder.zarr", "empty.zarr", "loop.zarr", "far.zarr"] {
      for command in [["dump", name], ["verify", name], ["copy", name, "copy.zarr"], ["info", name]] {
        let outcome = try Tool.run(command, in: scratch)
        // What cannot be reached is not checked, and no damage.
        #expect(outcome.exitCode == (command[0] == "verify" ? 2 : 1), "\(command) \(outcome.errors)")
        #expect((outcome.errors + outcome.text).contains("\(name)/c"), "\(command) \(outcome.errors)")
      }
    }
    _ = try array("none.zarr")
    #expect(try Tool.succeed("dump", "none.zarr", in: scratch).lines.count == 2)
  }

  @Test("Chunks that are found by way of one link are listed, and by way of two an error")
  func linkedChunks() throws {
    let elements = (0..<4).map { "\($0)" }
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), writing: elements, shape: [2, 2],
      options: ArrayOptions(chunkSize: .shape([1, 2])))
    try FileManager.default.moveItem(atPath: scratch.path("data.zarr/c"), toPath: scratch.path("data.zarr/d"))
    try link("data.zarr/c", to: "d")
    try Tool.succeed("copy", "data.zarr", "one.zarr", "--validate", in: scratch)
    #expect(try Tool.succeed("info", "data.zarr", in: scratch).text.contains("chunks         2\n"))
    try FileManager.default.moveItem(
      atPath: scratch.path("data.zarr/d/1"), toPath: scratch.path("data.zarr/e"))
    try link("data.zarr/d/1", to: "../e")
    #expect(try Tool.succeed("dump", "data.zarr", in: scratch).lines.count == 4)
    for command in [["verify", "data.zarr"], ["copy", "data.zarr", "two.zarr"], ["info", "data.zarr"]] {
      let outcome = try Tool.run(command, in: scratch)
      #expect(outcome.exitCode != 0)
      #expect((outcome.errors + outcome.text).contains("data.zarr/c/1 is a symbolic link"), "\(outcome)")
    }
  }

  @Test("A member that cannot be read hides no other")
  func badMembers() throws {
    try makeGroup(.version3)
    try scratch.write("{", to: "main.zarr/bad/zarr.json")
    try scratch.write(
      #"""
      {"zarr_format":3,"node_type":"array","shape":[1],"data_type":"string","fill_value":"",
       "chunk_grid":{"name":"regular","configuration":{"chunk_shape":[1]}},
       "chunk_key_encoding":{"name":"default"},"codecs":["vlen-utf8","example.unknown"]}
      """#, to: "main.zarr/codec/zarr.json")
    try scratch.write("x", to: "main.zarr/sub/x/c/0")
    let info = try Tool.succeed("info", "main.zarr", in: scratch).lines
    for name in ["bad", "codec", "inner", "own", "sub/x"] {
      #expect(info.contains { $0.hasPrefix("main.zarr/\(name): ") }, "\(name)")
    }
    #expect(info.filter { $0.contains("stored ") }.count == 3)
    let json = try Tool.succeed("info", "main.zarr", "--json", in: scratch).text
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    let members = try #require(object?["members"] as? [[String: Any]])
    #expect(
      members.filter { $0["error"] != nil }.compactMap { $0["path"] as? String } == [
        "main.zarr/bad", "main.zarr/codec",
      ])
    #expect(try Tool.succeed("tree", "main.zarr", in: scratch).lines.count == Self.members.count + 2)
    // What differs elsewhere is found, and what cannot be read is said.
    try Tool.run(["copy", "main.zarr", "copy.zarr", "--skip-unreadable"], in: scratch)
    let consolidation = try Tool.run(["consolidate", "main.zarr"], in: scratch)
    #expect(consolidation.exitCode == 1)
    #expect(consolidation.errors.contains("main.zarr/bad") && !consolidation.errors.contains("codec"))
    #expect(try ZarrGroup.open(in: FileStore(opening: scratch.path("main.zarr"))).children().count == 6)
    #expect(
      try Tool.run(["compare", "main.zarr", "main.zarr"], in: scratch).errors.contains("main.zarr/bad"))
  }

  @Test("What is removed by a link is the link", arguments: ["inner", "lsub"])
  func removingLinks(name: String) throws {
    try makeGroup(.version3)
    let group = try ZarrGroup.open(in: FileStore(opening: scratch.path("main.zarr")))
    try group.remove(name)
    #expect(try group.array(at: "own").read().strings() == ["o"])
    #expect(try group.array(at: "sub/x").read().strings() == ["x"])
    #expect(try !group.children().contains { $0.name == name })
  }

  @Test("An append and imports at once reach the consolidated metadata around them", arguments: ["2", "3"])
  func consolidated(format: String) throws {
    try scratch.write("1\n2\n3\n", to: "in")
    let root = try ZarrGroup.create(
      in: FileStore(creating: scratch.path("g.zarr")), zarrFormat: format == "2" ? .version2 : .version3)
    try root.createGroup(at: "sub")
    try root.consolidate()
    try Tool.succeed("import", "in", "-o", "g.zarr/sub/lines", "--zarr-format", format, in: scratch)
    try onThreads(6) { [scratch] number in
      try Tool.succeed(
        "import", "in", "-o", "g.zarr/sub/new\(number)", "--zarr-format", format, in: scratch)
    }
    try Tool.succeed("import", "in", "-o", "g.zarr/sub/lines", "--append", in: scratch)
    let group = try ZarrGroup.open(in: FileStore(opening: scratch.path("g.zarr")))
    #expect(group.usesConsolidatedMetadata)
    #expect(try group.group(at: "sub").children().map(\.name) == ["lines"] + (0..<6).map { "new\($0)" })
    #expect(try group.array(at: "sub/lines").shape == [6])
    #expect(try !Tool.succeed("verify", "g.zarr", in: scratch).text.contains("out of date"))
    // zarr-python, which trusts the copies, reads all elements.
    let hierarchy = try PythonEnvironment.run("hierarchies.py", ["read", scratch.path("g.zarr")])
    let said = try #require(try JSONParser().parse(Array(hierarchy.utf8)).objectValue)
    #expect(said["consolidated"] == true)
    let lines = said["nodes"]?.arrayValue?.first { $0.objectValue?["path"] == "sub/lines" }?.objectValue
    #expect(lines?["shape"] == [6])
    #expect(lines?["elements"] == ["1", "2", "3", "1", "2", "3"])
    // Another program does not know of the copies.
    try ZarrArray.open(in: FileStore(opening: scratch.path("g.zarr/sub/new1"))).resize(to: [9])
    let verified = try Tool.succeed("verify", "g.zarr", in: scratch).lines
    #expect(verified.contains { $0.hasPrefix("note: g.zarr: ") && $0.contains("out of date about sub/new1") })
    #expect(try Tool.succeed("info", "g.zarr", in: scratch).lines.contains("g.zarr/sub: group of 7 members"))
  }
}
