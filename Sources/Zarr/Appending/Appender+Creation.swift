extension Appender {
  /// Creates an array and an appender of values of a type to it.
  ///
  ///     let appender = try Appender.create(of: Station.self, in: store, at: "stations")
  ///     for station in stations { try appender.append(station) }
  ///     try appender.finish()
  ///
  /// See ``create(in:at:rowShape:options:access:memoryBudget:monitor:)``. The data type is that of the values
  /// unless the options say another.
  ///
  /// - Throws: As that, and ``ZarrError/element(path:index:reason:)`` if values of the type cannot be
  ///   elements.
  public static func create<Element: ZarrElement>(
    of type: Element.Type, in store: any Store, at path: String = "", rowShape: [Int] = [],
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    memoryBudget: Int = standardMemoryBudget, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> Appender {
    var options = options
    let dataType = options.dataType ?? type.dataType
    options.dataType = dataType
    let node = try ZarrArray.nodePath(path, in: store)
    try zarrErrors(at: ZarrArray.location(store, node)) { try type.checkWritable(to: dataType) }
    return try create(
      in: store, at: path, rowShape: rowShape, options: options, access: access, memoryBudget: memoryBudget,
      monitor: monitor)
  }

  /// Creates an array and an appender to it.
  ///
  /// If the options give the size of chunks or shards in bytes, the array is created as soon as there are
  /// enough elements to know how many make a chunk, at the latest at the first checkpoint with elements or
  /// when the appender is finished. If there are none by then, the chunks are those of elements of 1 KiB.
  ///
  /// - Parameters:
  ///   - store: Where the array goes.
  ///   - path: The path in the store, nothing for its root.
  ///   - rowShape: The number of elements along each dimension but the first.
  ///   - options: What the array is like.
  ///   - access: How the array is worked on.
  ///   - memoryBudget: The bytes of full chunks that may wait to be stored. There is always room for one.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The appender.
  /// - Throws: As ``ZarrArray/create(in:at:shape:options:access:)``.
  public static func create(
    in store: any Store, at path: String = "", rowShape: [Int] = [], options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess(), memoryBudget: Int = standardMemoryBudget,
    monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> Appender {
    let path = try ZarrArray.nodePath(path, in: store)
    return try zarrErrors(at: ZarrArray.location(store, path)) {
      try create(in: store, at: path, rowShape, options, access, memoryBudget, monitor)
    }
  }

  private static func create(
    in store: any Store, at path: NodePath, _ rowShape: [Int], _ options: ArrayOptions, _ access: ArrayAccess,
    _ memoryBudget: Int, _ monitor: ProgressMonitor?
  ) throws -> Appender {
    let create = { (meanByteCount: Double?) in
      try ZarrArray.create(
        in: store, at: path, shape: [0] + rowShape, meanByteCount: meanByteCount, options: options,
        access: access)
    }
    if case .evenBytes(let byteCount) = options.chunkSize {
      return try Appender(
        to: create(nil), evenChunkByteCount: byteCount, memoryBudget: memoryBudget, monitor: monitor)
    }
    guard let byteCount = options.sampledByteCount else {
      return try Appender(to: create(nil), memoryBudget: memoryBudget, monitor: monitor)
    }
    if !options.overwrites, try NodeMetadata.exists(in: store, at: path) {
      throw ZarrError.alreadyExists(path: ZarrArray.location(store, path))
    }
    let transfer = ElementTransfer(options.dataType ?? .bytes, access)
    let sample = OpenChunk(
      layout: transfer.dataType.layout, maximumElementByteCount: access.maximumElementByteCount)
    try sample.reset(expectedByteCount: min(byteCount, memoryBudget))
    return Appender(
      sampling: sample, byteCount: min(byteCount, memoryBudget),
      chunkByteCount: options.chunkByteCount, create: create, transfer: transfer,
      location: ZarrArray.location(store, path), memoryBudget: memoryBudget, monitor: monitor)
  }
}

extension ArrayOptions {
  /// The bytes of elements that have to be seen to know how many make a chunk or a shard, or nil if that is
  /// said.
  fileprivate var sampledByteCount: Int? {
    guard case .bytes(let byteCount)? = shardSize else { return chunkByteCount }
    // A few small elements say little of many.
    return max(chunkByteCount ?? 0, min(byteCount, Self.largestShardSample))
  }

  /// About how many bytes a chunk has, or nil if that is not said.
  fileprivate var chunkByteCount: Int? {
    if case .bytes(let byteCount) = chunkSize { byteCount } else { nil }
  }

  private static var largestShardSample: Int { 1 << 20 }
}
