import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Errors of calls", .timeLimit(.minutes(5)))
struct ZarrErrorTests {
  /// A call that fails, and what its error has to be.
  private struct Failing {
    let name: String
    let call: () throws -> Void
    let isExpected: (ZarrError) -> Bool

    init(
      _ name: String, _ call: @escaping () throws -> Void, _ isExpected: @escaping (ZarrError) -> Bool
    ) {
      self.name = name
      self.call = call
      self.isExpected = isExpected
    }
  }

  private func check(_ calls: [Failing]) {
    for failing in calls {
      do {
        try failing.call()
        Issue.record("\(failing.name) does not fail")
      } catch let error as ZarrError {
        #expect(failing.isExpected(error), "\(failing.name): \(error)")
      } catch {
        Issue.record("\(failing.name) throws \(type(of: error)): \(error)")
      }
    }
  }

  private static func isElement(_ error: ZarrError, at path: String, _ expected: Int?) -> Bool {
    if case .element(path, expected, _) = error { true } else { false }
  }

  private static func isOutOfBounds(_ error: ZarrError, _ region: ArrayRegion) -> Bool {
    if case .outOfBounds("memory/a", region, [4]) = error { true } else { false }
  }

  private func array(
    _ store: any Store = MemoryStore(), _ dataType: DataType = .string, access: ArrayAccess = ArrayAccess()
  ) throws -> ZarrArray {
    try ZarrArray.create(
      in: store, at: "a", shape: [4],
      options: ArrayOptions(dataType: dataType, chunkSize: .rows(2), compressors: [.crc32c]), access: access)
  }

