import TestSupport
import Testing
import Zarr

@Suite("Stores")
struct StoreConformanceTests {
  @Test("A store in memory keeps the promises of stores")
  func memory() throws {
    try expectConforms(MemoryStore())
  }

  @Test("A store in a directory keeps the promises of stores")
  func file() throws {
    let directory = try StoreDirectory()
    try expectConforms(FileStore(creating: directory.path("store")))
  }

  @Test("A store of a dictionary keeps the promises of stores: the protocol is enough")
  func dictionary() throws {
    try expectConforms(StoreDictionary())
  }

  @Test("A store in memory counts its values")
  func count() throws {
    let store = MemoryStore()
    #expect(store.count == 0)
    try store.put([1], at: "a")
    try store.put([1], at: "b/c")
    try store.put([2], at: "a")
    #expect(store.count == 2)
    try store.delete(try StoreKey("a"))
    #expect(store.count == 1)
  }
}
