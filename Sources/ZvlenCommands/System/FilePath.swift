import ZarrPlatform

/// Paths of files, as text.
enum FilePath {
  /// A path from the root directory, without empty names, `.` and `..`.
  static func absolute(_ path: String) -> String {
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    var names: [Substring] = []
    for name in Self.names(in: isAbsolute ? path : "\(currentDirectory)/\(path)") where name != "." {
      if name == ".." { _ = names.popLast() } else { names.append(name) }
    }
    return "/" + names.joined(separator: "/")
  }

  /// The directory that a path is in.
  static func parent(of path: String) -> String {
    "/" + names(in: absolute(path)).dropLast().joined(separator: "/")
  }

  /// The last name of a path, which is empty for the root directory.
  static func name(of path: String) -> String { names(in: absolute(path)).last.map(String.init) ?? "" }

  /// The names that a path consists of.
  ///
  /// A name can begin with a combining character, so that bytes are looked at.
  static func names(in path: String) -> [Substring] {
    path.utf8.split(separator: UInt8(ascii: "/")).map(Substring.init)
  }

  /// The path with its links resolved, or as it is if nothing is there.
  static func resolve(_ path: String) -> String { resolved(path) ?? absolute(path) }

  /// The path with its links resolved, or nil if nothing is there.
  static func resolved(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// The working directory.
  private static var currentDirectory: String {
    // One that was removed has no path, and nothing can be made in it.
    guard let path = unsafe getcwd(nil, 0) else { return "/proc/self/cwd" }
    defer { unsafe free(path) }
    return unsafe String(cString: path)
  }
}
