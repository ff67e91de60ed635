import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Stores in directories")
struct FileStoreTests {
  private let directory: StoreDirectory
  private let store: FileStore

  init() throws {
    directory = try StoreDirectory()
    store = try FileStore(opening: directory.path)
  }

  /// Checks that an error is one of the system, and says of which file it is.
  private func expectSystemError(
    _ code: Int32, naming path: String, _ body: () throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: StoreError.self, sourceLocation: sourceLocation) { try body() }
    guard case .system(_, let found, let foundCode)? = error else {
      Issue.record("unexpected error \(String(describing: error))", sourceLocation: sourceLocation)
      return
    }
    #expect(found == path, sourceLocation: sourceLocation)
    #expect(foundCode == code, sourceLocation: sourceLocation)
    #expect(error?.description.contains(path) == true, sourceLocation: sourceLocation)
  }

  @Test("A value is a file, and the names before the last are directories")
  func layout() throws {
    try store.put([1, 2], at: "group/array/c/0")
    #expect(try directory.files() == ["group/array/c/0"])
    #expect(FileManager.default.contents(atPath: directory.path("group/array/c/0")) == Data([1, 2]))
  }

  @Test("Creating a store makes the directories above it, and keeps what is there")
  func creating() throws {
    let path = directory.path("deep/down/store")
    try FileStore(creating: path).put([1], at: "a")
    #expect(try FileStore(creating: path).value(of: "a") == [1])
    #expect(try FileStore(opening: path).value(of: "a") == [1])
    #expect(try FileStore(creating: path + "/").value(of: "a") == [1])
  }

  @Test("A value that was replaced keeps its name at any moment when the old one is to be deleted")
  func deletingReplaced() throws {
    let key = try StoreKey("a")
    try store.put([1], at: "a")
    let old = try store.openValue(key)
    try store.put([2], at: "a")
    // A file that gets another name has a new time of change.
    var status = [stat(), stat()]
    #expect(unsafe stat(directory.path("a"), &status[0]) == 0)
    usleep(50_000)
    #expect(throws: StoreError.changed(path: directory.path("a"))) { try store.delete(key, over: .seen(old)) }
    #expect(unsafe stat(directory.path("a"), &status[1]) == 0)
    #expect(status[0].st_ctim.tv_sec == status[1].st_ctim.tv_sec)
    #expect(status[0].st_ctim.tv_nsec == status[1].st_ctim.tv_nsec)
    #expect(try store.value(of: "a") == [2])
  }

  @Test("Opening what is no directory is an error that names it")
  func openingNothing() throws {
    let absent = directory.path("absent")
    expectSystemError(ENOENT, naming: absent) { _ = try FileStore(opening: absent) }
    try store.put([1], at: "file")
    let file = directory.path("file")
    expectSystemError(ENOTDIR, naming: file) { _ = try FileStore(opening: file) }
    expectSystemError(ENOTDIR, naming: file) { _ = try FileStore(creating: file) }
  }

  @Test("Directories made for a store that cannot be opened are removed")
  func creatingWithoutFiles() async {
    await #expect(processExitsWith: .success) {
      try blocking {
        let directory = try StoreDirectory()
        let path = directory.path("deep/down/store")
        var limits = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        var few = rlimit(rlim_cur: 0, rlim_max: limits.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &few)
        let error = #expect(throws: StoreError.self) { try FileStore(creating: path) }
        #expect(error == .system(operation: "open", path: path, code: EMFILE))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: directory.path).isEmpty)
        try FileStore(creating: path).put([1], at: "a")
      }
    }
  }

  @Test("Where no file can be made the error names the file")
  func unwritable() throws {
    // Not even root can make files here.
    let store = try FileStore(opening: "/proc")
    let error = #expect(throws: StoreError.self) { try store.put([1], at: "zarr.json") }
    #expect(error?.description.contains("/proc/zarr.json") == true)
    let deeper = #expect(throws: StoreError.self) { try store.put([1], at: "array/c/0") }
    #expect(deeper?.description.contains("/proc/array") == true)
  }

  @Test("A file in place of a directory is an error that names the value")
  func fileInPlaceOfDirectory() throws {
    try store.put([1], at: "c")
    expectSystemError(ENOTDIR, naming: directory.path("c/0")) { try store.put([2], at: "c/0") }
    // Nothing can be below it, so there is no such value.
    #expect(try store.value(of: "c/0") == nil)
    #expect(try store.byteCount(of: try StoreKey("c/0")) == nil)
    try store.delete(try StoreKey("c/0"))
    #expect(try store.keys("c") == [])
    #expect(try directory.files() == ["c"])
  }

  @Test("A directory in place of a file is an error that names it")
  func directoryInPlaceOfFile() throws {
    try store.put([1], at: "c/0")
    let path = directory.path("c")
    expectSystemError(EISDIR, naming: path) { _ = try store.value(of: "c") }
    expectSystemError(EISDIR, naming: path) { _ = try store.bytes(of: "c", in: 0..<1) }
    expectSystemError(EISDIR, naming: path) { try store.put([2], at: "c") }
    expectSystemError(EISDIR, naming: path) { try store.delete(try StoreKey("c")) }
    #expect(try store.byteCount(of: try StoreKey("c")) == nil)
    #expect(try directory.files() == ["c/0"])
  }

  @Test("The files of a killed writer are not values, and do no harm")
  func leftovers() throws {
    let name = directory.path(".0.0123456789abcdef.partial")
    #expect(FileManager.default.createFile(atPath: name, contents: Data([9])))
    #expect(try store.keys() == [])
    try store.put([1, 2, 3], at: "0")
    #expect(try store.value(of: "0") == [1, 2, 3])
    #expect(try store.keys() == ["0"])
    #expect(try Data(contentsOf: URL(filePath: name)) == Data([9]))
  }

  @Test("Temporary names are never the same, fit where their value's name does, and are told from others")
  func temporaryNames() {
    for name in ["0", "zarr.json", "x.0123456789abcdef.partial", String(repeating: "ü", count: 127), ""] {
      let made = TemporaryName.make(for: name)
      #expect(TemporaryName.make(for: name) != made)
      #expect(made.utf8.count <= 255)
      #expect(TemporaryName.matches(made, for: name))
      #expect(TemporaryName.matches(made) == !name.isEmpty)
      #expect(!TemporaryName.matches(made, for: "other"))
    }
    for name in [
      ".notes.partial", "a.0123456789abcdef.partial", ".a.0123456789ABCDEF.partial", ".partial", "",
    ] {
      #expect(!TemporaryName.matches(name))
    }
  }

  @Test("A failed write leaves no temporary file", arguments: ["value", "deep/down/value"])
  func temporaryFiles(key: String) throws {
    #expect(throws: StoreProbe.Failure.self) {
      try store.write(try StoreKey(key), byteCount: 1) { append in
        try append(([1] as [UInt8]).span.bytes)
        #expect(try directory.files().count == 1)
        throw StoreProbe.Failure()
      }
    }
    #expect(try directory.files() == [])
  }

  @Test("Readers see the old value while a new one is written")
  func atomicity() throws {
    try store.put([1, 1], at: "value")
    try store.write(try StoreKey("value"), byteCount: 2) { append in
      try append(([2] as [UInt8]).span.bytes)
      #expect(try store.value(of: "value") == [1, 1])
      #expect(try store.keys() == ["value"])
      try append(([2] as [UInt8]).span.bytes)
    }
    #expect(try store.value(of: "value") == [2, 2])
  }

  @Test(
    "A prefix cannot lead out of the store",
    arguments: ["..", "../", "/", "/etc", "a/../..", ".", "a//b", "a/", "a\0b"])
  func listingOutside(prefix: String) throws {
    try store.put([1], at: "a/b")
    #expect(throws: StoreError.self) { try store.list(prefix) }
    #expect(throws: StoreError.self) { try store.deleteAll(prefix) }
    #expect(try store.value(of: "a/b") == [1])
  }

  @Test("A link to a directory is not followed when keys are listed")
  func links() throws {
    let other = try StoreDirectory()
    try FileStore(opening: other.path).put([1], at: "secret")
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("link"), withDestinationPath: other.path)
    #expect(try store.keys().contains("link/secret") == false)
    #expect(try store.keys("link") == [])
  }

  @Test("Deleting everything below a prefix takes directories and leftovers, but not what links lead to")
  func deletingAll() throws {
    let other = try StoreDirectory()
    try FileStore(opening: other.path).put([1], at: "kept")
    for key in ["a/c/0/0", "a/zarr.json", "b"] { try store.put([1], at: key) }
    let leftover = directory.path("a/c/.0.0123456789abcdef.partial")
    #expect(FileManager.default.createFile(atPath: leftover, contents: nil))
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("a/link"), withDestinationPath: other.path)
    try store.deleteAll("a")
    #expect(try directory.files() == ["b"])
    #expect(FileManager.default.fileExists(atPath: directory.path("a/c")) == false)
    #expect(try other.files() == ["kept"])
    // The root is not there to be removed, even if it is empty.
    try store.deleteAll("")
    #expect(FileManager.default.fileExists(atPath: directory.path))
  }

  @Test("A store goes on in its directory when that is moved")
  func moved() throws {
    let store = try FileStore(creating: directory.path("one"))
    try FileManager.default.moveItem(atPath: directory.path("one"), toPath: directory.path("two"))
    try store.put([1], at: "c/0")
    #expect(try directory.files() == ["two/c/0"])
  }

  @Test("What is moved takes its directory with it, and what links lead to stays")
  func moving() throws {
    let other = try StoreDirectory()
    try FileStore(opening: other.path).put([1], at: "kept")
    try store.put([1], at: "a/c/0")
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("a/link"), withDestinationPath: other.path)
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("other"), withDestinationPath: other.path)
    #expect(throws: StoreError.self) { try store.rename("other", to: "b") }
    #expect(throws: StoreError.self) { try store.rename("a", to: "other") }
    try store.rename("a", to: "deep/down/b")
    #expect(FileManager.default.fileExists(atPath: directory.path("a")) == false)
    #expect(try store.value(of: "deep/down/b/c/0") == [1])
    #expect(try FileStore(opening: directory.path("deep/down/b/link")).keys() == ["kept"])
    #expect(try other.files() == ["kept"])
  }

  @Test("Directories without values do not block a move, and other files do")
  func movingToDirectories() throws {
    try store.put([1], at: "a/0")
    try FileManager.default.createDirectory(
      atPath: directory.path("b/c/d"), withIntermediateDirectories: true)
    try store.rename("a", to: "b")
    #expect(try directory.files() == ["b/0"])
    let leftover = directory.path("c/.0.0123456789abcdef.partial")
    try FileManager.default.createDirectory(atPath: directory.path("c"), withIntermediateDirectories: true)
    #expect(FileManager.default.createFile(atPath: leftover, contents: nil))
    #expect(throws: StoreError.self) { try store.rename("b", to: "c") }
    #expect(throws: StoreError.self) { try store.rename("b", to: "c/.0.0123456789abcdef.partial/d") }
    #expect(try directory.files() == ["b/0", "c/.0.0123456789abcdef.partial"])
  }

  @Test("Links to directories are listed as such, and files that are written are not listed")
  func listingDirectories() throws {
    try store.put([1], at: "a/b/0")
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("link"), withDestinationPath: directory.path("a"))
    #expect(
      FileManager.default.createFile(atPath: directory.path(".0.0123456789abcdef.partial"), contents: nil))
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("inner"), withDestinationPath: "a")
    try FileManager.default.createSymbolicLink(atPath: directory.path("file"), withDestinationPath: "a/b/0")
    try FileManager.default.createSymbolicLink(atPath: directory.path("a/loop"), withDestinationPath: "..")
    let listing = try store.listDirectory("")
    #expect(listing.prefixes.sorted() == ["a", "inner", "link"])
    #expect(listing.values == ["file"])
    #expect(try store.listDirectory("a") == DirectoryListing(prefixes: ["b"], loops: ["loop"]))
    #expect(try store.listDirectory("inner").prefixes == ["b"])
    #expect(Set(try store.keys()) == ["a/b/0", "inner/b/0", "file", "link"])
    // Where an absolute path leads, the store does not know.
    #expect(throws: StoreError.outside(path: directory.path("link"))) { try store.listDirectory("link") }
    #expect(throws: StoreError.self) { try store.listDirectory("..") }
  }
}
