import ChunkEngine
import Zarr

/// A path, or a pattern of paths, that chooses files of an imported directory.
///
/// In a pattern, `*` and `?` stand for any characters and one character but slashes, `[a-z]` for one of some, `[!a-z]` for
/// one of the others, `**` for anything with slashes, and `**/` also for nothing. A backslash takes the next character
/// as it is.
struct PathPattern {
  /// How a path fits.
  enum Match: Equatable {
    /// It is the path.
    case file
    /// It is in a directory that fits, whose path has this many bytes.
    case below(Int)
  }

  private enum Token {
    case scalar(Unicode.Scalar)
    case anyScalar
    case oneOf([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    case anyName
    case anything
    case anyDirectories
  }

  /// The path that it is if it is none with special characters, without a slash at the end.
  let path: String

  /// What fits, or nil if only the path does.
  private let tokens: [Token]?

  /// What all paths that fit begin with.
  private let prefix: [UInt8]

  /// Takes what you write for files.
  ///
  /// A slash at the end does not count.
  init(_ text: String) {
    let bytes = text.utf8
    let count = bytes.count - bytes.reversed().prefix { $0 == UInt8(ascii: "/") }.count
    path = String(Substring(bytes.prefix(count)))
    let special = path.utf8.firstIndex { "*?[\\".utf8.contains($0) }
    prefix = Array(path.utf8[..<(special ?? path.utf8.endIndex)])
    tokens = special == nil ? nil : Self.tokens(of: Array(path.unicodeScalars))
  }

  /// Whether it has special characters.
  var isPattern: Bool { tokens != nil }

  /// Whether it is the path of a file, or of a directory but the topmost one.
  var isPlain: Bool { tokens == nil && !path.isEmpty }

  private static func tokens(of text: [Unicode.Scalar]) -> [Token] {
    var tokens: [Token] = []
    var rest = text[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*":
        guard rest.first == "*" else {
          tokens.append(.anyName)
          continue
        }
        let isName = tokens.isEmpty || { if case .scalar("/")? = tokens.last { true } else { false } }()
        rest = rest.drop { $0 == "*" }
        if isName, rest.first == "/" {
          rest.removeFirst()
          tokens.append(.anyDirectories)
        } else {
          tokens.append(.anything)
        }
      case "?": tokens.append(.anyScalar)
      case "[":
        if let (token, after) = oneOf(rest) {
          tokens.append(token)
          rest = after
        } else {
          tokens.append(.scalar(scalar))
        }
      case "\\": tokens.append(.scalar(rest.popFirst() ?? scalar))
      default: tokens.append(.scalar(scalar))
      }
    }
    return tokens
  }

  /// Reads what follows an opening bracket, or returns nil if there is no closing one.
  private static func oneOf(
    _ text: ArraySlice<Unicode.Scalar>
  ) -> (token: Token, after: ArraySlice<Unicode.Scalar>)? {
    var rest = text
    let isNegated = rest.first == "!" || rest.first == "^"
    if isNegated { rest.removeFirst() }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var isFirst = true
    while var low = rest.popFirst() {
      // A closing bracket that comes first is one of the characters.
      if low == "]", !isFirst { return (.oneOf(ranges, isNegated: isNegated), rest) }
      isFirst = false
      if low == "\\", let next = rest.popFirst() { low = next }
      var high = low
      if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
        high = end
        rest = rest.dropFirst(2)
      }
      if low <= high { ranges.append(low...high) }
    }
    return nil
  }

  /// How a path fits, or nil if it does not.
  ///
  /// - Complexity: O(*n* *m*) for a path of *n* bytes and a pattern of *m*.
  func match(_ path: RawSpan) -> Match? {
    // SAFETY: The bytes are read inside of the closure only.
    unsafe path.withUnsafeBytes { path in
      guard unsafe path.starts(with: prefix) else { return nil }
      guard let tokens else {
        if path.count == prefix.count { return .file }
        let isBelow = unsafe prefix.isEmpty || path[prefix.count] == UInt8(ascii: "/")
        return isBelow ? .below(prefix.count) : nil
      }
      return match(unsafe String(decoding: path, as: UTF8.self).unicodeScalars, tokens)
    }
  }

  /// Follows all ways to read the pattern at the same time.
  private func match(_ path: String.UnicodeScalarView, _ tokens: [Token]) -> Match? {
    var places = [Bool](repeating: false, count: tokens.count + 1)
    places[0] = true
    /// Adds the places after those tokens that stand for nothing.
    func pass(_ places: inout [Bool], isNewName: Bool) {
      for (index, token) in tokens.enumerated() where places[index] {
        switch token {
        case .anyName, .anything: places[index + 1] = true
        case .anyDirectories where isNewName: places[index + 1] = true
        default: break
        }
      }
    }
    pass(&places, isNewName: true)
    var byteCount = 0
    var directory: Match?
    for scalar in path {
      if scalar == "/", places[tokens.count], directory == nil { directory = .below(byteCount) }
      var next = [Bool](repeating: false, count: tokens.count + 1)
      var isOpen = false
      for (index, token) in tokens.enumerated() where places[index] {
        switch token {
        case .scalar(let own) where own == scalar: next[index + 1] = true
        case .anyScalar where scalar != "/": next[index + 1] = true
        case .oneOf(let ranges, let isNegated)
        where scalar != "/" && ranges.contains { $0.contains(scalar) } != isNegated: next[index + 1] = true
        case .anyName where scalar != "/": next[index] = true
        case .anything, .anyDirectories: next[index] = true
        default: continue
        }
        isOpen = true
      }
      guard isOpen else { return directory }
      pass(&next, isNewName: scalar == "/")
      places = next
      byteCount += UTF8.width(scalar)
    }
    return places[tokens.count] ? .file : directory
  }
}

