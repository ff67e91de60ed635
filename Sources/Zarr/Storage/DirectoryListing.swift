/// The names that the keys of a store have directly below a prefix.
///
/// With the keys `a/zarr.json`, `a/b/zarr.json` and `a/b/c/0`, the prefix `a` has the value `zarr.json` and
/// the prefix `b`.
public struct DirectoryListing: Hashable, Sendable {
  /// The names of values, in no particular order.
  public var values: [String]

  /// The names with something below them, in no particular order.
  ///
  /// A store may name some below which there is nothing any more.
  public var prefixes: [String]

  /// The names of symbolic links to directories that the names are in, below which there would be no end.
  public var loops: [String]

  /// Whether the prefix itself is a symbolic link, whose values are somewhere else.
  var isLinked = false

  /// Whether the prefix is a symbolic link that is found by way of another one.
  var isBelowLink = false

  /// Creates a listing.
  public init(values: [String] = [], prefixes: [String] = [], loops: [String] = []) {
    self.values = values
    self.prefixes = prefixes
    self.loops = loops
  }

  /// Finds the names in the keys of a store, of which not all need to be below the prefix.
  ///
  /// - Complexity: O(*n*) where *n* is the number of keys.
  init(of keys: some Sequence<StoreKey>, below prefix: String) {
    self.init()
    let start = prefix.isEmpty ? "" : prefix + "/"
    var found: Set<ExactString> = []
    for key in keys {
      let text = key.description.utf8
      guard text.starts(with: start.utf8) else { continue }
      let rest = text.dropFirst(start.utf8.count)
      let name = rest.prefix { $0 != UInt8(ascii: "/") }
      if name.endIndex == text.endIndex {
        values.append(String(Substring(name)))
      } else {
        found.insert(ExactString(String(Substring(name))))
      }
    }
    prefixes = found.map(\.text)
  }
}
