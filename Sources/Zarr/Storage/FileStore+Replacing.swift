import CSystemCalls
import ZarrPlatform

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

  public func delete(_ old: (any StoredValue)?, at key: StoreKey) throws {
    // Without one there is nothing to delete, and what others have written since then is theirs.
    guard let old = old as? FileValue else { return }
    // What is not to be deleted keeps its name, whenever the process may be killed; below it is looked at once
    // more, because it may be replaced at this moment.
    guard try FileIdentity(of: key.description, in: root.rawValue) == old.identity() else {
      throw StoreError.changed(path: path(of: key))
    }
    let name = temporaryName(for: key.description)
    guard retrying({ unsafe renameat(root.rawValue, key.description, root.rawValue, name) }) == 0 else {
      if errno == ENOENT { throw StoreError.changed(path: path(of: key)) }
      throw StoreError.system(operation: "remove", path: path(of: key), code: errno)
    }
    defer { _ = unsafe unlinkat(root.rawValue, name, 0) }
    guard try FileIdentity(of: name, in: root.rawValue) == old.identity() else {
      // Where there is a third one by now, this one was replaced anyway.
      _ = unsafe csystemcalls_rename(root.rawValue, name, key.description, csystemcalls_rename_new)
      throw StoreError.changed(path: path(of: key))
    }
    if durability == .durable { try synchronizeDirectory(Self.parent(of: key.description)) }
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
