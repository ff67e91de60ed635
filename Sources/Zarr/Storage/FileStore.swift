public import ChunkEngine
import Glibc
import Synchronization

/// A store in a directory: each value is a file, and the names of a key are directories on the way to it.
///
/// A value is written to a temporary file beside its place and renamed, so that readers see the old value or
/// the new one and a killed writer leaves neither. Nothing is synchronized to the disk beyond what the system
/// does by itself.
public final class FileStore: Store {
  let root: FileDescriptor
  public let location: String

  /// Numbers temporary files, so that no two writers of the process share one.
  private let nextTemporary = Atomic(0)

  /// Opens the store in a directory that exists.
  ///
  /// - Throws: ``StoreError/system(operation:path:code:)``
  public init(opening path: String) throws(StoreError) {
    guard let root = try FileDescriptor(opening: path, flags: O_DIRECTORY | O_RDONLY, path: path) else {
      throw .system(operation: "open", path: path, code: errno)
    }
    self.root = root
    location = path
  }

  /// Opens the store in a directory, which is made if it does not exist, with those above it.
  ///
  /// - Throws: ``StoreError/system(operation:path:code:)``
  public convenience init(creating path: String) throws(StoreError) {
    try Self.makeDirectory(path, in: AT_FDCWD, location: "")
    try self.init(opening: path)
  }

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    guard let file = try open(key) else { return false }
    let byteCount = try file.byteCount()
    guard byteCount <= limit else {
      throw StoreError.tooLarge(path: path(of: key), byteCount: byteCount, limit: limit)
    }
    try file.read(byteCount, at: 0, into: &arena)
    return true
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    guard let file = try open(key) else { return false }
    let range = range.clamped(to: 0..<(try file.byteCount()))
    try file.read(range.count, at: range.lowerBound, into: &arena)
    return true
  }

  public func byteCount(of key: StoreKey) throws -> Int? {
    var status = stat()
    guard unsafe fstatat(root.rawValue, key.description, &status, 0) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw StoreError.system(operation: "look at", path: path(of: key), code: errno)
    }
    return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    let temporary = try createTemporaryFile(for: key)
    let name = temporary.name
    do {
      try Self.fill(temporary.file, gather)
      guard unsafe renameat(root.rawValue, name, root.rawValue, key.description) == 0 else {
        throw StoreError.system(operation: "replace", path: path(of: key), code: errno)
      }
    } catch {
      _ = unsafe unlinkat(root.rawValue, name, 0)
      throw error
    }
  }

  public func delete(_ key: StoreKey) throws {
    guard unsafe unlinkat(root.rawValue, key.description, 0) == 0 || errno == ENOENT || errno == ENOTDIR
    else {
      throw StoreError.system(operation: "remove", path: path(of: key), code: errno)
    }
  }

  /// A file that is written beside the place of its value, and its name.
  private struct TemporaryFile: ~Copyable {
    let name: String
    let file: FileDescriptor
  }

  /// Creates the file that a value is written to, and the directories above it.
  private func createTemporaryFile(for key: StoreKey) throws(StoreError) -> TemporaryFile {
    let flags = O_WRONLY | O_CREAT | O_EXCL
    var hasDirectory = false
    while true {
      let name = temporaryName(for: key.description)
      do throws(StoreError) {
        let file = try FileDescriptor(opening: name, in: root.rawValue, flags: flags, path: path(of: key))
        if let file { return TemporaryFile(name: name, file: file) }
      } catch {
        // Left by a writer that was killed and had the same process number, as it happens in containers.
        guard case .system(_, _, EEXIST) = error else { throw error }
        continue
      }
      let code = errno
      guard !hasDirectory else { throw .system(operation: "create", path: path(of: key), code: code) }
      try Self.makeDirectory(Self.parent(of: name), in: root.rawValue, location: "\(location)/")
      hasDirectory = true
    }
  }

  /// Writes the parts of a value, and closes the file.
  private static func fill(
    _ file: consuming FileDescriptor, _ gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try gather { part in try file.write(part) }
  }

  private func open(_ key: StoreKey) throws(StoreError) -> FileDescriptor? {
    // Without blocking, or a pipe in place of a value would hold the reader for ever.
    try FileDescriptor(
      opening: key.description, in: root.rawValue, flags: O_RDONLY | O_NONBLOCK, path: path(of: key))
  }

  private func path(of key: StoreKey) -> String { "\(location)/\(key)" }

  /// A name beside that of a value, which no value has: `c/.0.1234-5.partial` for `c/0`.
  private func temporaryName(for key: String) -> String {
    let number = nextTemporary.wrappingAdd(1, ordering: .relaxed).oldValue
    let directory = Self.parent(of: key)
    let name = key.utf8.dropFirst(directory.isEmpty ? 0 : directory.utf8.count + 1)
    return "\(directory)\(directory.isEmpty ? "" : "/").\(Substring(name)).\(getpid())-\(number).partial"
  }

  static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(path[..<slash])
  }

  /// Makes a directory and those above it that do not exist; `location` is what errors put before its name.
  static func makeDirectory(_ name: String, in directory: Int32, location: String) throws(StoreError) {
    guard !name.isEmpty, unsafe mkdirat(directory, name, 0o777) != 0 else { return }
    switch errno {
    case EEXIST: return
    case ENOENT:
      try makeDirectory(parent(of: name), in: directory, location: location)
      guard unsafe mkdirat(directory, name, 0o777) == 0 || errno == EEXIST else { fallthrough }
    default: throw .system(operation: "make the directory", path: location + name, code: errno)
    }
  }
}