  @Test("What is outside of an array is named, with the shape")
  func regions() throws {
    let array = try array()
    let view = try WriteBackView(array, of: String.self)
    let rank = ArrayRegion(elementAt: [0, 0])
    check([
      Failing("a region", { _ = try array.read([2..<5]) }) { Self.isOutOfBounds($0, [2..<5]) },
      Failing("values", { _ = try array.read([2..<5], as: String.self) }) { Self.isOutOfBounds($0, [2..<5]) },
      Failing("a scan", { try array.scan([2..<5]) { _, _ in } }) { Self.isOutOfBounds($0, [2..<5]) },
      Failing("an element", { _ = try array.read(at: [4]) }) { Self.isOutOfBounds($0, [4..<5]) },
      Failing("the rank of an index", { _ = try array.read(at: [0, 0]) }) { Self.isOutOfBounds($0, rank) },
      Failing("the rank of a value", { _ = try array.read(at: [0, 0], as: String.self) }) {
        Self.isOutOfBounds($0, rank)
      },
      Failing("the rank of a region", { try array.write(["x"], to: rank) }) { Self.isOutOfBounds($0, rank) },
      Failing("a written element", { try array.write("x", at: [4]) }) { Self.isOutOfBounds($0, [4..<5]) },
      Failing("blocks", { try array.forEachBlock(of: 3..<6) { _ in } }) { Self.isOutOfBounds($0, [3..<6]) },
      Failing("a view's element", { try view.write("x", at: 4) }) { Self.isOutOfBounds($0, [4..<5]) },
      Failing("a view's reading", { _ = try view[0, 0] }) { Self.isOutOfBounds($0, rank) },
      Failing("rows", { _ = try Appender(filling: 2..<6, of: array) }) { Self.isOutOfBounds($0, [2..<6]) },
    ])
    let sequence = Array(array.elements(3..<6, as: String.self))
    guard case .failure(.outOfBounds)? = sequence.first else { return #expect(sequence.isEmpty) }
  }

  @Test("Elements of a wrong type, size or number are named, whichever call takes them")
  func elements() throws {
    let store = MemoryStore()
    let numbers = try array(store, .number(.int64))
    let text = try array(MemoryStore())
    let raw = try array(MemoryStore(), .rawBytes(byteCount: 3))
    let json = try array(MemoryStore(), .json)
    let appender = try Appender(to: numbers)
    let jsonAppender = try Appender(to: json)
    // Sizes that add up to those of four elements.
    let uneven: [[UInt8]] = [8, 7, 9, 8].map { [UInt8](repeating: 1, count: $0) }
    let invalid: [[UInt8]] = [Array("1".utf8), Array("{".utf8), Array("2".utf8), Array("3".utf8)]
    func isElement(_ index: Int?) -> (ZarrError) -> Bool {
      { Self.isElement($0, at: "memory/a", index) }
    }
    check([
      Failing("reading as another type", { _ = try text.read(as: Int64.self) }, isElement(nil)),
      Failing("an element as another type", { _ = try text.read(at: [0], as: Int64.self) }, isElement(nil)),
      Failing("a scan as another type", { try text.scan(as: Int64.self) { _, _ in } }, isElement(nil)),
      Failing("blocks as another type", { try text.forEachBlock(as: Int64.self) { _ in } }, isElement(nil)),
      Failing("writing another type", { try numbers.write(["1", "2", "3", "4"]) }, isElement(nil)),
      Failing("appending another type", { try appender.append("12345678") }, isElement(nil)),
      Failing("appending others", { try appender.append(contentsOf: ["12345678"]) }, isElement(nil)),
      Failing(
        "an appender of another type",
        {
          _ = try Appender.create(
            of: String.self, in: store, at: "b", options: ArrayOptions(dataType: .number(.int8)))
        }
      ) { Self.isElement($0, at: "memory/b", nil) },
      Failing("a view of another type", { _ = try WriteBackView(numbers, of: String.self) }, isElement(nil)),
      Failing(
        "a value of a wrong size", { try raw.write([[1, 2, 3], [1], [1, 2, 3], []] as [[UInt8]]) },
        isElement(1)),
      Failing(
        "blobs of a wrong size", { try numbers.write(blobs: [[1], [2], [3], [4]] as [[UInt8]]) },
        isElement(0)),
      Failing("sizes that add up", { try numbers.write(blobs: uneven) }, isElement(1)),
      Failing(
        "an array of sizes that add up",
        {
          _ = try ZarrArray.create(
            in: store, at: "b", blobs: uneven, options: ArrayOptions(dataType: .number(.int64)))
        }
      ) { Self.isElement($0, at: "memory/b", 1) },
      Failing("appended sizes that add up", { try appender.append(blobs: uneven) }, isElement(1)),
      Failing("text that is no JSON", { try json.write(blobs: invalid) }, isElement(1)),
      Failing("appended text that is no JSON", { try jsonAppender.append(blobs: invalid) }, isElement(1)),
      Failing("one text that is no JSON", { try jsonAppender.append(blob: Array("{".utf8)) }, isElement(nil)),
      Failing(
        "a member of another type",
        {
          _ = try ZarrGroup.create(in: MemoryStore()).createArray(
            at: "b", writing: ["x"], options: ArrayOptions(dataType: .number(.int8)))
        }
      ) { Self.isElement($0, at: "memory/b", nil) },
      Failing("too few", { try text.write(["x"]) }) {
        if case .elementCount("memory/a", 1, 4) = $0 { true } else { false }
      },
      Failing(
        "an incomplete row",
        {
          let appender = try Appender.create(in: MemoryStore(), rowShape: [2])
          try appender.append(blobs: [[1], [2], [3]] as [[UInt8]])
          try appender.finish()
        }
      ) { if case .elementCount(_, 1, 2) = $0 { true } else { false } },
    ])
    #expect(!NodeEntry.exists("b", in: store))
  }

  @Test("A value that cannot be decoded has its index in what was asked for")
  func undecodable() throws {
    let array = try array(MemoryStore(), .json)
    try array.write(blobs: ["1", "2", "\"three\"", "4"].map { Array($0.utf8) })
    check([
      Failing("a region", { _ = try array.read([1..<4], as: Coded<Int>.self) }) {
        Self.isElement($0, at: "memory/a", 1)
      },
      Failing("blocks", { try array.forEachBlock(of: 1..<4, as: Coded<Int>.self) { _ in } }) {
        Self.isElement($0, at: "memory/a", 2)
      },
      Failing("an element", { _ = try array.read(at: [2], as: Coded<Int>.self) }) {
        Self.isElement($0, at: "memory/a", nil)
      },
    ])
  }

  @Test("Nodes that are missing, there already, or of another kind are named")
  func nodes() throws {
    let store = MemoryStore()
    _ = try array(store)
    let root = try ZarrGroup.open(in: store)
    func isMissing(_ error: ZarrError) -> Bool {
      if case .notFound("memory/b") = error { true } else { false }
    }
    func isThere(_ error: ZarrError) -> Bool {
      if case .alreadyExists("memory/a") = error { true } else { false }
    }
    check([
      Failing("a missing array", { _ = try ZarrArray.open(in: store, at: "b") }, isMissing),
      Failing("a missing node", { _ = try ZarrNode.open(in: store, at: "b") }, isMissing),
      Failing("a missing group", { _ = try ZarrGroup.open(in: store, at: "b") }, isMissing),
      Failing("a missing member", { _ = try root.array(at: "b") }, isMissing),
      Failing("a missing member to remove", { try root.remove("b") }, isMissing),
      Failing("a missing member to move", { try root.move("b", to: "c") }, isMissing),
      Failing("an array that is there", { _ = try array(store) }, isThere),
      Failing("an appender to one that is there", { _ = try Appender.create(in: store, at: "a") }, isThere),
      Failing("a member that is there", { try root.createGroup(at: "a") }, isThere),
      Failing(
        "a copy to one that is there",
        {
          try ZarrNode.open(in: store, at: "a").copy(to: store, at: "a")
        }, isThere),
      Failing("a group that is an array", { _ = try ZarrGroup.open(in: store, at: "a") }) {
        if case .wrongNode("memory/a", "group") = $0 { true } else { false }
      },
      Failing("a path that is none", { _ = try ZarrArray.open(in: store, at: "../a") }) {
        if case .metadata("memory", let reason) = $0 { reason.code == .invalidPath } else { false }
      },
      Failing(
        "another version",
        {
          _ = try ZarrGroup.create(in: store, at: "b", zarrFormat: .version2)
        }
      ) {
        if case .mixedFormats("memory", .version3, .version2) = $0 { true } else { false }
      },
    ])
  }

  @Test("What is stored and cannot be used names the chunk or the document")
  func stored() throws {
    let store = MemoryStore()
    let array = try array(store)
    try array.write(["a", "b", "c", "d"])
    try store.put([1, 2, 3], at: "a/c/1")
    func isDamage(_ error: ZarrError) -> Bool {
      if case .chunk("memory/a/c/1", _) = error { FailureKind(of: error) == .damaged } else { false }
    }
    let limited = try ZarrArray.open(
      in: store, at: "a", access: ArrayAccess(limits: DecodingLimits(elementCountPerCall: 1)))
    check([
      Failing("reading", { _ = try array.read() }, isDamage),
      Failing("a value", { _ = try array.read(at: [2], as: String.self) }, isDamage),
      Failing("a scan", { try array.scan { _, _ in } }, isDamage),
      Failing("blocks", { try array.forEachBlock { _ in } }, isDamage),
      Failing("a part", { try array.write(["x"], to: [2..<3]) }, isDamage),
      Failing(
        "an appender",
        {
          let grown = try ZarrArray.open(in: store, at: "a")
          try grown.resize(to: [3])
          defer { try? grown.resize(to: [4]) }
          _ = try Appender(to: grown)
        }, isDamage),
      Failing("a comparison", { _ = try array.firstDifference(from: array) }, isDamage),
      Failing("more elements than a call takes", { _ = try limited.read() }) {
        if case .limit("memory/a", .callElementCountExceedsLimit(4, 1)) = $0 { true } else { false }
      },
    ])
    for (field, value) in [("codecs", #"[{"name": "other"}]"#), ("data_type", #""other""#)] {
      var document = try #require(String(bytes: store.value(of: "a/zarr.json") ?? [], encoding: .utf8))
      let pattern = field == "codecs" ? /"codecs":\s*\[.*?\}\s*\]/ : nil
      document =
        pattern.map { document.replacing($0.dotMatchesNewlines(), with: "\"codecs\": \(value)") }
        ?? document.replacing(/"data_type":\s*"string"/, with: "\"data_type\": \(value)")
      try store.put(Array(document.utf8), at: "b/zarr.json")
      check([
        Failing("unknown \(field)", { _ = try ZarrArray.open(in: store, at: "b") }) {
          guard case .metadata("memory/b", let reason) = $0 else { return false }
          return reason.field.hasPrefix(field) && FailureKind(of: $0) == .unsupported
        }
      ])
    }
  }

  @Test("A store that fails, is locked or cannot be written is an error of the node")
  func stores() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(opening: directory.path)
    let path = directory.path("a")
    let array = try array(store)
    let first = try Appender(to: array)
    try first.append("x")
    let second = try Appender(to: array, lockTimeout: .zero)
    let readOnly = try ZarrArray.open(in: StoreRefusing(base: store), at: "a")
    let group = try ZarrGroup.create(in: MemoryStore())
    func isStore(_ error: ZarrError, _ isExpected: (StoreError) -> Bool) -> Bool {
      if case .store(path, let reason as StoreError) = error { isExpected(reason) } else { false }
    }
    func isReadOnly(_ error: ZarrError) -> Bool {
      isStore(error) { if case .readOnly = $0 { true } else { false } }
    }
    check([
      Failing("an end that is locked", { try second.append("y") }) {
        isStore($0) { if case .locked = $0 { true } else { false } }
      },
      Failing("writing", { try readOnly.write(["a", "b", "c", "d"]) }, isReadOnly),
      Failing("writing an element", { try readOnly.write("a", at: [0]) }, isReadOnly),
      Failing("resizing", { try readOnly.resize(to: [9]) }, isReadOnly),
      Failing("attributes", { try readOnly.setAttributes(["a": 1]) }, isReadOnly),
      Failing(
        "a view", { try readOnly.withWriteBack(as: String.self) { try $0.write("x", at: 0) } },
        isReadOnly),
      Failing(
        "moving into itself",
        {
          try group.createGroup(at: "g")
          try group.move("g", to: "g/h")
        }
      ) {
        if case .store("memory/g", StoreError.notMoved) = $0 { true } else { false }
      },
    ])
    first.cancel()
  }

