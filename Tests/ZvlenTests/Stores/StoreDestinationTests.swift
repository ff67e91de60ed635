import ArgumentParser
import ChunkEngine
import Synchronization
import TestSupport
import Testing
import Zarr
import ZarrRemote

@testable import ZvlenCommands

/// Imports and copies to stores in which nothing can be moved to its place.
@Suite("Destinations that are stores")
struct StoreDestinationTests {
  /// A store of a kind.
  enum Kind: CaseIterable {
    case dictionary, memory, volatile, withoutLocks

    func make() -> any Store {
      switch self {
      case .dictionary: StoreDictionary()
      case .memory: MemoryStore()
      case .volatile: StoreVolatile()
      case .withoutLocks: StoreWithoutLocks(StoreDictionary())
      }
    }
  }

  private let scratch: ScratchDirectory
  private static let text = (0..<400).map { "line \($0) \(String(repeating: "x", count: $0 % 97))" }

  /// Chunks that are so small that there are many of them.
  private static let small = ["--chunk-bytes", "1KiB"]

  init() throws {
    scratch = try ScratchDirectory()
    try scratch.write(Self.text.joined(separator: "\n") + "\n", to: "lines")
    for index in 0..<50 { try scratch.write("contents \(index)", to: "tree/\(index % 7)/\(index)") }
  }

  private func importing(
    _ source: String = "lines", to store: any Store, _ options: [String] = [],
    above: [EnclosingHierarchy.Place] = []
  ) throws {
    let command = try ImportCommand.parse([scratch.path(source), "-o", "store"] + Self.small + options)
    try command.run(to: .store(StorePlace(store) { above }))
  }

  private func appending(_ source: String = "lines", to store: any Store, _ options: [String] = []) throws {
    let command = try ImportCommand.parse([scratch.path(source), "-o", "store", "--append"] + options)
    try command.run(to: .store(StorePlace(store)))
  }

  private func stored(_ store: any Store, at path: String = "") throws -> [String] {
    try ZarrArray.open(in: store, at: path).read(as: String.self)
  }

  /// Expects what a whole import leaves, and nothing else.
  private func expectComplete(
    _ store: any Store, _ lines: [String] = text, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(try stored(store) == lines, sourceLocation: sourceLocation)
    let names = try store.listDirectory("")
    #expect(names.values == ["zarr.json"], sourceLocation: sourceLocation)
    #expect(names.prefixes == ["c"], sourceLocation: sourceLocation)
    let array = try ZarrArray.open(in: store)
    #expect(try store.list("c").count == array.chunkCount, sourceLocation: sourceLocation)
  }

  private func expectError(
    saying message: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    do {
      try body()
      Issue.record("there is no error", sourceLocation: sourceLocation)
    } catch {
      #expect("\(error)".contains(message), "\(error)", sourceLocation: sourceLocation)
    }
  }

  @Test("Lines become an array, with and without --resume", arguments: Kind.allCases, [[], ["--resume"]])
  func lines(kind: Kind, options: [String]) throws {
    let store = kind.make()
    try importing(to: store, options)
    try expectComplete(store)
    // The same again only compares, or is refused.
    if options.isEmpty {
      expectError(saying: "exists already") { try importing(to: store) }
    } else {
      try importing(to: store, options)
    }
    try expectComplete(store)
  }

  @Test("Nothing is there until all of it is", arguments: [[], ["--resume", "--checkpoint-seconds", "0"]])
  func isUnseen(options: [String]) throws {
    let base = MemoryStore()
    let seen = Collected(0)
    let writes = Collected(0)
    let store = StoreProbe(base) { call in
      guard case .write(let key) = call, key.description != "zarr.json" else { return }
      writes.change { $0 += 1 }
      if NodeEntry(in: base, at: .root) != nil { seen.change { $0 += 1 } }
    }
    try importing(to: store, options)
    #expect(seen.value == 0)
    #expect(writes.value > 10)
    try expectComplete(base)
  }

