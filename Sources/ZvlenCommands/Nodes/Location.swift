import Zarr

/// Where an array or group is or goes.
enum Location {
  /// A directory, with its path as you gave it.
  case directory(String)

  /// The root of a store that has no directories.
  case store(StorePlace)

  /// Takes what you name an array or group by.
  ///
  /// - Throws: ``ToolError`` for a URL of a scheme that is not known.
  init(_ text: String) throws(ToolError) {
    try Self.checkPath(text)
    self = .directory(text)
  }

  /// Checks that what is to be a path is no URL, which would become directories with odd names.
  static func checkPath(_ path: String) throws(ToolError) {
    let scheme = path.utf8.prefix { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        || "+-.".utf8.contains(byte)
    }
    guard let first = scheme.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first | 0x20,
      path.utf8.dropFirst(scheme.count).starts(with: "://".utf8)
    else { return }
    throw ToolError(
      "\(path) is a URL, and \(Substring(scheme)) is not a scheme that can be used here; a directory of that name is "
        + "./\(path)")
  }

  /// What errors call it.
  var name: String {
    switch self {
    case .directory(let path): path
    case .store(let place): place.name
    }
  }

  /// The location with the links of its path resolved.
  var resolved: Location {
    switch self {
    case .directory(let path): .directory(FilePath.resolve(path))
    case .store: self
    }
  }

  /// Opens the store whose root it is.
  ///
  /// - Throws: `StoreError`
  func open() throws -> any Store {
    switch self {
    case .directory(let path): try FileStore(opening: path)
    case .store(let place): place.store
    }
  }

  /// Whether an array or group is there.
  ///
  /// - Throws: ``ToolError`` and `StoreError`
  func hasNode() throws -> Bool {
    switch self {
    case .directory(let path): try DirectoryDestination.isNode(path)
    case .store(let place): try StoreDestination.isNode(place.store)
    }
  }

  /// Whether an array or group is there, and no stopped import is about to take its place.
  ///
  /// - Throws: ``ToolError`` and `StoreError`
  func isInPlace() throws -> Bool {
    if case .directory(let path) = self, try FileStatus(of: ImportRecord.workingPath(of: path)) != nil {
      return false
    }
    return try hasNode()
  }

  /// The directories that an import to it writes, which are not sources.
  var ownPaths: [String] {
    if case .directory(let path) = self { [path, ImportRecord.workingPath(of: path)] } else { [] }
  }

  /// The position of a stopped import with the same sources and options, or where a new one saves its own.
  ///
  /// - Parameters:
  ///   - job: The sources and options.
  ///   - adds: Whether the import appends.
  ///   - interval: The time between checkpoints.
  ///   - durability: Which failures a file survives.
  /// - Returns: The record of the position.
  /// - Throws: ``ToolError`` if the position is of another import, and `StoreError`.
  func importRecord(
    of job: JSONObject, adds: Bool, interval: Duration, durability: Durability
  ) throws -> ImportRecord {
    switch self {
    case .directory(let path):
      try ImportRecord(ofDirectory: path, job: job, adds: adds, interval: interval, durability: durability)
    case .store(let place):
      try ImportRecord(
        in: place.store, StoreDestination.recordKey, of: place.name,
        beginningAgain: StoreDestination.beginningAgain,
        job: job, adds: adds, interval: interval)
    }
  }

  /// Removes what a complete import may have left.
  ///
  /// - Throws: `StoreError`
  func sweep() throws {
    switch self {
    case .directory(let path): try FileStore(opening: path).sweepTemporaryFiles()
    case .store(let place): try StoreDestination.sweep(place.store)
    }
  }

  /// The places above it that can be groups, nearest first.
  var places: [EnclosingHierarchy.Place] {
    get throws {
      switch self {
      case .directory(let path): EnclosingHierarchy.places(above: path)
      case .store(let place): try place.above()
      }
    }
  }

  /// The groups that an existing node is in, or nil if it is in none.
  var hierarchy: EnclosingHierarchy? {
    get throws { try EnclosingHierarchy(above: places) }
  }
}

/// A store that has a node as its root, or gets one.
struct StorePlace {
  /// The store.
  let store: any Store

  /// The places above it that can be groups, nearest first.
  let above: () throws -> [EnclosingHierarchy.Place]

  /// Names a store, which is in no group by default.
  init(_ store: any Store, above: @escaping () throws -> [EnclosingHierarchy.Place] = { [] }) {
    self.store = store
    self.above = above
  }

  /// What errors call it.
  var name: String { store.location }
}
