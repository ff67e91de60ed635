import ChunkEngine

/// The limit on the decoded bytes of a chunk.
let decodingLimit = 1 << 16

/// The limits for arrays.
let decodingLimits = DecodingLimits(
  decodedByteCountPerChunk: decodingLimit, decodedByteCountPerCall: 4 * decodingLimit,
  shardIndexByteCount: 1 << 12)

extension BytesDecoder {
  /// Decodes bytes, and checks the limit.
  func decoded(_ bytes: [UInt8], limit: Int = decodingLimit) throws -> [UInt8] {
    var arena = ByteArena()
    do {
      try decode(bytes.span.bytes, into: &arena, limit: limit)
    } catch {
      // One more byte tells a full output from an excessive one.
      let capacity = arena.capacity
      try check(capacity <= limit + 1, "\(capacity) bytes were taken for an error, the limit is \(limit)")
      throw error
    }
    let (count, capacity) = (arena.count, arena.capacity)
    try check(count <= limit && capacity <= limit + 1, "\(count) of \(capacity) bytes, the limit is \(limit)")
    return Array(copying: arena.bytes)
  }
}

extension BytesToBytesCodec {
  /// Encodes bytes with an encoder of this codec.
  func encoded(_ bytes: [UInt8], with encoder: any BytesEncoder) throws -> [UInt8] {
    var arena = ByteArena()
    try arena.append(addingCapacity: maximumEncodedByteCount(of: bytes.count)) {
      output throws(ChunkError) in
      try encoder.encode(bytes.span.bytes, into: &output)
    }
    return Array(copying: arena.bytes)
  }
}

extension ArrayDecoder {
  /// Decodes a chunk, and checks the limit.
  func decoded(_ bytes: [UInt8], of chunk: ChunkRepresentation) throws -> [UInt8] {
    var arena = ByteArena()
    try decode(bytes.span.bytes, of: chunk, into: &arena, limit: decodingLimit)
    let count = arena.count
    try check(count <= decodingLimit, "\(count) decoded bytes are above the limit")
    if let expected = chunk.byteCount {
      try check(count == expected, "\(count) decoded bytes in place of \(expected)")
    }
    return Array(copying: arena.bytes)
  }
}

extension ArrayEncoder {
  /// Encodes a chunk.
  func encoded(_ bytes: [UInt8], of chunk: ChunkRepresentation) throws -> [UInt8] {
    var arena = ByteArena()
    try encode(bytes.span.bytes, of: chunk, into: &arena)
    return Array(copying: arena.bytes)
  }
}

/// The elements of a chunk in wire form, or nil if it is damaged, by the definition of the format and without
/// code of the engine.
func referenceElements(_ bytes: [UInt8], count: Int) -> [[UInt8]]? {
  var rest = bytes[...]
  func length() -> Int? {
    guard rest.count >= 4 else { return nil }
    defer { rest = rest.dropFirst(4) }
    return rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
  }
  guard length() == count else { return nil }
  var elements: [[UInt8]] = []
  for _ in 0..<count {
    guard let byteCount = length(), byteCount <= rest.count else { return nil }
    elements.append(Array(rest.prefix(byteCount)))
    rest = rest.dropFirst(byteCount)
  }
  return rest.isEmpty ? elements : nil
}

/// The wire form of elements.
func referenceWireForm(_ elements: [[UInt8]]) -> [UInt8] {
  func length(_ count: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } }
  return length(elements.count) + elements.flatMap { length($0.count) + $0 }
}
