import ChunkEngine

extension CodecRegistry {
  /// The codecs with which zarr-python 2 stored objects.
  ///
  /// They have the names of Zarr v2, and the names that other libraries use in v3.
  static let objects: [String: Factory] = [
    JSON2Codec.name: codec(.json, JSON2Codec.self), "json2": codec(.json, JSON2Codec.self),
    MessagePack2Codec.name: codec(.json, MessagePack2Codec.self),
    "msgpack2": codec(.json, MessagePack2Codec.self),
    CategorizeCodec.name: codec(.string, CategorizeCodec.self),
    "categorize": codec(.string, CategorizeCodec.self),
    "numcodecs.pickle": pickle, "pickle": pickle,
  ]

  private static func codec<Codec: ArrayToBytesCodec & MetadataCodec>(
    _ dataType: DataType, _: Codec.Type
  ) -> Factory {
    { settings, context throws(MetadataError) in
      guard context.dataType == dataType else {
        throw settings.error(
          "\(Codec.name) stores elements of \(dataType.name), not of \(context.dataType.name)")
      }
      return .arrayToBytes(try Codec(settings))
    }
  }

  private static let pickle: Factory = { _, _ throws(MetadataError) in throw pickleError }

  /// Why the library does not decode pickles, and what you can do about it.
  static let pickleError = MetadataError(
    code: .unsupported, field: "codecs",
    message: """
      its elements are pickles, which are Python programs that run when you read them. They are never decoded \
      here. To convert the array, open it with zarr-python 2 on a machine that may run them (set \
      NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE=1 if numcodecs asks for it), and write it again with \
      numcodecs.JSON() (json2) or numcodecs.VLenBytes() as object_codec
      """)
}

/// Stands for the codecs of an array with pickles.
///
/// It refuses to encode and decode.
///
/// A pickle is a Python program that runs when you read it. You can still open the array to see its metadata.
struct PickleCodec: ArrayToBytesCodec {
  static var name: String { "pickle" }

  /// The names of the codec in metadata.
  static let names: Set<String> = ["pickle", "numcodecs.pickle"]

  func makeEncoder() throws(ChunkError) -> any ArrayEncoder { throw Self.refusal }

  func makeDecoder() throws(ChunkError) -> any ArrayDecoder { throw Self.refusal }

  private static var refusal: ChunkError {
    .refused(codec: name, reason: CodecRegistry.pickleError.message)
  }
}

/// A chunk as nested lists, one level for each dimension.
///
///     shape 2, 3     [[e₀, e₁, e₂], [e₃, e₄, e₅]]     depth 2; a row begins at e₀ and e₃
struct NestedRows {
  /// The number of elements of a list, for each level but the outermost; the innermost comes last.
  private let elementCounts: [Int]

  /// The number of lists that contain an element.
  ///
  /// A chunk without dimensions is a list of one.
  let depth: Int

  /// Takes the shape of a chunk whose number of elements fits an `Int`.
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
  /// - Complexity: Amortized O(1).
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
    try append(copying: bytes.rawSpan)
  }

  /// Appends an element of a decoded chunk in wire form, if the chunk stays within the limit.
  ///
  /// - Throws: `ChunkError.decodedByteCountExceedsLimit` and `ChunkError.outOfMemory`.
  mutating func appendDecoded(
    _ element: [UInt8], index: Int, limit: Int, codec: String
  ) throws(ChunkError) {
    // Both are in memory, so that the sum is far from overflowing.
    guard count + WireForm.lengthByteCount + element.count <= limit else {
      throw .decodedByteCountExceedsLimit(codec: codec, byteCount: nil, limit: limit)
    }
    try appendElement(
      element.rawSpan, index: index, maximumElementByteCount: WireForm.maximumElementByteCount)
  }
}
