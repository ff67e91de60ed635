import Zarr

/// Finds paths that cannot be together in one directory: those that are there twice, and files that others
/// need as a directory; and those that are one path where case does not count.
///
/// Of each path, and of each directory in it, a number is kept, 8 bytes, so that millions of them take little
/// memory; paths with the same number are compared when all are known.
struct PathCheck {
  /// Two paths that are in each other's way, and which of all they are.
  struct Conflict {
    let first: (index: Int, path: String)
    let second: (index: Int, path: String)

    /// What is wrong, with words for the two.
    func description(_ first: String, _ second: String) -> String {
      let path = JSONValue.string(self.first.path)
      return self.first.path.utf8.elementsEqual(self.second.path.utf8)
        ? "\(first) and \(second) have the same path \(path)"
        : "\(first), \(path), and \(second), \(JSONValue.string(self.second.path)), cannot be in one directory: "
          + "the one is a file and the other needs a directory there"
    }
  }

  /// What a path is to another one.
  private struct Suspect {
    let index: Int
    let path: String
    /// The bytes of it that are the file or directory in question.
    let byteCount: Int
    var isFile: Bool { byteCount == path.utf8.count }
  }

  /// The part of a path that is a directory, or all of it.
  private struct Place {
    /// Its bytes in the path.
    let byteCount: Int
    /// A number that it has in common with those that differ only in case.
    let hash: UInt64
  }

  private var fileHashes: [UInt64] = []
  private var directoryHashes: [UInt64] = []
  private var last = ""

  /// The numbers that several paths have.
  private var repeated: Set<UInt64> = []

  /// What has these numbers.
  private var suspects: [UInt64: [Suspect]] = [:]

  /// The paths that differ only in case, in pairs.
  private(set) var collisions: [(first: String, second: String)] = []

  /// So that nobody can prepare paths that have one number.
  private let seed = UInt64.random(in: 0...UInt64.max)

  /// Takes a path in the first pass over all of them.
  mutating func add(_ path: String) {
    let places = places(of: path)
    // Paths that follow each other are mostly in the same directory.
    let common = zip(path.utf8, last.utf8).prefix { $0 == $1 }.count
    for place in places.dropLast() where place.byteCount >= common { directoryHashes.append(place.hash) }
    if let file = places.last { fileHashes.append(file.hash) }
    last = path
  }

  /// Whether the paths have to be looked at a second time.
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

  /// Whether a path may be in the way of another one, or be the same where case does not count.
  func isSuspect(_ path: String) -> Bool {
    places(of: path).contains { repeated.contains($0.hash) }
  }

  /// Takes a path in the second pass.
  ///
  /// - Returns: One of the paths before that it cannot be with, if there is one; it is then not taken.
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
      // Of the paths in one directory, one is enough.
      if !others.contains(where: { isSame($0, place) }) { suspects[place.hash, default: []].append(suspect) }
    }
    return nil
  }

  /// The directories that a path is in, but for the first one, and the file.
  private func places(of path: String) -> [Place] {
    let bytes = path.utf8
    // Slashes are in the same order without case, if not at the same places.
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
