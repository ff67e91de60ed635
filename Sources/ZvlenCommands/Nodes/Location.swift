import Zarr
import ZarrPlatform
import ZarrRemote

/// Where an array or group is or goes.
enum Location {
  /// A directory, with its path as you gave it.
  case directory(String)

  /// The root of a store that has no directories.
  case store(StorePlace)

  /// Opens what you name an array or group by: the path of a directory, or a URL.
  ///
  /// - Parameters:
  ///   - text: The path or the URL.
  ///   - isWritable: Whether it is written to.
  ///   - durability: Which failures files survive.
  /// - Throws: `StoreError`, also for a URL that cannot be opened.
  init(_ text: String, isWritable: Bool = false, durability: Durability = .atomic) throws {
    if let path = text.isEmpty ? text : try Stores.path(of: text) {
      // A file of another name may be a mistake.
      let isArchive =
        try path.utf8.reversed().starts(with: ".zip".utf8.reversed())
        && FileStatus(of: path)?.isRegularFile == true
      guard isArchive else {
        self = .directory(path)
        return
      }
    }
    var options = StoreOptions()
    options.isWritable = isWritable
    options.durability = durability
    let opened = try Stores.open(text, options: options)
    if let files = opened.store as? FileStore {
      self = .directory(opened.path == .root ? files.location : "\(files.location)/\(opened.path)")
    } else {
      self = .store(try StorePlace(opened))
    }
  }

  /// Checks that what is to be the path of a file or a directory is no other URL, and returns the path.
  static func path(_ text: String) throws -> String {
    guard !text.isEmpty else { return text }
    guard let path = try Stores.path(of: text) else {
      throw ToolError("\(text) is not the path of a file or directory, which is needed here")
    }
    return path
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

  /// Says that an import was stopped that saved its position, which another import that begins anew leaves there.
  ///
  /// - Throws: ``ToolError`` if it is running.
  func noteStoppedImport() throws {
    guard case .directory(let path) = self else { return }
    let workingPath = ImportRecord.workingPath(of: path)
    guard let status = try FileStatus(at: workingPath) else { return }
    if status.isDirectory {
      let directory = try OpenFile(workingPath, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      guard directory.lock() != .isHeld else { throw ToolError("another import to \(path) is running") }
    }
    let note =
      "an import to \(path) was stopped; its command goes on with --resume, or remove \(workingPath), where its data is"
    StandardError.write("zvlen: note: \(OneLine(note))\n")
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

  /// The version of Zarr that the URL names, or nil.
  let format: ZarrFormat?

  /// The places above it that can be groups, nearest first.
  let above: () throws -> [EnclosingHierarchy.Place]

  /// Names a store, which is in no group by default.
  init(_ store: any Store, above: @escaping () throws -> [EnclosingHierarchy.Place] = { [] }) {
    self.store = store
    self.above = above
    format = nil
  }

  /// Takes what a URL leads to.
  init(_ opened: OpenedStore) throws {
    store = try opened.rooted()
    format = opened.format
    above = { try opened.places().map { EnclosingHierarchy.Place(store: $0.store, path: $0.path) } }
  }

  /// What errors call it.
  var name: String { store.location }

  /// Whether nothing of what is written is seen, or kept, until all of it is.
  var isArchive: Bool { store is any FinishingStore }

  /// Checks that a version of Zarr is the one that the URL names, if it names one.
  func check(_ found: ZarrFormat?) throws(ToolError) {
    guard let format, let found, format != found else { return }
    throw ToolError("\(name) is of Zarr v\(found.rawValue), and the URL says zarr\(format.rawValue)")
  }
}
