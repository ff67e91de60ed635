import CSystemCalls
import Glibc

extension FileStore {
  /// Replaces the value, unless somebody who did not look at the old one has done so.
  ///
  /// The new file and the one that is there change places in one step, and what came out of it is looked at:
  ///
  ///     c/0                 old            new            whoever finds another one than the old
  ///     .0.….partial        new    ──▶     what it was    changes them back, and says so
  ///
  /// File systems that cannot do that are looked at just before. Values that are written in their place, as
  /// with ``Durability/none``, are not looked at.
  public func replace(
    _ old: (any StoredValue)?, at key: StoreKey, byteCount: Int,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try replace(old, at: key, isSynchronized: durability == .durable, gather)
  }

  public func replaceDeferred(
    _ old: (any StoredValue)?, at key: StoreKey, byteCount: Int,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    willDefer()
    try replace(old, at: key, isSynchronized: false, gather)
  }

  private func replace(
    _ old: (any StoredValue)?, at key: StoreKey, isSynchronized: Bool,
    _ gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var new: FileIdentity?
    do {
      try write(key, isSynchronized: isSynchronized, gather) { name throws(StoreError) in
        if let old = old as? FileValue {
          try exchange(name, with: key, replacing: old)
        } else {
          let own = FileIdentity(of: name, in: root.rawValue)
          try place(name, at: key)
          new = own
        }
      }
    } catch {
      takeBack(new, at: key)
      throw error
    }
  }

  /// Deletes a value, unless it is another one by now.
  ///
  /// The file gets a hidden name first, and is looked at under that name:
  ///
  ///     c/0    old   ──▶   .0.….removed   old       is deleted
  ///                                       another   gets its name back
  ///
  /// Others may see that there is no value for a moment. If the process is killed then, the next sweep gives the
  /// file its name back. A lock on the old file tells a sweep that the process is still at work.
  public func delete(_ old: (any StoredValue)?, at key: StoreKey) throws {
    // If there was no value, one that is there now was written by others.
    guard let old = old as? FileValue else { return }
    // Most other values are noticed here, and keep their name.
    guard try FileIdentity(of: key.description, in: root.rawValue) == old.identity() else {
      throw StoreError.changed(path: path(of: key))
    }
    old.lock()
    let name = Self.sibling(of: key.description, TemporaryName.makeRemoved)
    guard retrying({ unsafe renameat(root.rawValue, key.description, root.rawValue, name) }) == 0 else {
      if errno == ENOENT { throw StoreError.changed(path: path(of: key)) }
      throw StoreError.system(operation: "remove", path: path(of: key), code: errno)
    }
    guard try FileIdentity(of: name, in: root.rawValue) == old.identity() else {
      restore(name, as: key.description)
      throw StoreError.changed(path: path(of: key))
    }
    _ = unsafe unlinkat(root.rawValue, name, 0)
    if durability == .durable { try synchronizeDirectory(Self.parent(of: key.description)) }
  }

  /// Gives a file its name back that was to be deleted, or removes it if there is a newer one under that name.
  func restore(_ name: String, as original: String) {
    if unsafe csystemcalls_rename(root.rawValue, name, original, csystemcalls_rename_new) == 0 { return }
    switch errno {
    case EEXIST: _ = unsafe unlinkat(root.rawValue, name, 0)
    case EINVAL, ENOSYS:
      // A link is made only if the name is free, too.
      let isLinked = unsafe linkat(root.rawValue, name, root.rawValue, original, 0) == 0
      if isLinked || errno == EEXIST { _ = unsafe unlinkat(root.rawValue, name, 0) }
    default: break
    }
  }

  /// Gives a file its name, if no other has it.
  private func place(_ name: String, at key: StoreKey) throws(StoreError) {
    guard unsafe csystemcalls_rename(root.rawValue, name, key.description, csystemcalls_rename_new) != 0
    else { return }
    switch errno {
    case EEXIST: throw .changed(path: path(of: key))
    case EINVAL, ENOSYS:
      guard unsafe faccessat(root.rawValue, key.description, F_OK, AT_SYMLINK_NOFOLLOW) != 0 else {
        throw .changed(path: path(of: key))
      }
      try rename(name, to: key)
    case let code: throw .system(operation: "replace", path: path(of: key), code: code)
    }
  }

  /// Has a file take the place of another one.
  private func exchange(
    _ name: String, with key: StoreKey, replacing old: FileValue
  ) throws(StoreError) {
    let number = root.rawValue
    let own = FileIdentity(of: name, in: number)
    let isDone = unsafe csystemcalls_rename(number, name, key.description, csystemcalls_rename_exchange) == 0
    guard isDone else {
      switch errno {
      case ENOENT: throw .changed(path: path(of: key))
      case EINVAL, ENOSYS:
        guard try FileIdentity(of: key.description, in: number) == old.identity() else {
          throw .changed(path: path(of: key))
        }
        return try rename(name, to: key)
      case let code: throw .system(operation: "replace", path: path(of: key), code: code)
      }
    }
    guard try FileIdentity(of: name, in: number) == old.identity() else {
      try undoExchange(of: name, own: own, with: key)
      throw .changed(path: path(of: key))
    }
    _ = unsafe unlinkat(number, name, 0)
  }

  /// Puts what somebody else has written back in its place.
  private func undoExchange(of name: String, own: FileIdentity?, with key: StoreKey) throws(StoreError) {
    let number = root.rawValue
    guard unsafe csystemcalls_rename(number, name, key.description, csystemcalls_rename_exchange) == 0 else {
      throw .system(operation: "replace", path: path(of: key), code: errno)
    }
    // Somebody has replaced it once more in between, and theirs is the newest.
    if FileIdentity(of: name, in: number) != own { try rename(name, to: key) }
  }
}
