import CSystemCalls
import Foundation
import TestSupport
import Testing
import Zarr

/// Hostile directories for a store.
@Suite("Hostile directories")
struct HostileDirectoryTests {
  @Test("Where the kernel cannot tell where links lead, none is followed")
  func openingWithoutLinks() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(opening: directory.path)
    try store.put([1], at: "a/b/file")
    let files = FileManager.default
    try files.createSymbolicLink(atPath: directory.path("a/inside"), withDestinationPath: "b")
    try files.createSymbolicLink(atPath: directory.path("a/outside"), withDestinationPath: "/etc")
    try files.createSymbolicLink(atPath: directory.path("a/name"), withDestinationPath: "b/file")
    let root = open(directory.path, O_RDONLY | O_DIRECTORY)
    defer { close(root) }
    func opens(_ path: String, _ flags: Int32 = O_RDONLY) -> Int32 {
      let descriptor = csystemcalls_open_without_links(root, path, flags, 0o666)
      guard descriptor >= 0 else { return errno }
      close(descriptor)
      return 0
    }
    #expect(opens("a/b/file") == 0)
    #expect(opens("a/b", O_RDONLY | O_DIRECTORY) == 0)
    #expect(opens(".", O_RDONLY | O_DIRECTORY) == 0)
    #expect(opens("a/b/new", O_WRONLY | O_CREAT | O_EXCL) == 0)
    for path in [
      "a/inside/file", "a/outside/passwd", "a/name", "a/outside", "..", "a/../a/b/file", "a/b/..",
      "/etc/passwd",
    ] {
      #expect(opens(path) == EXDEV, "\(path)")
      #expect(opens(path, O_WRONLY | O_CREAT) == EXDEV, "\(path)")
    }
    #expect(opens("a/none/file") == ENOENT && opens("none") == ENOENT)
    #expect(opens("a/b/file/more") == ENOTDIR)
    #expect(opens("a/\(String(repeating: "x", count: 300))/file") == ENAMETOOLONG)
  }

  @Test("Directories may be as deep as the system allows, whatever files a process may have open")
  func depth() async {
    await #expect(processExitsWith: .success) {
      try blocking {
        let directory = try StoreDirectory()
        let store = try FileStore(opening: directory.path)
        let deep = repeatElement("d", count: 1500).joined(separator: "/")
        try store.put([1], at: "a/\(deep)/value")
        try store.put([2], at: "value")
        var limit = rlimit(rlim_cur: 64, rlim_max: 64)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(try Set(store.list("").map(\.description)) == ["value", "a/\(deep)/value"])
        #expect(try store.temporaryFiles() == [])
        #expect(try store.sweepTemporaryFiles() == 0)
        #expect(try ZarrGroup.create(in: store).children().isEmpty)
        try store.deleteAll("a")
        #expect(try Set(store.list("").map(\.description)) == ["value", "zarr.json"])
      }
    }
  }

  @Test("Temporary files are listed, and are no values")
  func temporaryFiles() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(opening: directory.path)
    for name in ["a/c/.0.0123456789abcdef.partial", ".zarr.json.0123456789abcdef.partial", "a/c/0"] {
      try store.put([1], at: name)
    }
    #expect(
      try store.temporaryFiles() == [
        ".zarr.json.0123456789abcdef.partial", "a/c/.0.0123456789abcdef.partial",
      ])
    #expect(try store.temporaryFiles("a") == ["a/c/.0.0123456789abcdef.partial"])
    #expect(try store.list("").map(\.description) == ["a/c/0"])
  }

  @Test("A hierarchy of hundreds of groups in groups is walked")
  func groups() throws {
    let store = MemoryStore()
    _ = try ZarrGroup.create(in: store, at: repeatElement("g", count: 300).joined(separator: "/"))
    var deepest = 0
    try ZarrGroup.open(in: store).walk { _, depth in deepest = max(deepest, depth) }
    #expect(deepest == 300)
  }
}
