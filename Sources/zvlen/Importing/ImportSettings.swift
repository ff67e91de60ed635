import ChunkEngine
import Zarr

/// What all ways of importing have in common.
struct ImportSettings {
  /// What new arrays are like.
  let encoding: EncodingOptions

  /// How many threads work.
  let access: ArrayAccess

  /// The bytes of full chunks that may wait to be stored.
  let memoryBudget: Int

  /// Checks that elements of a type can go to the end of an array.
  ///
  /// - Throws: ``ToolError`` if it has not one dimension, or another type than was asked for.
  func checkContinuable(_ array: ZarrArray, type: ElementType?) throws(ToolError) {
    guard array.shape.count == 1 else {
      throw ToolError(
        "\(array.location) has \(array.shape.count) dimensions; only arrays of one dimension are continued")
    }
    if let type, type.dataType != array.dataType {
      throw ToolError(
        "\(array.location) has elements of type \(array.dataType.name), not \(type.rawValue); leave out --type, "
          + "or name another directory")
    }
  }

  /// Goes on at the end of an array.
  func continuing(_ array: ZarrArray) throws -> Appender {
    try Appender(
      to: array, evenChunkByteCount: encoding.chunkByteCount, memoryBudget: memoryBudget,
      lockTimeout: Self.lockTimeout, monitor: Interruption.monitor)
  }

  /// The most bytes of a chunk of a new array besides its largest element.
  var chunkByteLimit: Int {
    Appender.chunkByteLimit(
      forChunksOf: encoding.chunkByteCount, inShards: encoding.shardBytes != nil, memoryBudget: memoryBudget,
      access.limits)
  }

  /// How long to wait for other imports to the same array.
  static let lockTimeout = Duration.seconds(3600)

  /// Fills rows of an array, which are whole chunks.
  func filling(_ rows: Range<Int>, of array: ZarrArray) throws -> Appender {
    try Appender(filling: rows, of: array, memoryBudget: memoryBudget, monitor: Interruption.monitor)
  }

  /// Creates an array to fill.
  func create(in store: FileStore, at path: String = "", options: ArrayOptions) throws -> Appender {
    try Appender.create(
      in: store, at: path, options: options, access: access, memoryBudget: memoryBudget,
      monitor: Interruption.monitor)
  }
}

extension ImportSettings {
  /// The largest element that is written.
  var largestElementByteCount: Int {
    // A chunk has its number of elements besides, and the length of each.
    min(
      access.allowsHugeElements ? Int(UInt32.max) - 1 : Int(Int32.max),
      access.limits.decodedByteCountPerChunk - 8)
  }

  /// The error for an element above the limit.
  func tooLarge(_ location: String, byteCount: Int) -> ToolError {
    let advice =
      if byteCount >= Int(UInt32.max) {
        ""
      } else if byteCount > access.limits.decodedByteCountPerChunk - 8 {
        "; with --chunk-limit \(byteCount / 1_000_000 + 1)MB it is written, and then all commands that read it need that"
          + (byteCount > Int(Int32.max) ? "; it needs --allow-huge-elements too" : "")
      } else {
        "; --allow-huge-elements writes it, but zarr-python cannot read it"
      }
    return ToolError(
      "\(location) has \(byteCount) bytes, and an element has at most \(largestElementByteCount)\(advice)")
  }
}
