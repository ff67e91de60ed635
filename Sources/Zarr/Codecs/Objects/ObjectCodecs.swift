import ChunkEngine

extension CodecRegistry {
  /// The codecs with which zarr-python 2 stored objects, under their names in v2 and those of other libraries
  /// in v3.
  static let objects: [String: Factory] = [
    JSON2Codec.name: json2, "json2": json2,
    MessagePack2Codec.name: messagePack2, "msgpack2": messagePack2,
    CategorizeCodec.name: categorize, "categorize": categorize,
    "numcodecs.pickle": pickle, "pickle": pickle,
  ]

  private static func json2(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    try context.check("json", of: JSON2Codec.name)
    return .arrayToBytes(try JSON2Codec(settings))
  }

  private static func messagePack2(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    try context.check("json", of: MessagePack2Codec.name)
    return .arrayToBytes(try MessagePack2Codec(settings))
  }

  private static func categorize(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    try context.check("string", of: CategorizeCodec.name)
    return .arrayToBytes(try CategorizeCodec(settings))
  }

  private static func pickle(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    throw pickleError
  }

  /// Why pickles are not decoded, and what to do about it.
  static let pickleError = MetadataError(
    code: .unsupported, field: "codecs",
    message: """
      its elements are pickles, which are programs of Python: whoever reads one runs it. They are never decoded \
      here. To convert the array, open it with zarr-python 2 on a machine that may run them, with \
      NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE=1 where numcodecs asks for it, and write it again with \
      numcodecs.JSON() (json2) or numcodecs.VLenBytes() as object_codec
      """)
}

extension CodecContext {
  /// Checks that elements are of a data type.
  fileprivate func check(_ dataTypeName: String, of codec: String) throws(MetadataError) {
    guard dataType.name == dataTypeName else {
      throw MetadataError(
        code: .unexpectedValue, field: "codecs",
        message: "\(codec) stores elements of \(dataTypeName), not of \(dataType.name)")
    }
  }
}

/// Stands for the codecs of an array some of whose elements are pickles, and refuses to encode and decode.
///
/// A pickle is a program of Python, which runs when it is read. An array of them opens nevertheless, so that
/// its metadata can be looked at.
struct PickleCodec: ArrayToBytesCodec {
  static var name: String { "pickle" }

  /// The names that metadata has for it.
  static let names: Set<String> = ["pickle", "numcodecs.pickle"]

  func makeEncoder() throws(ChunkError) -> any ArrayEncoder { throw Self.refusal }

  func makeDecoder() throws(ChunkError) -> any ArrayDecoder { throw Self.refusal }

  private static var refusal: ChunkError {
    .refused(codec: name, reason: CodecRegistry.pickleError.message)
  }
}

/// A chunk as lists in lists, one level an axis.
///
///     shape 2, 3     [[e₀, e₁, e₂], [e₃, e₄, e₅]]     depth 2; a row begins at e₀ and e₃
struct NestedRows {
  /// The number of elements of a list, for each level but the outermost; the innermost comes last.
  private let elementCounts: [Int]

  /// The lists that an element is in.
  ///
  /// A chunk without axes is a list of one.
  let depth: Int

  /// Takes the shape of a chunk whose elements can be counted.
  init(_ shape: [Int]) {
    depth = max(1, shape.count)
    var counts: [Int] = []
    var count = 1
    for length in shape.dropFirst().reversed() {
      count *= length
      counts.append(count)
    }
    elementCounts = counts.reversed()
  }

  /// The number of lists that begin with the element at `index`, without the outermost.
  ///
  /// - Complexity: O(1), but for the few elements that begin many.
  func rowsBeginning(at index: Int) -> Int {
    var count = 0
    for elementCount in elementCounts.reversed() {
      guard elementCount > 0, index.isMultiple(of: elementCount) else { break }
      count += 1
    }
    return count
  }
}

extension ByteArena {
  /// Appends a copy of `bytes`.
  ///
  /// - Throws: `ChunkError.outOfMemory`
  mutating func append(_ bytes: [UInt8]) throws(ChunkError) {
    // SAFETY: Bytes have no padding.
    try append(copying: unsafe bytes.span.bytes)
  }

  /// Appends an element of a chunk that is decoded, in wire form, if that is within the limit.
  ///
  /// - Parameters:
  ///   - element: The bytes of the element.
  ///   - index: The index of the element in its chunk.
  ///   - limit: The most bytes that the chunk may have.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: `ChunkError.decodedByteCountExceedsLimit` and `ChunkError.outOfMemory`.
  mutating func appendDecoded(
    _ element: [UInt8], index: Int, limit: Int, codec: String
  ) throws(ChunkError) {
    // Both are in memory, so that the sum is far from overflowing.
    guard count + WireForm.lengthByteCount + element.count <= limit else {
      throw .decodedByteCountExceedsLimit(codec: codec, byteCount: nil, limit: limit)
    }
    // SAFETY: Bytes have no padding.
    try appendElement(
      unsafe element.span.bytes, index: index, maximumElementByteCount: WireForm.maximumElementByteCount)
  }
}
