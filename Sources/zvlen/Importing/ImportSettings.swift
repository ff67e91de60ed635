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
  /// - Throws: ``ToolError`` if it has not one axis, or another type than was asked for.
  func checkContinuable(_ array: ZarrArray, type: ElementType?) throws(ToolError) {
    guard array.shape.count == 1 else {
      throw ToolError(
        "\(array.location) has \(array.shape.count) axes; only arrays of one axis are continued")
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

  /// How long to wait for other imports to the same array.
  private static let lockTimeout = Duration.seconds(3600)

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
    access.allowsHugeElements ? Int(UInt32.max) - 1 : Int(Int32.max)
  }

  /// The error for an element above the limit.
  func tooLarge(_ location: String, byteCount: Int) -> ToolError {
    let advice =
      byteCount < Int(UInt32.max) ? "; --allow-huge-elements writes it, but zarr-python cannot read it" : ""
    return ToolError(
      "\(location) has \(byteCount) bytes, and an element has at most \(largestElementByteCount)\(advice)")
  }
}