  @Test("A cancelled call says so, whichever it is")
  func cancelled() throws {
    let monitor = ProgressMonitor()
    monitor.cancel()
    let store = MemoryStore()
    let array = try array(store)
    try array.write(["a", "b", "c", "d"])
    let node = ZarrNode.array(array)
    let calls: [(String, () throws -> Void)] = [
      ("read", { _ = try array.read(monitor: monitor) }),
      ("read values", { _ = try array.read(as: String.self, monitor: monitor) }),
      ("scan", { try array.scan(monitor: monitor) { _, _ in } }),
      ("scan values", { try array.scan(as: String.self, monitor: monitor) { _, _ in } }),
      ("write", { try array.write(["a", "b", "c", "d"], monitor: monitor) }),
      ("write blobs", { try array.write(blobs: [[1], [2], [3], [4]] as [[UInt8]], monitor: monitor) }),
      ("blocks", { try array.forEachBlock(monitor: monitor) { _ in } }),
      ("create", { try ZarrArray.create(in: store, at: "b", writing: ["a"], monitor: monitor) }),
      ("compare", { _ = try array.firstDifference(from: array, monitor: monitor) }),
      ("compare nodes", { _ = try node.firstDifference(from: node, monitor: monitor) }),
      ("copy", { try node.copy(to: store, at: "c", monitor: monitor) }),
      (
        "append",
        {
          let appender = try Appender(to: array, monitor: monitor)
          try appender.append(contentsOf: ["a", "b", "c"])
          try appender.finish()
        }
      ),
    ]
    check(calls.map { call in Failing(call.0, call.1) { $0.isCancellation } })
  }
}

extension NodeEntry {
  fileprivate static func exists(_ path: String, in store: any Store) -> Bool {
    (try? ZarrNode.open(in: store, at: path)) != nil
  }
}

/// A store that refuses to be written.
private struct StoreRefusing: StoreForwarding {
  let base: any Store

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    throw StoreError.readOnly(path: "\(location)/\(key)")
  }
}
