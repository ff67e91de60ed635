public import ChunkEngine
public import Zarr

/// Stores text as lines: a codec that turns elements into bytes, `example.lines`.
public struct LinesCodec: ArrayToBytesCodec, ArrayEncoder, ArrayDecoder, MetadataCodec {
  public static var name: String { "example.lines" }

  /// Creates the codec.
  public init() {}

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly()
  }

  public var configuration: JSONObject { [:] }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let lineFeed: [UInt8] = [0x0A]
    var elements = try WireFormReader(source, expectedCount: chunk.elementCount, codec: Self.name)
    while let element = try elements.next() {
      guard !element.withUnsafeBytes({ $0.contains(0x0A) }) else {
        throw .unencodable(codec: Self.name, reason: "element \(elements.index - 1) has several lines")
      }
      try output.append(copying: element)
      try output.append(copying: lineFeed.span.bytes)
    }
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let lines = source.withUnsafeBytes {
      $0.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    }
    guard lines.count == chunk.elementCount + 1, lines.last == [] else {
      throw .malformed(
        codec: Self.name, reason: "\(lines.count - 1) lines for \(chunk.elementCount) elements")
    }
    guard source.byteCount + 4 * lines.count <= limit else {
      throw .decodedByteCountExceedsLimit(codec: Self.name, byteCount: nil, limit: limit)
    }
    try output.append(littleEndian: UInt32(chunk.elementCount))
    for (index, line) in lines.dropLast().enumerated() {
      try output.appendElement(
        line.span.bytes, index: index, maximumElementByteCount: WireForm.maximumElementByteCount)
    }
  }
}