  @Test("A directory becomes a group, whose document comes last")
  func tree() throws {
    let base = MemoryStore()
    let writes = Collected<[String]>([])
    let store = StoreProbe(base) { call in
      if case .write(let key) = call { writes.change { $0.append(key.description) } }
    }
    try importing("tree", to: store)
    #expect(writes.value.last == "zarr.json")
    #expect(try base.keys(StoreDestination.ownName) == [])
    try TreeExport(base, [], access: ArrayAccess(), skipsDamagedPaths: false, keepsLast: false)
      .run(to: .directory(scratch.path), overwrites: true)
    let group = try FileTreeGroup(in: base, access: ArrayAccess())
    #expect(group.count == 50)
    // New files are added to it.
    try scratch.write("new", to: "more/new")
    try appending("more", to: base, ["--resume"])
    #expect(try FileTreeGroup(in: base, access: ArrayAccess()).count == 51)
  }

  @Test("An import that fails at any call leaves nothing to see, and the same command completes it")
  func goesOn() throws {
    var number = 0
    var hasFailed = true
    while hasFailed {
      for fault in [StoreFaults.Fault.error, .lateError] {
        let base = StoreDictionary()
        let options = ["--resume", "--checkpoint-seconds", "0"]
        let faults = StoreFaults(base, fault, atCall: number)
        do { try importing(to: faults, options) } catch {
          let document = try base.value(of: "zarr.json")
          // Once it is complete, only the rest of the work is left.
          if document != nil { #expect(try stored(base) == Self.text) }
        }
        hasFailed = faults.hasHappened
        try importing(to: base, options)
        try expectComplete(base)
      }
      number += 1
    }
    #expect(number > 30)
  }

  @Test("What an import left that cannot go on is in the way until it is told to begin again")
  func beginsAgain() throws {
    var number = 0
    var hasFailed = true
    while hasFailed {
      let base = StoreDictionary()
      let faults = StoreStopping(base, after: number)
      number += 1
      do {
        try importing(to: faults)
        hasFailed = false
      } catch {
        guard try !StoreDestination.isNode(base) else {
          #expect(try stored(base) == Self.text)
          continue
        }
        let keys = try base.keys()
        if !keys.isEmpty {
          expectError(saying: "--overwrite begins again") { try importing(to: base) }
          expectError(saying: "--overwrite") { try importing(to: base, ["--resume"]) }
          #expect(try base.keys() == keys)
        }
        try importing(to: base, ["--overwrite"])
        try expectComplete(base)
      }
    }
    #expect(number > 20)
  }

  @Test("An import that fails takes away what it has written")
  func isTakenAway() throws {
    try scratch.write(Array((Self.text.joined(separator: "\n") + "\n").utf8) + [0xFF], to: "bad")
    let store = StoreDictionary()
    expectError(saying: "UTF-8") { try importing("bad", to: store) }
    #expect(try store.keys() == [])
    try importing(to: store)
    try expectComplete(store)
  }

  @Test(
    "An array is replaced once all of the new one is there, and gone for the moment between",
    arguments: Kind.allCases)
  func replaces(kind: Kind) throws {
    let base = kind.make()
    try importing(to: base)
    try base.put([1], at: "left/over")
    try scratch.write("new\n", to: "new")
    let writes = Collected<[String]>([])
    let store = StoreProbe(base) { call in
      guard case .write(let key) = call else { return }
      let isOld = (try? base.value(of: "zarr.json")) != .some(nil)
      writes.change { $0.append("\(key.description.prefix { $0 != "/" })\(isOld ? ", old" : "")") }
    }
    try importing("new", to: store, ["--overwrite"])
    #expect(writes.value == [".zvlen, old", "c", "zarr.json"])
    try expectComplete(base, ["new"])
  }

  @Test("An import that is to replace an array and fails leaves the old one, whenever that is")
  func replacementFails() throws {
    try scratch.write(Array("new\n".utf8) + [0xFF], to: "bad")
    try scratch.write("new\n", to: "new")
    let base = StoreDictionary()
    try importing(to: base)
    let keys = try Set(base.keys())
    expectError(saying: "UTF-8") { try importing("bad", to: base, ["--overwrite"]) }
    #expect(try Set(base.keys()) == keys)
    try expectComplete(base)
    var number = 0
    var hasFailed = true
    var lostCount = 0
    while hasFailed {
      let faults = StoreFaults(base, .error, atCall: number)
      try? importing("new", to: faults, ["--overwrite"])
      hasFailed = faults.hasHappened
      // From when the old array is removed there is no way back, and all of the new one is there.
      if try !StoreDestination.isNode(base) {
        lostCount += 1
        expectError(saying: "--overwrite begins again") { try importing("new", to: base) }
        #expect(try StagedNode.exists(in: base))
        try importing("new", to: base, ["--overwrite"])
      } else {
        #expect(try [Self.text, ["new"]].contains(stored(base)))
      }
      try importing(to: base, ["--overwrite"])
      try expectComplete(base)
      number += 1
    }
    #expect(lostCount > 0)
    #expect(number > 20)
  }

  @Test("What a stopped import has stored is found and removed, and nothing else", arguments: [false, true])
  func removesUnfinished(replaces: Bool) throws {
    try scratch.write((0..<100).map { "new \($0)\n" }.joined(), to: "new")
    let options = replaces ? ["--overwrite"] : []
    var (number, hasFailed, foundCount) = (0, true, 0)
    while hasFailed {
      let base = StoreDictionary()
      if replaces { try importing(to: base) }
      // Every call fails from there on, as after a kill.
      let calls = Collected(0)
      let store = StoreProbe(base) { [number] _ in
        calls.change { $0 += 1 }
        if calls.value > number { throw StoreProbe.Failure() }
      }
      try? importing("new", to: store, options)
      hasFailed = calls.value > number
      let wasNode = try StoreDestination.isNode(base)
      if hasFailed, try !StoreDestination.unfinishedKeys(in: base).isEmpty { foundCount += 1 }
      try StoreDestination.removeUnfinished(from: StorePlace(base))
      #expect(try StoreDestination.unfinishedKeys(in: base) == [])
      if wasNode {
        #expect(try [Self.text, (0..<100).map { "new \($0)" }].contains(stored(base)))
      } else {
        #expect(try base.keys() == [])
      }
      number += 1
    }
    #expect(foundCount > 0)
  }

  @Test("An array that another program changes while it is to be replaced stays")
  func replacedMeanwhile() throws {
    let base = MemoryStore()
    try importing(to: base)
    let store = StoreInterloper(base) {
      try ZarrArray.open(in: base).setAttributes(["by": "another"])
    }
    try scratch.write("new\n", to: "new")
    expectError(saying: "was changed") { try importing("new", to: store, ["--overwrite"]) }
    #expect(store.isDone)
    #expect(try ZarrArray.open(in: base).metadata.attributes == ["by": "another"])
    try expectComplete(base)
  }

  @Test("Prefixes without a value, which some servers name, are nothing")
  func hollowPrefixes() throws {
    let store = Hollow(MemoryStore())
    try importing(to: store)
    #expect(try stored(store) == Self.text)
    let copy = Hollow(Renamed(MemoryStore()))
    for options in [[], ["--overwrite"], ["--overwrite", "--zarr-format", "2"]] {
      let command = try CopyCommand.parse(["one", "other"] + options)
      try command.run(from: .store(StorePlace(store)), to: .store(StorePlace(copy)))
      #expect(try stored(copy) == Self.text)
    }
    let parts = Hollow(StoreDictionary())
    try importing(to: parts, ["--part", "1/1"])
    #expect(try stored(parts) == Self.text)
  }

  @Test("Values that are no array stay")
  func foreignValues() throws {
    let store = StoreDictionary()
    try store.put([1], at: "notes/precious")
    for options in [[], ["--resume"], ["--part", "1/2"]] {
      expectError(saying: "not a Zarr array or group") { try importing(to: store, options) }
    }
    #expect(try store.keys() == ["notes/precious"])
  }

  @Test("A log that has grown is appended to", arguments: Kind.allCases)
  func appends(kind: Kind) throws {
    let store = kind.make()
    try appending(to: store, ["--resume"])
    try scratch.write((Self.text + ["more", "and more"]).joined(separator: "\n") + "\n", to: "lines")
    try appending(to: store, ["--resume"])
    try appending(to: store, ["--resume"])
    #expect(try stored(store) == Self.text + ["more", "and more"])
    try appending(to: store)
    #expect(try stored(store).count == 2 * Self.text.count + 4)
    // The position of the import is no stray value.
    var strays: [String] = []
    try Self.verifyStrays(of: store) { strays.append($0) }
    #expect(strays == [])
  }

  @Test("An append that fails at any call is completed by the same command")
  func appendGoesOn() throws {
    let options = ["--resume", "--checkpoint-seconds", "0"]
    let first = StoreDictionary()
    try appending(to: first, options)
    try scratch.write((Self.text + Self.text).joined(separator: "\n") + "\n", to: "lines")
    var number = 0
    var hasFailed = true
    while hasFailed {
      let base = StoreDictionary()
      for key in try first.list("") {
        _ = try base.put(first.value(of: key.description) ?? [], at: key.description)
      }
      let faults = StoreFaults(base, .error, atCall: number)
      try? appending(to: faults, options)
      hasFailed = faults.hasHappened
      try appending(to: base, options)
      #expect(try stored(base) == Self.text + Self.text)
      number += 1
    }
    #expect(number > 12)
  }

  @Test("Parts fill one array in any order", arguments: Kind.allCases, ["lines", "tree"])
  func parts(kind: Kind, source: String) throws {
    let store = kind.make()
    for part in [3, 1, 2, 2] { try importing(source, to: store, ["--part", "\(part)/3"]) }
    if source == "lines" {
      try expectComplete(store)
      expectError(saying: "not the array that all parts") {
        try importing(source, to: store, ["--part", "1/3", "--codec", "none"])
      }
    } else {
      #expect(try FileTreeGroup(in: store, access: ArrayAccess()).count == 50)
    }
  }

  @Test("A part that finds another one's values, and not yet its array, goes on with that array")
  func overtakenPart() throws {
    let values = StoreDictionary()
    let store = StoreOvertaken(values) { try importing(to: values, ["--part", "2/2"]) }
    try importing(to: store, ["--part", "1/2"])
    #expect(store.isDone)
    try expectComplete(values)
  }

  @Test("A copy appears when it is complete, and can replace another one", arguments: Kind.allCases)
  func copies(kind: Kind) throws {
    let source = MemoryStore()
    try importing("tree", to: source)
    let target = kind.make()
    func copy(_ options: String..., to store: any Store) throws {
      let command = try CopyCommand.parse(["one", "other"] + options)
      try command.run(from: .store(StorePlace(source)), to: .store(StorePlace(Renamed(store))))
    }
    try copy(to: target)
    #expect(try ZarrNode.open(in: source).firstDifference(from: ZarrNode.open(in: target)) == nil)
    expectError(saying: "exists already") { try copy(to: target) }
    try copy("--overwrite", "--zarr-format", "2", "--validate", to: target)
    #expect(try target.value(of: ".zgroup") != nil)
    #expect(try target.value(of: "zarr.json") == nil)
    #expect(try target.keys(StoreDestination.ownName) == [])
    expectError(saying: "to itself") {
      let command = try CopyCommand.parse(["one", "other"])
      try command.run(from: .store(StorePlace(source)), to: .store(StorePlace(source)))
    }
  }

  @Test("The groups above hear of a new array")
  func hierarchy() throws {
    let root = MemoryStore()
    let group = try ZarrGroup.create(in: root)
    _ = try group.consolidate()
    let above = [EnclosingHierarchy.Place(store: root, path: "run/lines")]
    try importing(to: StoreBelow(root, NodePath("run/lines")), above: above)
    #expect(try stored(root, at: "run/lines") == Self.text)
    let opened = try ZarrGroup.open(in: root)
    #expect(try opened.outdatedCopies() == [])
    #expect(try opened.array(at: "run/lines").shape == [Self.text.count])
    expectError(saying: "--zarr-format 3") {
      try importing(
        to: StoreBelow(root, NodePath("old")), ["--zarr-format", "2"],
        above: [.init(store: root, path: "old")])
    }
    expectError(saying: "is an array") {
      try importing(
        to: StoreBelow(root, NodePath("run/lines/c/x")),
        above: [.init(store: StoreBelow(root, NodePath("run/lines")), path: "c/x")])
    }
  }

  @Test("A URL of a scheme that is not known is refused before anything is made")
  func unknownScheme() throws {
    for arguments in [
      ["import", "lines", "-o", "s4://bucket/a"], ["export", "s4://bucket/a", "-o", "-"],
      ["info", "s4://bucket/a"],
      ["copy", "lines", "S4+x://bucket/a"], ["compare", "s4://bucket/a", "lines"],
    ] {
      let outcome = try Tool.run(arguments, in: scratch)
      #expect(outcome.exitCode == 1)
      #expect(
        outcome.errors.lowercased().contains(": is not known"), "\(outcome.errors)")
    }
    #expect(try scratch.names() == ["lines", "tree"])
    // Directories may have such names.
    try Tool.succeed("import", "lines", "-o", "./s4://bucket/a", in: scratch)
    #expect(try scratch.names() == ["lines", "s4:", "tree"])
  }

