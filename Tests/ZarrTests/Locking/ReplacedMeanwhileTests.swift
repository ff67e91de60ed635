import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// Writers of parts of chunks, and others who replace the whole chunk without a lock.
@Suite("Chunks that are replaced while a part of them is written", .timeLimit(.minutes(10)))
struct ReplacedMeanwhileTests {
  private let directory: StoreDirectory

  init() throws {
    directory = try StoreDirectory()
  }

  private static let count = 10
  private static let whole = ArrayElements.numbered(count, label: "whole ")

  /// An array of one chunk or shard, with the elements of which the index is given.
  private func makeArray(_ division: ManyWritersTests.Division, holding indices: [Int]) throws {
    let array = try ZarrArray.create(
      in: FileStore(opening: directory.path), shape: [Self.count], options: division.options)
    for index in indices { try array.write(blob: [1], at: [index]) }
  }

  /// Another writer that does not look at what it replaces.
  private func replaceAll(by elements: [[UInt8]]) throws {
    try ZarrArray.open(in: FileStore(opening: directory.path)).write(elements)
  }

  private func elements() throws -> [[UInt8]] {
    try ZarrArray.open(in: FileStore(opening: directory.path)).read().arrays()
  }

  @Test(
    "Neither the whole nor the part is lost", arguments: ManyWritersTests.Division.allCases,
    [[], [0], [3], [0, 3]])
  func elements(division: ManyWritersTests.Division, before: [Int]) throws {
    // Where nothing is stored before and after, the store is asked for nothing.
    for part in (before.isEmpty ? [[9]] : [[9], []]) as [[UInt8]] {
      for others in [Self.whole, [[UInt8]](repeating: [], count: Self.count)] {
        try makeArray(division, holding: before)
        let store = StoreInterloper(try FileStore(opening: directory.path)) { try replaceAll(by: others) }
        let array = try ZarrArray.open(in: store)
        try array.withWriteBack(as: [UInt8].self) { view in try view.write(part, at: 3) }
        var expected = others
        expected[3] = part
        #expect(store.isDone)
        #expect(try elements() == expected, "\(before), \(part)")
        #expect(try directory.files().isSubset(of: ["zarr.json", "c/0"]))
        try FileStore(opening: directory.path).deleteAll("")
      }
    }
  }

  @Test("A region that has a part of a shard is an error then, and can be written again")
  func regions() throws {
    try makeArray(.shards, holding: [0, 3])
    let store = StoreInterloper(try FileStore(opening: directory.path)) { try replaceAll(by: Self.whole) }
    let array = try ZarrArray.open(in: store)
    let error = #expect(throws: ZarrError.self) {
      try array.write(blobs: [[7], [8]] as [[UInt8]], to: [4..<6])
    }
    #expect(error?.storeError == .changed(path: directory.path("c/0")))
    #expect(try elements() == Self.whole)
    try array.write(blobs: [[7], [8]] as [[UInt8]], to: [4..<6])
    var expected = Self.whole
    expected[4...5] = [[7], [8]]
    #expect(try elements() == expected)
  }

  @Test("An appender does not replace what it has not seen", arguments: ManyWritersTests.Division.allCases)
  func appended(division: ManyWritersTests.Division) throws {
    let files = try FileStore(opening: directory.path)
    _ = try ZarrArray.create(in: files, shape: [0], options: division.options)
    let store = StoreInterloper(files) { try files.put([9], at: "c/0") }
    let error = #expect(throws: ZarrError.self) {
      let appender = try Appender(to: ZarrArray.open(in: store))
      defer { appender.cancel() }
      // The first chunk or shard is full, and no shape covers it.
      for number in 0..<150 { try appender.append(blob: [UInt8(number)].span.bytes) }
      try appender.finish()
    }
    #expect(error?.storeError == .changed(path: directory.path("c/0")))
    #expect(store.isDone)
    #expect(try files.value(of: "c/0") == [9])
  }

  @Test("A chunk that a link leads to is replaced, and so is the link")
  func link() throws {
    try makeArray(.chunks, holding: [0])
    try FileManager.default.moveItem(atPath: directory.path("c/0"), toPath: directory.path("kept"))
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("c/0"), withDestinationPath: "../kept")
    let array = try ZarrArray.open(in: FileStore(opening: directory.path))
    try array.write(blob: [2], at: [1])
    #expect(try array.read([0..<3]).arrays() == [[1], [2], []])
    #expect(try directory.files() == ["zarr.json", "c/0", "kept"])
  }

  @Test(
    "Changes of a group's attributes are kept, whatever another writer changes",
    arguments: [ZarrFormat.version2, .version3], [false, true])
  func attributes(format: ZarrFormat, isFile: Bool) throws {
    let base: any ConditionalStore = isFile ? try FileStore(opening: directory.path) : MemoryStore()
    let other = try ZarrGroup.create(in: base, attributes: ["a": 1], zarrFormat: format)
    let store = StoreInterloper(base) { try other.mergeAttributes(["b": 2]) }
    let group = try ZarrGroup.open(in: store)
    try group.mergeAttributes(["c": 3])
    #expect(store.isDone)
    #expect(group.attributes == ["a": 1, "b": 2, "c": 3])
    #expect(try ZarrGroup.open(in: base).attributes == group.attributes)
  }

  @Test(
    "Changes of an array's metadata are kept, whatever another writer changes",
    arguments: [ZarrFormat.version2, .version3], [false, true])
  func metadata(format: ZarrFormat, resizes: Bool) throws {
    let base = MemoryStore()
    let options = ArrayOptions(chunkSize: .rows(4), zarrFormat: format)
    let other = try ZarrArray.create(in: base, shape: [3], options: options)
    let store = StoreInterloper(base) {
      try resizes ? other.setAttributes(["b": 2]) : other.resize(to: [7])
    }
    let array = try ZarrArray.open(in: store)
    if resizes { try array.resize(to: [7]) } else { try array.setAttributes(["b": 2]) }
    #expect(store.isDone)
    let found = try ZarrArray.open(in: base)
    #expect(found.shape == [7])
    #expect(found.metadata.attributes == ["b": 2])
  }

  @Test("What a process has written as a whole stays, whatever parts another one writes")
  func processes() async throws {
    try makeArray(.chunks, holding: [])
    let path = directory.path
    await withTaskGroup { group in
      for isWhole in [false, true] {
        group.addTask {
          await #expect(processExitsWith: .success) { [path = path as String, isWhole = isWhole as Bool] in
            try blocking {
              let array = try ZarrArray.open(in: FileStore(opening: path))
              for round in 0..<300 {
                if isWhole {
                  try array.write(ArrayElements.numbered(Self.count, label: "\(round) "))
                  // A part that was written to the old chunk is seen for a moment, and then put back.
                  var isKept = false
                  for _ in 0..<1000 where !isKept {
                    let found = try array.read().strings()
                    isKept = found.enumerated().allSatisfy { $1 == "\(round) \($0)" || $0 == 3 }
                  }
                  #expect(isKept, "round \(round)")
                } else {
                  try array.write(Array("part \(round)".utf8), at: [3])
                  usleep(100)
                }
              }
            }
          }
        }
      }
    }
    let found = try await ZarrArray.open(in: FileStore(opening: path)).read().strings()
    #expect(found.enumerated().allSatisfy { $1 == "299 \($0)" || $0 == 3 })
    #expect(try directory.files() == ["zarr.json", "c/0"])
  }
}
