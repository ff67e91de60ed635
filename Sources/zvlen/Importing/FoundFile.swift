/// A regular file below a directory.
struct FoundFile {
  /// Its name in the directory that holds it.
  let name: String

  /// The directory that holds it, open during the call that hands out the file.
  let directory: Int32

  /// Where it is, from the directory where the search began, with slashes between the names.
  let relativePath: String

  /// Where it is, for errors.
  let location: String
}