  private static func verifyStrays(of store: any Store, _ body: (String) throws -> Void) throws {
    let metadata = try ZarrArray.open(in: store).metadata
    var strays = StrayValues(in: store)
    strays.add(.root, .array(metadata))
    try strays.forEach(body)
  }
}

/// A store that takes no more calls after some, as if its process had been killed.
private final class StoreStopping: StoreForwarding {
  struct Stopped: Error {}

  let base: any Store
  private let left: Atomic<Int>

  init(_ base: any Store, after count: Int) {
    self.base = base
    left = Atomic(count)
  }

  private func call() throws {
    if left.subtract(1, ordering: .relaxed).newValue < 0 { throw Stopped() }
  }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    try call()
    return try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
  }

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try call()
    try base.write(key, byteCount: byteCount, durability: durability, gathering: gather)
  }

  func delete(_ key: StoreKey) throws {
    try call()
    try base.delete(key)
  }

  func list(_ prefix: String) throws -> [StoreKey] {
    try call()
    return try base.list(prefix)
  }
}

/// A store that names prefixes below which there is nothing.
private struct Hollow: StoreForwarding, DirectoryStore {
  let base: any Store

  init(_ base: any Store) { self.base = base }

  func listDirectory(_ prefix: String) throws -> DirectoryListing {
    var listing = try base.listDirectory(prefix)
    for name in ["c", "hollow"] where !listing.prefixes.contains(name) { listing.prefixes.append(name) }
    return listing
  }

  func deleteAll(_ prefix: String) throws { try base.deleteAll(prefix) }
}

/// A store with another name.
private struct Renamed: StoreForwarding {
  let base: any Store
  var location: String { "another" }

  init(_ base: any Store) { self.base = base }
}

/// A store in which something else is done just before it is listed for the first time.
private final class StoreOvertaken: StoreForwarding {
  let base: any Store
  private let interfere: @Sendable () throws -> Void
  private let hasInterfered = Atomic(false)

  init(_ base: any Store, _ interfere: @escaping @Sendable () throws -> Void) {
    self.base = base
    self.interfere = interfere
  }

  var isDone: Bool { hasInterfered.load(ordering: .sequentiallyConsistent) }

  func list(_ prefix: String) throws -> [StoreKey] {
    if !hasInterfered.exchange(true, ordering: .sequentiallyConsistent) { try interfere() }
    return try base.list(prefix)
  }
}
