import ChunkEngine
import TestSupport
import Testing
import Zarr

/// Something that is done with arrays in a directory, in calls that can be made again.
enum DirectoryJob: String, CaseIterable, Codable, Sendable {
  case create
  case createShards
  case writeChunks
  case writeParts
  case writeShards
  case resize
  case append
  case appendToShards

  private static let elements = ArrayElements.numbered(10)
  private static let others = ArrayElements.numbered(10, label: "another ")
  private static let chunks = ArrayOptions(chunkSize: .rows(4), compressors: [.crc32c])
  private static let shards = ArrayOptions(chunkSize: .rows(2), shardSize: .rows(4), compressors: [])

  /// Stores the arrays that there are before any job.
  static func prepare(_ store: FileStore) throws {
    try ZarrArray.create(in: store, at: "chunks", writing: elements, options: chunks)
    try ZarrArray.create(in: store, at: "shards", writing: elements, options: shards)
  }

  /// Does the job, each call of it by `attempt`.
  func run(in store: FileStore, attempt: (() throws -> Void) throws -> Void) throws {
    func open(_ name: String) throws -> ZarrArray {
      var array: ZarrArray?
      try attempt { array = try ZarrArray.open(in: store, at: name, access: ArrayAccess(workerCount: 1)) }
      return try #require(array)
    }
    switch self {
    case .create:
      try attempt { try ZarrArray.create(in: store, at: "new", writing: Self.others, options: Self.chunks) }
    case .createShards:
      try attempt { try ZarrArray.create(in: store, at: "new", writing: Self.others, options: Self.shards) }
    case .writeChunks:
      let array = try open("chunks")
      try attempt { try array.write(Array(Self.others[0..<8]), to: [0..<8]) }
    case .writeParts:
      let array = try open("chunks")
      try attempt { try array.write(Array(Self.others[3..<9]), to: [3..<9]) }
    case .writeShards:
      let array = try open("shards")
      try attempt { try array.write(Array(Self.others[3..<9]), to: [3..<9]) }
    case .resize:
      let array = try open("chunks")
      try attempt { try array.resize(to: [20]) }
    case .append, .appendToShards:
      let array = try open(self == .append ? "chunks" : "shards")
      // It reads the last chunk.
      var opened: Appender?
      try attempt { opened = try Appender(to: array) }
      let appender = try #require(opened)
      for (index, element) in Self.others.enumerated() {
        try attempt { try appender.append(element) }
        if index % 4 == 2 { try attempt { try appender.checkpoint() } }
      }
      try attempt { try appender.finish() }
    }
  }

  /// Checks that elements of which nothing was changed are there, and of others the old or the new one.
  static func checkCommitted(in store: FileStore, _ comment: Comment) throws {
    for name in ["chunks", "shards"] {
      let found = try ZarrArray.open(in: store, at: name).read().arrays()
      #expect(found.count >= elements.count, comment)
      for (index, element) in found.enumerated() {
        let isFromBefore = index >= elements.count ? element.isEmpty : element == elements[index]
        let isNew = others.contains(element)
        #expect(isFromBefore || isNew, "\(comment): element \(index) of \(name) is \(element)")
      }
    }
  }

  /// Checks what is there when the job is done.
  func check(in store: FileStore, _ comment: Comment) throws {
    func read(_ name: String) throws -> [[UInt8]] { try ZarrArray.open(in: store, at: name).read().arrays() }
    var (chunks, shards) = (Self.elements, Self.elements)
    switch self {
    case .create, .createShards: #expect(try read("new") == Self.others, comment)
    case .writeChunks: chunks[0..<8] = Self.others[0..<8]
    case .writeParts: chunks[3..<9] = Self.others[3..<9]
    case .writeShards: shards[3..<9] = Self.others[3..<9]
    case .resize: chunks += [[UInt8]](repeating: [], count: 10)
    case .append: chunks += Self.others
    case .appendToShards: shards += Self.others
    }
    #expect(try read("chunks") == chunks, comment)
    #expect(try read("shards") == shards, comment)
  }
}