extension FileTreeGroup {
  /// Finds the files that paths and patterns choose.
  ///
  /// A path that is that of a file stands for it, and one of a directory for all files in it. Those paths that the index
  /// leads to are found without reading the others.
  ///
  /// - Parameters:
  ///   - texts: The paths and patterns.
  ///   - allowsNone: Whether one may stand for no file.
  /// - Returns: For each, the files that it stands for and the files in directories that it stands for, both in order.
  /// - Throws: ``ToolError`` for one that stands for no file, and what reading the paths throws.
  func files(
    matching texts: [String], allowsNone: Bool = false
  ) throws -> [(files: [Int], below: [Int])] {
    let patterns = texts.map { PathPattern($0) }
    // A name may have the characters of a pattern.
    var exact = try indexedFiles(at: patterns.map(\.path))
    var found = exact.map { (files: $0.map { [$0] } ?? [], below: [Int]()) }
    let missing = exact.indices.filter { exact[$0] == nil }
    guard !missing.isEmpty else { return found }
    let plain = PathTable(missing.filter { patterns[$0].isPlain }.map { ($0, patterns[$0].path) })
    let special = missing.filter { !patterns[$0].isPlain }
    try forEachRawPath(in: 0..<count) { file, path in
      plain.forEach(in: path) { number, match in
        if match == .file { exact[number] = file } else { found[number].below.append(file) }
      }
      for number in special {
        if path.isEqual(to: patterns[number].path.utf8Bytes) { exact[number] = file }
        switch patterns[number].match(path) {
        case .file: found[number].files.append(file)
        case .below: found[number].below.append(file)
        case nil: break
        }
      }
    }
    for number in missing {
      if let file = exact[number] { found[number] = ([file], []) }
      guard !allowsNone, found[number].files.isEmpty, found[number].below.isEmpty else { continue }
      throw ToolError(
        patterns[number].isPattern
          ? "no file of \(location) matches \(texts[number])" : "\(location) has no file \(texts[number])")
    }
    return found
  }

  /// Finds the files with some paths, as far as the index leads to them.
  ///
  /// - Returns: The position of each, or nil if it was not found. If several files have the path, it is the last one that
  ///   was found.
  private func indexedFiles(at wanted: [String]) throws -> [Int?] {
    var found = [Int?](repeating: nil, count: wanted.count)
    // Reading so many paths takes about as long as finding one with the index.
    let pathsPerLookup = 10_000
    let (worthwhile, overflows) = wanted.count.multipliedReportingOverflow(by: pathsPerLookup)
    guard !overflows, worthwhile <= count,
      let index = try PathIndex(in: paths.store, at: path, access: paths.access), index.count > 0
    else { return found }
    for (number, text) in wanted.enumerated() {
      let rows = try index.rows(withHash: PathIndex.hash(of: text.utf8Bytes)) ?? []
      found[number] = try rows.first { row in
        guard row < count else { return false }
        let path = try paths.read(at: [row])
        return path.rawSpan.isEqual(to: text.utf8Bytes) && !isRemoved(row, path.rawSpan)
      }
    }
    guard index.count < count else { return found }
    try forEachRawPath(in: index.count..<count) { file, path in
      for number in wanted.indices where path.isEqual(to: wanted[number].utf8Bytes) { found[number] = file }
    }
    return found
  }
}

/// Paths to look for, by their hashes.
private struct PathTable {
  private var numbers: [UInt32: [(number: Int, path: String)]] = [:]

  /// Takes paths with a number for each.
  init(_ paths: [(number: Int, path: String)]) {
    for path in paths { numbers[PathIndex.hash(of: path.path.utf8Bytes), default: []].append(path) }
  }

  /// Calls `body` with the number of each path that is `path` or a directory above it.
  ///
  /// - Complexity: O(*n*) for a path of *n* bytes with few slashes, however many paths there are.
  func forEach(in path: RawSpan, _ body: (Int, PathPattern.Match) -> Void) {
    guard !numbers.isEmpty else { return }
    for end in 1..<path.byteCount + 1 {
      let isWhole = end == path.byteCount
      guard unsafe isWhole || path.unsafeLoad(fromByteOffset: end, as: UInt8.self) == UInt8(ascii: "/") else {
        continue
      }
      let part = path.extracting(0..<end)
      for wanted in numbers[PathIndex.hash(of: part)] ?? [] where part.isEqual(to: wanted.path.utf8Bytes) {
        body(wanted.number, isWhole ? .file : .below(end))
      }
    }
  }
}
