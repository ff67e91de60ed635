import ChunkEngine
import TestSupport
import Testing
import Zarr

/// Stores of which one call goes wrong, at each call in turn.
@Suite("Stores with a fault", .timeLimit(.minutes(10)))
struct StoreFaultTests {
  /// Something that is done with a store, and can be done again if it fails.
  enum Job: CaseIterable {
    case createArray
    case createShards
    case writeRegion
    case writeElement
    case writeBack
    case readArray
    case readShards
    case appendToArray
    case appendToShards
    case copy
    case groups
    case consolidated
  }

  private static let elements = ArrayElements.numbered(23)
  private static let chunks = ArrayOptions(chunkSize: .rows(4), compressors: [.crc32c])
  private static let shards = ArrayOptions(chunkSize: .rows(2), shardSize: .rows(8), compressors: [])

  /// A store with an array in chunks, one in shards, and a group with something in it.
  private func makeStore() throws -> StoreDictionary {
    let store = StoreDictionary()
    try ZarrArray.create(in: store, at: "chunks", writing: Self.elements, options: Self.chunks)
    try ZarrArray.create(in: store, at: "shards", writing: Self.elements, options: Self.shards)
    let group = try ZarrGroup.create(in: store, at: "group", attributes: ["a": 1])
    try group.createArray(at: "b/c", shape: [2], options: ArrayOptions(chunkSize: .rows(2)))
    return store
  }

  private func overwriting(_ options: ArrayOptions) -> ArrayOptions {
    var options = options
    options.overwrites = true
    return options
  }

  /// Does a job, and checks what it reads.
  private func run(_ job: Job, in store: any Store) throws {
    switch job {
    case .createArray:
      try ZarrArray.create(
        in: store, at: "new/array", writing: Self.elements, options: overwriting(Self.chunks))
    case .createShards:
      try ZarrArray.create(
        in: store, at: "new/shards", writing: Self.elements, options: overwriting(Self.shards))
    case .writeRegion:
      for name in ["chunks", "shards"] {
        try ZarrArray.open(in: store, at: name).write(Array(Self.elements[5..<15]), to: [5..<15])
      }
    case .writeElement:
      for name in ["chunks", "shards"] {
        try ZarrArray.open(in: store, at: name).write(Self.elements[9], at: [9])
      }
    case .writeBack:
      for name in ["chunks", "shards"] {
        try ZarrArray.open(in: store, at: name).withWriteBack(as: [UInt8].self) { view in
          for index in [1, 2, 20, 11] { try view.write(Self.elements[index], at: index) }
        }
      }
    case .readArray, .readShards:
      let array = try ZarrArray.open(in: store, at: job == .readArray ? "chunks" : "shards")
      #expect(try array.read().arrays() == Self.elements)
      #expect(try array.read([6..<9]).arrays() == Array(Self.elements[6..<9]))
      #expect(try array.read(at: [22]) == Self.elements[22])
    case .appendToArray, .appendToShards:
      let array = try ZarrArray.open(in: store, at: job == .appendToArray ? "chunks" : "shards")
      // Not twice, if it was the answer that was lost.
      guard array.count == Self.elements.count else { return }
      let appender = try Appender(to: array)
      defer { appender.cancel() }
      try appender.append(blobs: ArrayElements.numbered(7, label: "more "))
      try appender.finish()
    case .copy:
      let source = try ZarrArray.open(in: store, at: "chunks")
      let copy = try ZarrArray.create(
        in: store, at: "copy", shape: [23], options: overwriting(ArrayOptions(chunkSize: .rows(6))))
      try copy.write(contentsOf: source)
      #expect(try copy.read().arrays() == Self.elements)
    case .groups:
      let group = try ZarrGroup.open(in: store, at: "group")
      try group.mergeAttributes(["d": 2])
      try group.createGroup(at: "e/f", overwrites: true)
      #expect(try group.children().map(\.name).sorted() == ["b", "e"])
      try group.remove("e")
    case .consolidated:
      let group = try ZarrGroup.open(in: store, usingConsolidatedMetadata: false)
      try group.consolidate()
      #expect(try ZarrGroup.open(in: store).array(at: "chunks").count == Self.elements.count)
    }
  }

  /// Checks what was there before, and what the job has made.
  private func check(_ job: Job, _ store: StoreDictionary) throws {
    let more = ArrayElements.numbered(7, label: "more ")
    for (name, appending) in [("chunks", Job.appendToArray), ("shards", .appendToShards)] {
      let expected = Self.elements + (job == appending ? more : [])
      #expect(try ZarrArray.open(in: store, at: name).read().arrays() == expected)
    }
    for (name, creating) in [("new/array", Job.createArray), ("new/shards", .createShards)]
    where job == creating {
      #expect(try ZarrArray.open(in: store, at: name).read().arrays() == Self.elements)
    }
    let group = try ZarrGroup.open(in: store, at: "group", usingConsolidatedMetadata: false)
    #expect(group.attributes["a"] == 1)
    #expect(try group.array(at: "b/c").shape == [2])
  }

  @Test(
    "What was stored stays, and the same call works afterwards", arguments: Job.allCases,
    StoreFaults.Fault.allCases)
  func everyCall(job: Job, fault: StoreFaults.Fault) throws {
    var number = 0
    while true {
      let base = try makeStore()
      let store = StoreFaults(base, fault, atCall: number)
      do {
        try run(job, in: store)
      } catch ZarrError.store(_, is StoreFaults.Failure) {
        #expect(fault == .error || fault == .lateError, "call \(number)")
      } catch {
        // What comes of half of a value is an error that says so.
        #expect(fault == .shortRead, "call \(number): \(error)")
        #expect(error is ZarrError, "call \(number): \(error)")
      }
      guard store.hasHappened else { break }
      for name in ["chunks", "shards"] {
        let array = try ZarrArray.open(in: base, at: name)
        #expect(try array.read([0..<23]).arrays() == Self.elements, "call \(number)")
      }
      try run(job, in: base)
      try check(job, base)
      number += 1
    }
    #expect(number > 1)
  }
}
