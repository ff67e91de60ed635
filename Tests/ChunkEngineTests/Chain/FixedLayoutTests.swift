import ChunkEngine
import TestSupport
import Testing

/// Stores elements as they are, but backwards, so that a codec has to run.
private struct BackwardsCodec: ArrayToBytesCodec, ArrayEncoder, ArrayDecoder {
  static var name: String { "backwards" }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let backwards = Array(Array(copying: source).reversed())
    try output.append(copying: backwards.span.bytes)
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try encode(source, of: chunk, into: &output)
  }
}

/// Puts the number of elements along the first dimension before a chunk.
private struct LengthCodec: ArrayToArrayCodec {
  static var name: String { "length" }

  func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation {
    try ChunkRepresentation(shape: [(chunk.byteCount ?? 0) + 4], layout: .fixed(byteCount: 1))
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try output.append(littleEndian: UInt32(chunk.shape[0]))
    try output.append(copying: source)
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    guard source.byteCount >= 4 else { throw .malformed(codec: Self.name, reason: "it is too short") }
    try output.append(copying: source.extracting(4..<source.byteCount))
  }
}

@Suite("Elements of fixed size")
struct FixedLayoutTests {
  private static let layout = ElementLayout.fixed(byteCount: 3)
  private static let elements: [[UInt8]] = (0..<12).map { [UInt8($0), 0, UInt8(255 - $0)] }

  private static let chains = [
    CodecChain(BackwardsCodec(), layout: layout),
    CodecChain(BackwardsCodec(), stages: [.checksum(CRC32CCodec())], layout: layout),
    CodecChain(
      BackwardsCodec(),
      stages: [.checksum(CRC32CCodec()), .transform(ZstdCodec()), .checksum(CRC32CCodec())],
      arrayToArray: [LengthCodec(), LengthCodec()], layout: layout),
  ]

  private func encode(
    _ elements: [[UInt8]], _ chain: CodecChain, unlessAllEqual fillValue: [UInt8]? = nil
  ) throws -> [UInt8]? {
    var encoder = try ChunkEncoder(chain)
    var stored: [UInt8]?
    _ = try encoder.encode(
      elements, shape: [3, elements.count / 3], unlessAllEqual: fillValue
    ) { stored = Array(copying: $0) }
    return stored
  }

