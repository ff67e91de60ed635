import Zarr

/// Finds paths that conflict: the same path twice, or a file that another path needs as a directory.
///
/// Also finds paths that differ only in case.
///
/// Each path, and each directory in it, is kept as a hash of 8 bytes, so that millions of them take little memory. A
/// second pass compares the paths with equal hashes.
struct PathCheck {
  /// Two paths that conflict, and their positions.
  struct Conflict {
    let first: (index: Int, path: String)
    let second: (index: Int, path: String)

    /// The conflict in words, which name the two.
    func description(_ first: String, _ second: String) -> String {
      let path = JSONValue.string(self.first.path)
      return self.first.path.utf8.elementsEqual(self.second.path.utf8)
        ? "\(first) and \(second) have the same path \(path)"
        : "\(first), \(path), and \(second), \(JSONValue.string(self.second.path)), cannot be in one directory: "
          + "the one is a file and the other needs a directory there"
    }
  }

  /// A path that may conflict with another one.
  private struct Suspect {
    let index: Int
    let path: String
    /// The length of the file or directory in question.
    let byteCount: Int
    var isFile: Bool { byteCount == path.utf8.count }
  }

  /// A directory on the way, or the whole path.
  private struct Place {
    /// Its length in the path.
    let byteCount: Int
    /// Its hash, which is the same for paths that differ only in case.
    let hash: UInt64
  }

  private var fileHashes: [UInt64] = []
  private var directoryHashes: [UInt64] = []
  private var last = ""

  /// The hashes that several paths have.
  private var repeated: Set<UInt64> = []

  /// The paths that have these hashes.
  private var suspects: [UInt64: [Suspect]] = [:]

  /// Pairs of paths that differ only in case.
  private(set) var collisions: [(first: String, second: String)] = []

  /// Keeps attackers from preparing paths with equal hashes.
  private let seed = UInt64.random(in: 0...UInt64.max)

  /// Takes a path in the first pass.
  mutating func add(_ path: String) {
    let places = places(of: path)
    // Successive paths are usually in the same directory.
    let common = zip(path.utf8, last.utf8).prefix { $0 == $1 }.count
    for place in places.dropLast() where place.byteCount >= common { directoryHashes.append(place.hash) }
    if let file = places.last { fileHashes.append(file.hash) }
    last = path
  }

  /// Whether a second pass is needed.
  mutating func needsSecondPass() -> Bool {
    fileHashes.sort()
    directoryHashes.sort()
    for (hash, next) in zip(fileHashes, fileHashes.dropFirst()) where hash == next { repeated.insert(hash) }
    var position = 0
    for hash in directoryHashes {
      while position < fileHashes.count, fileHashes[position] < hash { position += 1 }
      if position < fileHashes.count, fileHashes[position] == hash { repeated.insert(hash) }
    }
    (fileHashes, directoryHashes) = ([], [])
    return !repeated.isEmpty
  }

  /// Whether a path may conflict with another one, or differ from it only in case.
  func isSuspect(_ path: String) -> Bool {
    places(of: path).contains { repeated.contains($0.hash) }
  }

  /// Takes a path in the second pass.
  ///
  /// - Returns: The conflict with an earlier path, or nil. A path with a conflict is not taken.
  mutating func conflict(of path: String, index: Int) -> Conflict? {
    let places = places(of: path).filter { repeated.contains($0.hash) }
    func isSame(_ other: Suspect, _ place: Place) -> Bool {
      other.path.utf8.prefix(other.byteCount).elementsEqual(path.utf8.prefix(place.byteCount))
    }
    for place in places {
      let isFile = place.byteCount == path.utf8.count
      for other in suspects[place.hash, default: []] where other.isFile || isFile {
        if isSame(other, place) { return Conflict(first: (other.index, other.path), second: (index, path)) }
      }
    }
    for place in places {
      let suspect = Suspect(index: index, path: path, byteCount: place.byteCount)
      let others = suspects[place.hash, default: []]
      if suspect.isFile, let other = others.first(where: \.isFile) { collisions.append((other.path, path)) }
      // One path of each directory is enough.
      if !others.contains(where: { isSame($0, place) }) { suspects[place.hash, default: []].append(suspect) }
    }
    return nil
  }

  /// The directories on the way, and the path itself.
  private func places(of path: String) -> [Place] {
    let bytes = path.utf8
    // Lowercase text has its slashes in the same order, perhaps at other positions.
    var ends = bytes.enumerated().lazy.filter { $0.element == UInt8(ascii: "/") }.map(\.offset).makeIterator()
    var places: [Place] = []
    var hash = seed
    func takeByte(_ byte: UInt8) {
      if byte == UInt8(ascii: "/"), let end = ends.next() { places.append(Place(byteCount: end, hash: hash)) }
      hash = (hash ^ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 29
    }
    if bytes.allSatisfy({ $0 < 0x80 }) {
      for byte in bytes { takeByte(UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte) }
    } else {
      for byte in path.lowercased().utf8 { takeByte(byte) }
    }
    places.append(Place(byteCount: bytes.count, hash: hash))
    return places
  }
}
