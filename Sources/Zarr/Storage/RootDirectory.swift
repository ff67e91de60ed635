import CSystemCalls
import ChunkEngine
import Synchronization
import ZarrPlatform

/// The directory of a store, which is held open: the store goes with it when it is moved.
///
/// If it is removed, whatever is in its place by then takes over its number at the next call that finds
/// nothing. If it was replaced, as `zvlen import --overwrite` does, what is in its place is something else. If
/// nothing was opened in it yet, the new one takes over; otherwise calls that find nothing, and those that write,
/// are errors. Calls that find something ask for no more than before.
struct RootDirectory: ~Copyable {
  private let descriptor: FileDescriptor
  private let location: String

  /// The path without links from the root of the system on, which is the same when the process works elsewhere.
  private let absolutePath: String

  /// How often the directory was replaced, times two; odd while that is done.
  private let version = Atomic(0)
  private let replacement = Locked(())

  /// Whether something in the directory was opened, so that what comes next has to be in the same one.
  private let isUsed = Atomic(false)

  /// Opens a directory.
  ///
  /// - Throws: ``StoreError/system(operation:path:code:)``
  init(opening path: String) throws(StoreError) {
    guard let descriptor = try Self.open(path, location: path) else {
      throw .system(operation: "open", path: path, code: errno)
    }
    self.descriptor = descriptor
    location = path
    absolutePath = Self.resolve(path)
  }

  /// The number by which the system knows it, which stays the same.
  var rawValue: Int32 { descriptor.rawValue }

  /// What the system knows of it.
  func status() throws(StoreError) -> stat { try descriptor.status() }

  /// Opens what is below the directory, or the directory itself for an empty name; nil if there is no such
  /// file.
  ///
  /// - Parameters:
  ///   - name: Names with slashes between them.
  ///   - flags: As the system has them.
  ///   - isBeneath: Whether links must not lead out of the directory.
  ///   - path: What errors name.
  /// - Returns: The file, or nil.
  /// - Throws: ``StoreError/outside(path:)`` and ``StoreError/system(operation:path:code:)``, also if the
  ///   directory was removed or replaced: in what is not there is nothing, which is not the same as values that
  ///   were never written.
  func open(
    _ name: String, flags: Int32, isBeneath: Bool, path: ShownPath
  ) throws(StoreError) -> FileDescriptor? {
    while true {
      let version = version.load(ordering: .acquiring)
      let file = try FileDescriptor(
        opening: name.isEmpty ? "." : name, in: rawValue, flags: flags, isBeneath: isBeneath, path: path)
      let code = errno
      if let file {
        guard name.isEmpty else {
          guard !isUsed.load(ordering: .relaxed) else { return file }
          isUsed.store(true, ordering: .sequentiallyConsistent)
          // A thread that did not see this may have gone on in another directory.
          let isSame = self.version.load(ordering: .sequentiallyConsistent) == version
          if isSame, version.isMultiple(of: 2) { return file }
          continue
        }
        // One that was removed can still be opened by itself.
        if try file.status().st_nlink > 0 { return file }
      }
      if try isGone(orReplaced: !isUsed.load(ordering: .sequentiallyConsistent)) {
        try replace()
      } else if version.isMultiple(of: 2), self.version.load(ordering: .acquiring) == version {
        errno = code
        return nil
      }
    }
  }

  /// Throws if another directory has taken the place of this one, which others do not find any more.
  func checkIsNotReplaced() throws(StoreError) { _ = try isGone() }

  /// Whether the directory was removed; throws if it was replaced, unless that is asked for too.
  private func isGone(orReplaced countsReplaced: Bool = false) throws(StoreError) -> Bool {
    let own = try status()
    if own.st_nlink == 0 {
      guard countsReplaced || own.st_mode & 0o7777 != Self.retiredMode else { throw replaced }
      return true
    }
    // Where there is nothing, it was moved.
    guard let found = stat(of: absolutePath), FileIdentity(found) != FileIdentity(own) else { return false }
    if countsReplaced { return true }
    // It may have been removed in between.
    guard try status().st_nlink > 0 else { return try isGone() }
    throw replaced
  }

  private var replaced: StoreError {
    .replaced(path: location)
  }

  /// The rights to a directory that is removed because it was replaced.
  static let retiredMode: mode_t = 0

  /// Goes on in the directory that is in place of the one that was removed.
  private func replace() throws(StoreError) {
    try replacement.withLock { _ throws(StoreError) in
      // Another thread may have done it.
      let isUnused = !isUsed.load(ordering: .sequentiallyConsistent)
      guard try isGone(orReplaced: isUnused) else { return }
      guard let directory = try Self.open(absolutePath, location: location) else {
        throw .system(operation: "use the removed directory", path: location, code: ENOENT)
      }
      version.wrappingAdd(1, ordering: .sequentiallyConsistent)
      defer { version.wrappingAdd(1, ordering: .acquiringAndReleasing) }
      // A thread that has opened something by now goes on in the old one.
      if isUnused, isUsed.load(ordering: .sequentiallyConsistent), try !isGone() { return }
      guard retrying({ csystemcalls_replace(rawValue, directory.rawValue) }) >= 0 else {
        throw .system(operation: "open", path: location, code: errno)
      }
    }
  }

  private static func open(_ path: String, location: String) throws(StoreError) -> FileDescriptor? {
    try FileDescriptor(opening: path, flags: O_DIRECTORY | O_RDONLY, path: ShownPath(location))
  }

  private static func resolve(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }
}
