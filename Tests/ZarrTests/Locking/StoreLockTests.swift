import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Locks of stores", .timeLimit(.minutes(10)))
struct StoreLockTests {
  private let directory: StoreDirectory
  private let brief = Duration.milliseconds(30)

  init() throws {
    directory = try StoreDirectory()
  }

  private func store() throws -> FileStore { try FileStore(opening: directory.path) }

  @Test("A lock keeps others away, in the same store and in another one, until it is unlocked")
  func exclusion() throws {
    let stores = [try store(), try store()]
    let lock = try #require(try stores[0].lock("c/0", below: "array", timeout: brief))
    for other in stores {
      let error = #expect(throws: StoreError.self) {
        try other.lock("c/0", below: "array", timeout: brief)
      }
      guard case .locked(let path, let owner)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(path.hasPrefix("\(directory.path)/array/"))
      #expect(owner == "process \(getpid()) on \(ProcessInfo.processInfo.hostName)")
      // Other names and other prefixes are free.
      try other.lock("c/1", below: "array", timeout: brief)?.unlock()
      try other.lock("c/0", below: "", timeout: brief)?.unlock()
    }
    lock.unlock()
    lock.unlock()
    try stores[1].lock("c/0", below: "array", timeout: brief)?.unlock()
  }

  @Test("A process that was forked while a lock was held does not keep it")
  func inherited() throws {
    let store = try store()
    let lock = try #require(try store.lock("a", below: "array", timeout: brief))
    // A forked process has the open file, as these copies do.
    let copies = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { number in
      let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
      return path?.hasPrefix(directory.path) == true ? Int32(number).map { dup($0) } : nil
    }
    defer { for copy in copies { close(copy) } }
    #expect(copies.count >= 2)
    // Another lock keeps the file there.
    let other = try #require(try store.lock("b", below: "array", timeout: brief))
    lock.unlock()
    try #require(try store.lock("a", below: "array", timeout: brief)).unlock()
    other.unlock()
    #expect(try directory.files() == [])
  }

  @Test("Those that wait get the lock one after the other")
  func waiting() throws {
    let count = Collected(0)
    let path = directory.path
    try onThreads(20) { thread in
      let store = try FileStore(opening: path)
      for _ in 0..<10 {
        let lock = try store.lock("c/0", below: "array", timeout: thread < 10 ? nil : .seconds(100))
        let before = count.value
        usleep(10)
        count.change { $0 = before + 1 }
        lock?.unlock()
      }
    }
    #expect(count.value == 200)
    #expect(try directory.files() == [])
  }

  @Test("A lock file is not a value, and is gone when no lock is held")
  func lockFile() throws {
    let store = try store()
    try store.put([1], at: "array/zarr.json")
    let locks = try ["a", "b"].map { try store.lock($0, below: "array", timeout: nil) }
    #expect(try directory.files().count == 2)
    #expect(try store.keys() == ["array/zarr.json"])
    #expect(try store.listDirectory("array") == DirectoryListing(values: ["zarr.json"]))
    #expect(try store.sweepTemporaryFiles() == 0)
    locks[0]?.unlock()
    #expect(try directory.files().count == 2)
    #expect(throws: StoreError.self) { try store.lock("b", below: "array", timeout: brief) }
    locks[1]?.unlock()
    #expect(try directory.files() == ["array/zarr.json"])
  }

  @Test("The lock of a process that is killed is free, and its file is swept")
  func killedOwner() async throws {
    let path = directory.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      try blocking {
        _ = try FileStore(opening: path).lock("end", below: "array", timeout: .zero)
        kill(getpid(), SIGKILL)
      }
    }
    let store = try store()
    #expect(try directory.files().count == 1)
    try store.lock("end", below: "array", timeout: .zero)?.unlock()
    #expect(try directory.files() == [])

    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      try blocking {
        _ = try FileStore(opening: path).lock("end", below: "array", timeout: .zero)
        kill(getpid(), SIGKILL)
      }
    }
    #expect(try store.sweepTemporaryFiles() == 1)
    #expect(try directory.files() == [])
  }

  @Test("A link in place of a lock file is not followed")
  func link() throws {
    try FileManager.default.createSymbolicLink(
      atPath: directory.path(".zarr-vlen.lock"), withDestinationPath: directory.path("elsewhere"))
    let store = try FileStore(opening: directory.path, followsLinksOut: true)
    #expect(throws: StoreError.self) { try store.lock("end", below: "", timeout: brief) }
    #expect(try !directory.files().contains("elsewhere"))
  }

  @Test("Stores of one directory are the same to threads, others are not")
  func identity() throws {
    let other = try StoreDirectory()
    #expect(try store().identity == store().identity)
    #expect(try store().identity != FileStore(opening: other.path).identity)
    let memory = MemoryStore()
    #expect(memory.identity == memory.identity)
    #expect(memory.identity != MemoryStore().identity)
    #expect(memory.identity != nil)
  }

  @Test("Where there are no locks, parts of chunks are not written, and whole ones are")
  func noLocks() throws {
    let base = MemoryStore()
    let array = try ZarrArray.create(
      in: StoreWithoutLocks(base), shape: [10], options: ArrayOptions(chunkSize: .rows(5)))
    try array.write((0..<10).map { [UInt8($0)] })
    let error = #expect(throws: ZarrError.self) { try array.write(blob: [99], at: [3]) }
    #expect(error.map(String.init(describing:))?.contains("write whole chunks") == true)
    try array.write((0..<5).map { [UInt8($0), 1] }, to: [0..<5])
    try array.resize(to: [9])
    #expect(try ZarrArray.open(in: base).read().arrays() == (0..<9).map { $0 < 5 ? [$0, 1] : [$0] })

    let files = try FileStore(opening: directory.path, usesLocks: false)
    #expect(try files.lock("end", below: "", timeout: nil) == nil)
  }
}