  @Test("come back from every chain, all of them and runs of them", arguments: chains.indices)
  func roundTrip(index: Int) throws {
    let chain = Self.chains[index]
    let stored = try #require(try encode(Self.elements, chain))
    var decoder = try ChunkDecoder(chain)
    let chunk = try #require(
      try decoder.decode(shape: [3, 4]) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      })
    let all = try BlobView(chunk, count: 12, chain: chain)
    #expect(all.arrays() == Self.elements)
    if let packed = all.packedBytes {
      #expect(Array(copying: packed) == Self.elements.flatMap(\.self))
    } else {
      Issue.record("they do not stand back to back")
    }
    let builder = try BlobViewBuilder(count: 4, chain: chain)
    let runs = [
      ElementRun(chunkIndex: 1, selectionIndex: 0, count: 2),
      ElementRun(chunkIndex: 11, selectionIndex: 3, count: 1),
    ]
    try builder.place(chunk, count: 12, runs: runs)
    let fillRuns = [ElementRun(chunkIndex: 0, selectionIndex: 2, count: 1)]
    try builder.place(repeating: Self.layout.sharedElement([7, 8, 9]), runs: fillRuns.span)
    #expect(builder.finish().arrays() == [Self.elements[1], Self.elements[2], [7, 8, 9], Self.elements[11]])
    // What was read is a source of the same elements.
    let again = all.arrays()
    #expect(try encode(again, chain) == stored)
  }

  @Test(
    "are shown without a copy, and repeated in place of a chunk that is not stored", arguments: chains.indices
  )
  func scanning(index: Int) throws {
    let chain = Self.chains[index]
    let stored = try #require(try encode(Self.elements, chain))
    var scanner = try ChunkDecoder(chain)
    for runs in [[(2, 3)], [(0, 1), (4, 2)], [(0, 12)]] {
      var position = 0
      let runs = runs.map { start, count in
        defer { position += count }
        return ElementRun(chunkIndex: start, selectionIndex: position, count: count)
      }
      var shown: [[UInt8]] = []
      let isStored = try scanner.scan(count: 12, shape: [3, 4], runs: runs) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      } _: { elements in
        shown = elements.indices.map { Array(copying: elements[$0]) }
      }
      #expect(isStored)
      #expect(shown == runs.flatMap { Self.elements[$0.chunkIndex..<$0.chunkIndex + $0.count] })
    }
    try scanner.show(repeating: Self.layout.sharedElement([1, 2, 3]), count: 5) { elements in
      #expect(elements.indices.map { Array(copying: elements[$0]) } == Array(repeating: [1, 2, 3], count: 5))
    }
  }

  @Test("that all equal the fill value are not encoded")
  func fillValue() throws {
    let chain = Self.chains[0]
    let same = [[UInt8]](repeating: [1, 2, 3], count: 6)
    #expect(try encode(same, chain, unlessAllEqual: [1, 2, 3]) == nil)
    #expect(try encode(same, chain, unlessAllEqual: [1, 2, 4]) != nil)
    #expect(try encode(same.dropLast() + [[1, 2, 4]] as [[UInt8]], chain, unlessAllEqual: [1, 2, 3]) != nil)
    #expect(try encode([], chain, unlessAllEqual: [1, 2, 3]) == nil)
  }

  @Test("of another size are refused")
  func otherSize() throws {
    let elements: [[UInt8]] = [[1, 2, 3], [1, 2], [1, 2, 3, 4]]
    let error = #expect(throws: ChunkError.self) { try encode(elements, Self.chains[0]) }
    #expect(error == .byteCountMismatch(codec: "element 1", found: 2, expected: 3))
    #expect(throws: ChunkError.self) { try encode([[1, 2], [1, 2, 3], [1, 2, 3]], Self.chains[0]) }
    #expect(throws: ChunkError.self) { try Self.layout.sharedElement([1]) }
  }

  @Test("that a chunk has too many or too few of are refused", arguments: [0, 1, 35, 37, 72])
  func damagedSize(byteCount: Int) throws {
    let chain = CodecChain(BackwardsCodec(), layout: Self.layout)
    let stored = [UInt8](repeating: 1, count: byteCount)
    var decoder = try ChunkDecoder(chain)
    let chunk = try #require(
      try decoder.decode(shape: [12]) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      })
    #expect(throws: ChunkError.self) { try BlobView(chunk, count: 12, chain: chain) }
    let builder = try BlobViewBuilder(count: 12, chain: chain)
    #expect(throws: ChunkError.self) { try builder.place(chunk, count: 12, runs: []) }
    var scanner = try ChunkDecoder(chain)
    #expect(throws: ChunkError.self) {
      _ = try scanner.scan(count: 12, shape: [12], runs: []) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      } _: { _ in
        Issue.record("it was shown")
      }
    }
  }

  @Test("go through a chain inside another codec, one chunk after the other")
  func innerChain() throws {
    for chain in Self.chains {
      let encoder = try ChainEncoder(chain)
      let decoder = try ChainDecoder(chain)
      let bytes = Self.elements.flatMap(\.self)
      var encoded = ByteArena()
      try encoder.encode(bytes.span.bytes, shape: [12], into: &encoded)
      let boundary = encoded.count
      try encoder.encode(bytes.span.bytes.extracting(0..<6), shape: [2], into: &encoded)
      var decoded = ByteArena()
      try decoder.decode(encoded.bytes.extracting(0..<boundary), shape: [12], into: &decoded, limit: 1000)
      try decoder.decode(
        encoded.bytes.extracting(boundary..<encoded.count), shape: [2], into: &decoded, limit: 1000)
      #expect(Array(copying: decoded.bytes) == bytes + bytes.prefix(6))
      #expect(throws: ChunkError.self) {
        try decoder.decode(encoded.bytes.extracting(0..<boundary), shape: [13], into: &decoded, limit: 1000)
      }
      #expect(throws: ChunkError.self) {
        try decoder.decode(encoded.bytes.extracting(0..<boundary), shape: [12], into: &decoded, limit: 35)
      }
    }
  }
}
