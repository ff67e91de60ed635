import Glibc
import Zarr

/// Writes files below a directory, and nowhere else.
///
/// Every directory on the way is opened by its own name in the one before, and links are not followed. The
/// directories of the last file stay open, because the next one is often in them too.
final class DirectoryWriter {
  /// A directory that is open, and its name in the one before.
  private final class Level {
    let name: String
    let directory: OpenFile

    init(name: String, directory: consuming OpenFile) {
      self.name = name
      self.directory = directory
    }
  }

  private let root: Level
  private var levels: [Level] = []
  private let overwrites: Bool

  /// Writes below the directory at `path`, which exists.
  init(below path: String, overwrites: Bool) throws {
    root = Level(name: path, directory: try OpenFile(path, flags: O_RDONLY | O_DIRECTORY))
    self.overwrites = overwrites
  }

  /// Writes a file, and makes the directories on the way.
  ///
  /// - Throws: ``ToolError``, also if the file exists and may not be overwritten.
  func write(_ bytes: RawSpan, to path: RelativePath) throws {
    StandardStreams.noteOutput()
    let parent = try level(of: path.directories)
    let location = "\(parent.directory.path)/\(path.name)"
    let number = parent.directory.number
    // What is replaced stays until the new file is whole.
    let name = overwrites ? TemporaryName.make(for: path.name) : path.name
    do {
      // Never through a link: a new file, or none.
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
      let file = try OpenFile(name, in: number, flags: flags, path: location)
      // Whoever sweeps leaves files that are locked.
      if overwrites { _ = file.lock() }
      do {
        try file.write(bytes)
        if unsafe overwrites && renameat(number, name, number, path.name) != 0 {
          throw ToolError(operation: "replace", path: location, code: errno)
        }
      } catch {
        _ = unsafe unlinkat(number, name, 0)
        throw error
      }
    } catch let error as ToolError where error.code == EEXIST {
      throw ToolError("\(location) exists already; --overwrite replaces such files")
    }
  }

  /// Opens the directory with the given names, and makes what is missing.
  private func level(of names: ArraySlice<String>) throws(ToolError) -> Level {
    let common = zip(levels, names).prefix { $0.name.utf8.elementsEqual($1.utf8) }.count
    levels.removeSubrange(common...)
    for name in names.dropFirst(common) {
      let parent = (levels.last ?? root).directory.number
      let location = "\((levels.last ?? root).directory.path)/\(name)"
      guard unsafe mkdirat(parent, name, 0o777) == 0 || errno == EEXIST else {
        throw ToolError(operation: "make the directory", path: location, code: errno)
      }
      let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
      do throws(ToolError) {
        levels.append(
          Level(name: name, directory: try OpenFile(name, in: parent, flags: flags, path: location)))
      } catch {
        guard error.code == ENOTDIR || error.code == ELOOP else { throw error }
        throw ToolError("\(location) is a link or a file, and a directory is needed there; remove it")
      }
    }
    return levels.last ?? root
  }
}
