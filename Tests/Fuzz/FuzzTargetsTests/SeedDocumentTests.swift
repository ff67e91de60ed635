import Testing
import Zarr

@testable import FuzzTargets

@Suite("Documents that fuzzers begin with")
struct SeedDocumentTests {
  private func open(_ text: String, named name: String) throws {
    let store = MemoryStore()
    let document = Array(text.utf8)
    try store.write(StoreKey(name), document.span.bytes)
    _ = try ZarrArray.open(in: store)
  }

  @Test("A document of Zarr v3 is that of an array", arguments: SeedDocuments.arrays)
  func version3(document: String) throws {
    try open(document, named: "zarr.json")
  }

  @Test("A document of Zarr v2 is that of an array", arguments: SeedDocuments.version2Arrays)
  func version2(document: String) throws {
    try open(document, named: ".zarray")
  }
}
