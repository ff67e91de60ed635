import Zarr

/// Finds paths that are there twice, and those that are one path where case does not count.
///
/// Of each path a number is kept, so that millions of them take little memory; paths with the same number are
/// compared when all are known.
struct PathCheck {
  private var hashes: [Int] = []

  /// The numbers that several paths have.
  private var repeated: Set<Int> = []

  /// The paths with these numbers, and which of all paths they are.
  private var suspects: [[UInt8]: [(index: Int, path: String)]] = [:]

  /// The paths that differ only in case, in pairs.
  private(set) var collisions: [(first: String, second: String)] = []

  /// Takes a path in the first pass over all of them.
  mutating func add(_ path: String) {
    hashes.append(Self.folded(path).hashValue)
  }

  /// Whether the paths have to be looked at a second time.
  mutating func needsSecondPass() -> Bool {
    hashes.sort()
    for (hash, next) in zip(hashes, hashes.dropFirst()) where hash == next { repeated.insert(hash) }
    hashes = []
    return !repeated.isEmpty
  }

  /// Takes a path in the second pass.
  ///
  /// - Throws: ``ToolError`` if the path was there before.
  mutating func compare(_ path: String, index: Int) throws(ToolError) {
    let folded = Self.folded(path)
    guard repeated.contains(folded.hashValue) else { return }
    let others = suspects[folded, default: []]
    if let same = others.first(where: { $0.path.utf8.elementsEqual(path.utf8) }) {
      throw ToolError(
        "elements \(same.index) and \(index) have the same path \(JSONValue.string(path)), and no file is "
          + "written")
    }
    if let other = others.first { collisions.append((other.path, path)) }
    suspects[folded, default: []].append((index, path))
  }

  /// The bytes of the path without case: paths that only look alike are different.
  private static func folded(_ path: String) -> [UInt8] { Array(path.lowercased().utf8) }
}
