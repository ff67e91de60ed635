import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// Directories that are removed while a store has them open, and that may come back.
@Suite("Directories that vanish")
struct VanishedDirectoryTests {
  private let directory: StoreDirectory
  private let path: String
  private let store: FileStore

  init() throws {
    directory = try StoreDirectory()
    path = directory.path("store")
    store = try FileStore(creating: path)
  }

  private func remove() throws { try FileManager.default.removeItem(atPath: path) }

  /// Makes the directory anew, with what a copy has.
  private func bringBack(from copy: String) throws {
    try FileManager.default.copyItem(atPath: copy, toPath: path)
  }

  private func makeCopy() throws -> String {
    let copy = directory.path("copy")
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    return copy
  }

  /// What can be done with a store, by name.
  private static let everyCall: [(name: String, call: @Sendable (FileStore) throws -> Void)] = [
    ("read", { _ = try $0.value(of: "a/0") }),
    ("read a part", { _ = try $0.bytes(of: "a/0", in: 0..<1) }),
    ("open", { _ = try $0.openValue(StoreKey("a/0")) }),
    ("look at", { _ = try $0.byteCount(of: StoreKey("a/0")) }),
    ("write", { try $0.put([2], at: "a/1") }),
    ("delete", { try $0.delete(StoreKey("a/2")) }),
    ("delete at the top", { try $0.delete(StoreKey("b")) }),
    ("delete all", { try $0.deleteAll("a/c") }),
    ("list", { _ = try $0.list("") }),
    ("list a directory", { _ = try $0.listDirectory("a") }),
    ("list the directory", { _ = try $0.listDirectory("") }),
    ("sweep", { _ = try $0.sweepTemporaryFiles() }),
    ("lock", { try $0.lock("name", below: "a", timeout: nil)?.unlock() }),
    ("rename", { try $0.rename("a", to: "z") }),
  ]

  @Test(
    "Every call is an error that names the directory, until it is there again", arguments: everyCall.indices)
  func removed(number: Int) throws {
    let (name, call) = Self.everyCall[number]
    try store.put([1], at: "a/0")
    let copy = try makeCopy()
    try remove()
    for _ in 0..<2 {
      let error = #expect(throws: StoreError.self, "\(name)") { try call(store) }
      #expect(error == .system(operation: "use the removed directory", path: path, code: ENOENT), "\(name)")
    }
    #expect(!FileManager.default.fileExists(atPath: path))
    try bringBack(from: copy)
    try call(store)
    #expect(try store.value(of: name == "rename" ? "z/0" : "a/0") == [1])
  }

  @Test(
    "Where another directory takes the place, what is missing and what is written is an error",
    arguments: [false, true])
  func replaced(isRemoved: Bool) throws {
    try store.put([1], at: "a/0")
    let aside = directory.path("aside")
    try FileManager.default.moveItem(atPath: path, toPath: aside)
    // A store goes with its directory.
    #expect(try store.value(of: "a/9") == nil)
    try store.put([2], at: "a/1")
    try FileStore(creating: path).put([3], at: "a/2")
    #expect(try store.value(of: "a/0") == [1])
    if isRemoved { FileStore.removeReplaced(aside) }
    let calls: [() throws -> Void] = [
      { _ = try store.value(of: "a/2") }, { try store.put([4], at: "a/2") }, { _ = try store.list("") },
      { _ = try store.listDirectory("a") }, { _ = try store.lock("name", below: "", timeout: nil) },
      { try store.write(StoreKey("a/3"), byteCount: 1, durability: .deferred) { _ in } },
    ]
    for call in calls {
      let error = #expect(throws: StoreError.self) { try call() }
      #expect(error == .replaced(path: path))
    }
    #expect(FileManager.default.fileExists(atPath: aside) == !isRemoved)
    #expect(try FileStore(opening: path).list("").map(\.description) == ["a/2"])
  }

  @Test("What is in the new directory is what there is")
  func anotherDirectory() throws {
    try store.put([1], at: "a")
    try remove()
    let other = try FileStore(creating: path)
    #expect(try store.value(of: "a") == nil)
    try store.put([2], at: "b")
    #expect(try other.value(of: "b") == [2])
    #expect(store.identity == other.identity)
    try other.put([3], at: "a")
    #expect(try store.value(of: "a") == [3])
  }

  @Test("A store of a path that is not from the root on finds its directory wherever the process works then")
  func relativePath() async {
    await #expect(processExitsWith: .success) {
      try blocking {
        let directory = try StoreDirectory()
        #expect(chdir(directory.path) == 0)
        let store = try FileStore(creating: "store")
        #expect(chdir("/") == 0)
        try FileManager.default.removeItem(atPath: directory.path("store"))
        #expect(throws: StoreError.self) { try store.put([1], at: "a") }
        try FileManager.default.createDirectory(
          atPath: directory.path("store"), withIntermediateDirectories: false)
        try store.put([1], at: "a")
        #expect(try directory.files() == ["store/a"])
      }
    }
  }

  @Test(
    "Writers of regions go on when the array is there again, and an appender has lost its lock",
    arguments: [false, true])
  func arrays(hasShards: Bool) throws {
    let elements = ArrayElements.numbered(40)
    let options = ArrayOptions(
      chunkSize: .rows(2), shardSize: hasShards ? .rows(4) : nil, compressors: [.crc32c])
    let array = try ZarrArray.create(in: store, writing: Array(elements[..<11]), options: options)
    let appender = try Appender(to: array)
    let copy = try makeCopy()
    try appender.append(elements[11])
    try remove()
    let calls: [() throws -> Void] = [
      { try appender.append(blobs: Array(elements[12..<40])) },
      { try appender.finish() },
      { try array.write(Array(elements[2..<5]), to: [2..<5]) },
      { _ = try array.read() },
    ]
    // The first one may only hand over what another thread is about to fail to store.
    for call in calls.dropFirst() {
      let error = #expect(throws: (any Error).self) { try call() }
      #expect("\(String(describing: error))".contains(path))
    }
    try bringBack(from: copy)
    // Others may have appended in the meantime, and their elements are theirs.
    let error = #expect(throws: ZarrError.self) { try appender.finish() }
    #expect(error?.storeError == .lockLost(path: "\(path)/.zarr-vlen.lock"))
    appender.cancel()
    let next = try Appender(to: array)
    try next.append(blobs: Array(elements[11...]))
    try next.finish()
    for call in calls.dropFirst(2) { try call() }
    #expect(try array.read().arrays() == elements)
    #expect(try ZarrArray.open(in: FileStore(opening: path)).read().arrays() == elements)
  }

  @Test("Threads that find the new directory at once all find what is in it")
  func threads() throws {
    let full = directory.path("full")
    try FileStore(creating: full).put([1], at: "a/0")
    for _ in 0..<100 {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let store = try FileStore(opening: path)
      try remove()
      try FileManager.default.moveItem(atPath: full, toPath: path)
      try onThreads(4) { _ in
        for _ in 0..<10 {
          let value = try store.value(of: "a/0")
          #expect(value == [1])
        }
      }
      try FileManager.default.moveItem(atPath: path, toPath: full)
    }
  }
}
