import ChunkEngine
import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr

/// Nodes that others create while one is created at the same place.
@Suite("Nodes that are created twice at a time")
struct CreationRaceTests {
  private let directory: StoreDirectory
  private let store: FileStore

  init() throws {
    directory = try StoreDirectory()
    store = try FileStore(creating: directory.path("store"))
  }

  @Test(
    "The first one stays, and the second one is an error", arguments: [ZarrFormat.version2, .version3],
    [Durability.none, .atomic, .durable])
  func arrays(format: ZarrFormat, durability: Durability) throws {
    let options = ArrayOptions(chunkSize: .rows(1), attributes: ["by": "second"], zarrFormat: format)
    let first = try FileStore(opening: directory.path("store"), durability: durability)
    let second = try FileStore(opening: directory.path("store"), durability: durability)
    let isFirst = Atomic(true)
    // When the second one has seen that there is nothing, and stores its chunk.
    let probe = StoreProbe(second) { call in
      guard case .write = call, isFirst.exchange(false, ordering: .sequentiallyConsistent) else { return }
      _ = try ZarrArray.create(
        in: first, at: "a", shape: [3],
        options: ArrayOptions(chunkSize: .rows(1), attributes: ["by": "first"], zarrFormat: format)
      )
    }
    let error = #expect(throws: ZarrError.self) {
      try ZarrArray.create(in: probe, at: "a", writing: ["x"], options: options)
    }
    guard case .alreadyExists = error else {
      Issue.record("expected an error that there is an array already, found \(String(describing: error))")
      return
    }
    let array = try ZarrArray.open(in: store, at: "a")
    #expect(array.shape == [3])
    #expect(array.metadata.attributes["by"] == "first")
  }

  @Test(
    "A group that others create above a new node keeps its attributes",
    arguments: [ZarrFormat.version2, .version3])
  func groupsAbove(format: ZarrFormat) throws {
    // When it has been seen that there is no group, and its document is to be written.
    let interloper = StoreInterloper(store) { [store] in
      _ = try ZarrGroup.create(in: store, at: "g", attributes: ["by": "first"], zarrFormat: format)
    }
    try ZarrArray.create(
      in: interloper, at: "g/a", writing: ["x"],
      options: ArrayOptions(chunkSize: .rows(1), zarrFormat: format))
    #expect(interloper.isDone)
    let group = try ZarrGroup.open(in: store, at: "g")
    #expect(group.attributes["by"] == "first")
    #expect(try group.array(at: "a").read().strings() == ["x"])
    #expect(try store.temporaryFiles() == [])
  }

  @Test("A node that takes the place of one that is to be removed stays", arguments: [false, true])
  func removal(overwrites: Bool) throws {
    let root = try ZarrGroup.create(in: store)
    try root.createArray(at: "a", writing: ["old"])
    let new = try FileStore(creating: directory.path("new"))
    try ZarrArray.create(in: new, writing: ["new", "array"])
    // The new array takes the place as with `zvlen import --overwrite`.
    let interloper = StoreInterloper(store) { [directory] in
      _ = rename(directory.path("store/a"), directory.path("old"))
      _ = rename(directory.path("new"), directory.path("store/a"))
    }
    #expect(throws: ZarrError.self) {
      if overwrites {
        _ = try ZarrGroup.create(in: interloper, at: "a", overwrites: true)
      } else {
        try ZarrGroup.open(in: interloper).remove("a")
      }
    }
    #expect(interloper.isDone)
    #expect(try ZarrArray.open(in: store, at: "a").read().strings() == ["new", "array"])
  }

  @Test("A document that is put between the last look and the writing stays")
  func documents() throws {
    let interloper = StoreInterloper(store) { [store] in
      _ = try ZarrGroup.create(in: store, at: "a", attributes: ["by": "first"])
    }
    #expect(throws: ZarrError.self) {
      try ZarrArray.create(in: interloper, at: "a", shape: [2], options: ArrayOptions(chunkSize: .rows(1)))
    }
    #expect(interloper.isDone)
    #expect(try ZarrGroup.open(in: store, at: "a").attributes["by"] == "first")
    #expect(try store.temporaryFiles() == [])
  }
}
