import ChunkEngine
import Zarr

/// The description of a node by `zvlen tree`.
struct NodeSummary {
  private let entry: NodeEntry

  /// The path of the node, as other commands take it.
  private let path: String

  /// The stored size of an array, or why it is not known.
  ///
  /// Nil if it is not wanted.
  private let storedByteCount: Result<Int, any Error>?

  /// The metadata, or why it is not known.
  private let metadata: Result<NodeMetadata, any Error>

  /// Looks at a node.
  ///
  /// - Throws: `ZarrError.cancelled`
  init(of entry: NodeEntry, in store: any Store, path: String, addsSizes: Bool) throws {
    self.entry = entry
    self.path = path
    metadata = Result { try entry.metadata() }
    if case .failure(let error) = metadata, RootCommand.canRunAgain(after: error) { throw error }
    guard addsSizes, entry.kind == .array else {
      storedByteCount = nil
      return
    }
    let size = Result {
      try store.list(entry.path.description).reduce(0) { total, key in
        try Interruption.check()
        return try sumOrMaximum(total, store.byteCount(of: key) ?? 0)
      }
    }
    if case .failure(let error) = size, !(error is StoreError) || RootCommand.canRunAgain(after: error) {
      throw error
    }
    // Another array may have replaced this one meanwhile.
    let replaced = ZarrError.replaced(path: path)
    if NodeEntry(in: store, at: entry.path)?.fields != entry.fields, RootCommand.canRunAgain(after: replaced)
    {
      throw replaced
    }
    storedByteCount = size
  }

  /// The description as JSON.
  var json: JSONValue {
    var object: JSONObject = ["path": .string(path)]
    object["node_type"] = (entry.kind?.rawValue).map(JSONValue.string) ?? .null
    object["zarr_format"] = (entry.zarrFormat?.rawValue).map(JSONValue.integer) ?? .null
    switch metadata {
    case .success(.array(let array)):
      object["shape"] = Self.json(array.shape)
      object["data_type"] = .string(array.dataTypeName)
      let shards = array.shardChunkShape
      object["chunk_shape"] = Self.json(shards ?? array.chunkGrid.chunkShape)
      if shards != nil { object["shard_shape"] = Self.json(array.chunkGrid.chunkShape) }
      object["codecs"] = .array(array.codecs.map(\.json))
    case .success: break
    case .failure(let error): object["error"] = .string(Self.reason(for: error))
    }
    switch storedByteCount {
    case .success(let byteCount)?: object["stored_bytes"] = .integer(byteCount)
    case .failure(let error)?:
      object["stored_bytes"] = .null
      object["error"] = .string("\(error)")
    case nil: break
    }
    return .object(object)
  }

  /// The description as text, without the name.
  var words: String {
    // A limit or a permission is no damage.
    var kind = entry.kind?.rawValue ?? "damaged"
    if entry.kind == nil, case .failure(let error) = metadata, FailureKind(of: error) != .damaged {
      kind = "not readable"
    }
    let format = entry.zarrFormat == .version2 ? ["Zarr v2"] : []
    let parts: [String] =
      switch metadata {
      case .success(.array(let array)):
        ["\(array.dataTypeName) \(array.shape)"] + format + [Self.chunks(of: array)]
          + array.codecs.map(\.summary)
      case .success: [kind] + format
      case .failure(let error): [kind] + format + [Self.reason(for: error)]
      }
    let size: [String] =
      switch storedByteCount {
      case .success(let byteCount)?: [Quantity.bytes(byteCount)]
      case .failure(let error)?: ["of unknown size: \(error)"]
      case nil: []
      }
    return (parts + size).joined(separator: ", ")
  }

  private static func chunks(of array: ArrayMetadata) -> String {
    let grid = array.chunkGrid
    let outer = "\(grid.isRectilinear ? "up to " : "")\(grid.chunkShape)"
    guard let inner = array.shardChunkShape else { return "chunks \(outer)" }
    return "chunks \(inner) in shards \(outer)"
  }

  private static func json(_ shape: [Int]) -> JSONValue { .array(shape.map(JSONValue.integer)) }

  /// Why metadata is not known, without the path.
  static func reason(for error: any Error) -> String {
    if case ZarrError.metadata(_, let reason) = error { return "\(reason)" }
    return "\(error)"
  }
}

extension ArrayMetadata {
  /// The shape of inner chunks, or nil if the array has no shards.
  fileprivate var shardChunkShape: [Int]? {
    guard let shards = codecs.first(where: { $0.name == "sharding_indexed" }) else { return nil }
    return shards.configuration["chunk_shape"]?.arrayValue?.compactMap(\.integerValue)
  }
}

extension MetadataExtension {
  /// The name with its settings, such as `zstd(level 3, checksum false)`.
  var summary: String {
    let settings = configuration.map { name, value in
      // Shards have their own codecs.
      let codecs = name.hasSuffix("codecs") ? value.arrayValue : nil
      let text =
        codecs?.map { (try? MetadataExtension($0, field: name))?.summary ?? $0.description }
        .joined(separator: " + ")
      return "\(name) \(text ?? value.stringValue ?? value.description)"
    }
    return settings.isEmpty ? name : "\(name)(\(settings.joined(separator: ", ")))"
  }
}
