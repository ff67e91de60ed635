import Foundation
import Testing
import Zarr

/// What a server does, with nothing but the calls that hold no thread of a task.
@Suite("Async calls")
struct AsyncTests {
  private let directory = FileManager.default.temporaryDirectory.appending(path: "client-\(UUID()).zarr")

  @Test("A store, a group and arrays are created, changed, copied and compared")
  func everything() async throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    let store = try await FileStore(creating: directory.path)
    let root = try await ZarrGroup.create(in: store, attributes: ["by": "a client"])
    let names = try await root.createArray(at: "names", writing: ["Oslo", "Bergen", "Ærøskøbing"])
    try await names.write("Odda", at: [1])
    #expect(try await names.read(at: [1], as: String.self) == "Odda")
    try await names.setAttributes(["of": "places"])
    try await names.resize(to: [2])
    try await names.reload()
    #expect(try await names.read(as: String.self) == ["Oslo", "Odda"])
    #expect(try await names.storedChunkIndices() == [[0]])
    try await names.withWriteBack(as: String.self) { view in
      for index in 0..<2 { try view.write(try view[index].uppercased(), at: index) }
    }
    let view = try await WriteBackView(names, of: String.self)
    try await view.write("ODDA!", at: 1)
    #expect(try await view.read(at: [1]) == "ODDA!")
    try await view.close()

    var values: [String] = []
    for try await name in names.values(as: String.self) { values.append(name) }
    #expect(values == ["OSLO", "ODDA!"])
    try await names.scan(as: String.self) { _, names in #expect(names == ["OSLO", "ODDA!"]) }

    try await root.createGroup(at: "more", attributes: ["a": 1])
    try await root.move("more", to: "most")
    #expect(try await root.children().map(\.name) == ["most", "names"])
    try await root.consolidate()
    let copy = MemoryStore()
    try await ZarrNode.open(in: store).copy(to: copy)
    let copied = try await ZarrNode.open(in: copy)
    #expect(try await copied.firstDifference(from: ZarrNode.open(in: store)) == nil)
    try await root.remove("most")
    #expect(try await copied.firstDifference(from: ZarrNode.open(in: store)) != nil)
  }

  @Test("Errors are of one type, which needs no cast")
  func errors() async throws {
    do {
      _ = try await ZarrArray.open(in: MemoryStore(), at: "none")
      Issue.record("there is an array")
    } catch {
      guard case .notFound(let path) = error else { throw error }
      #expect(path == "memory/none")
    }
    let array = try await ZarrArray.create(in: MemoryStore(), writing: [1, 2, 3])
    let reading = Task { try await array.read(as: Int.self) }
    reading.cancel()
    do {
      #expect(try await reading.value == [1, 2, 3])
    } catch let error as ZarrError {
      #expect(error.isCancellation)
    }
  }
}
