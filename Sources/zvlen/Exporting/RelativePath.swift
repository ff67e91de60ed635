/// A path that stays below the directory that it is used in.
struct RelativePath: CustomStringConvertible {
  /// The names of the directories on the way.
  let directories: ArraySlice<String>

  /// The name of the file.
  let name: String

  /// The path as it was given.
  let description: String

  /// Checks a path that somebody else wrote.
  ///
  /// - Throws: ``ToolError`` with the reason, for all that could lead elsewhere: absolute paths, `..`, and
  ///   names that are not one name to every system call.
  init(_ text: String) throws(ToolError) {
    let names = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    for name in names {
      let reason: String? =
        if text.utf8.isEmpty {
          "is empty"
        } else if text.utf8.first == UInt8(ascii: "/") {
          "is absolute"
        } else if name.utf8.isEmpty {
          "has an empty name in it"
        } else if name.utf8.elementsEqual("..".utf8) || name.utf8.elementsEqual(".".utf8) {
          "has \"\(name)\" in it"
        } else if name.utf8.contains(0) {
          "has a NUL character in it"
        } else {
          nil
        }
      if let reason { throw ToolError(reason) }
    }
    description = text
    directories = names.dropLast()
    name = names.last ?? ""
  }
}
