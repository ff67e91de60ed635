import ChunkEngine
import Zarr

/// The paths that are stored of an import, to see which files of a directory are new.
///
/// Of each path a number is kept, 8 bytes. A new path that has the number of another one, which is as likely as
/// one in 10¹² with 10 million paths, changes what is known of the files that are stored, and is an error then.
struct ImportedPaths {
  private var hashes: [Int] = []

  /// The number of paths.
  let count: Int

  /// Reads paths.
  init(_ range: Range<Int>, of group: FileTreeGroup) throws {
    count = range.count
    try group.forEachPath(in: range) { _, path in hashes.append(Self.hash(path)) }
    hashes.sort()
  }

  /// Whether a path is among them.
  ///
  /// - Complexity: O(log *n*)
  func contains(_ path: String) -> Bool {
    let hash = Self.hash(path)
    var range = hashes.indices
    while let middle = range.isEmpty ? nil : range.lowerBound + range.count / 2 {
      if hashes[middle] == hash { return true }
      range = hashes[middle] < hash ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return false
  }

  /// Of the bytes: paths that only look alike are different.
  private static func hash(_ path: String) -> Int { Array(path.utf8).hashValue }
}

extension ZarrArray {
  /// Calls `body` with text elements and their positions, which are read in blocks.
  ///
  /// - Throws: ``ToolError`` for one that is not UTF-8.
  func forEachString(in range: Range<Int>, _ body: (Int, String) throws -> Void) throws {
    try forEachBlock(of: range, monitor: Interruption.monitor) { block in
      for index in block.elements.indices {
        let text: String
        do {
          text = try block.elements.string(at: index)
        } catch {
          throw ToolError("\(location): element \(block.offset + index) is not UTF-8")
        }
        try body(block.offset + index, text)
      }
    }
  }
}
