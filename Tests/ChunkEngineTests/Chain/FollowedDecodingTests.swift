import TestSupport
import Testing

@testable import ChunkEngine

/// Chunks of many blocks of Zstandard, of which elements are found while they are decoded.
@Suite("Decoding block by block")
struct FollowedDecodingTests {
  private static let elements: [[UInt8]] = {
    var generator = SeededGenerator(seed: 4)
    let words = generator.elements(count: 50, byteCounts: 3...12)
    return (0..<9000).map { index in
      (0..<index % 70).flatMap { _ in words.randomElement(using: &generator) ?? [] }
    }
  }()
  private static let wireForm = referenceWireForm(elements)

  private static func chain(hasChecksum: Bool = false) -> CodecChain {
    CodecChain(VlenBytesCodec(), stages: [.transform(ZstdCodec(level: 1, hasChecksum: hasChecksum))])
  }

  private static let stored: [Bool: [UInt8]] = {
    [false: try? ZstdCodec().encoded(wireForm), true: try? ZstdCodec(hasChecksum: true).encoded(wireForm)]
      .compactMapValues { $0 }
  }()

  /// Reads one element, and as much of the chunk as that takes.
  private func element(
    _ index: Int, of stored: [UInt8], _ scanner: inout ChunkDecoder, stops: Bool = true
  ) throws -> [UInt8]? {
    var element: [UInt8]?
    _ = try scanner.scan(
      count: Self.elements.count, runs: [ElementRun(chunkIndex: index, selectionIndex: 0, count: 1)],
      stopsAfterRuns: stops
    ) { arena, _ in
      try arena.append(copying: stored.span.bytes)
      return true
    } _: {
      element = Array(copying: $0[0])
    }
    return element
  }

  @Test("Each element is found, with or without those after it", arguments: [false, true])
  func elements(hasChecksum: Bool) throws {
    #expect(Self.wireForm.count > 2 << 20, "it has many blocks")
    let stored = try #require(Self.stored[hasChecksum])
    var scanner = try ChunkDecoder(Self.chain(hasChecksum: hasChecksum))
    for index in [0, 1, 8999, 4500, 2, 8998] + stride(from: 0, to: 9000, by: 311) {
      for stops in [true, false] {
        #expect(try element(index, of: stored, &scanner, stops: stops) == Self.elements[index])
      }
    }
  }

  @Test("All elements of a chunk are found, and kept in a view")
  func kept() throws {
    let chain = Self.chain()
    let stored = try #require(Self.stored[false])
    var decoder = try ChunkDecoder(chain)
    // Two rows, of which the first column is left out.
    let selection = [0..<2, 1..<4500]
    let piece = Piece(
      try InnerChunkGrid(chunkShape: [2, 4500]), start: [0, 0], shape: [2, 4500], selection: selection,
      strides: [4499, 1])
    let selected = Array(Self.elements[1..<4500]) + Self.elements[4501...]
    for _ in 0..<2 {
      let (view, counts) = try place(piece, stored, &decoder)
      #expect(counts.storedByteCount == stored.count)
      #expect(counts.elementByteCount == selected.reduce(0) { $0 + $1.count })
      #expect(view.arrays() == selected)
    }
    let (missing, counts) = try place(piece, nil, &decoder)
    #expect(missing.arrays() == Array(repeating: [9], count: 8998))
    #expect(counts.storedByteCount == 0 && counts.elementByteCount == 8998)
  }

  /// Puts the elements of a chunk, or of one that is missing, in a view.
  private func place(
    _ piece: Piece, _ stored: [UInt8]?, _ decoder: inout ChunkDecoder,
    limits: DecodingLimits = DecodingLimits(), watching: (BlobStorage) -> Void = { _ in }
  ) throws -> (BlobView, ChunkDecoder.Counts) {
    let builder = try BlobViewBuilder(count: piece.elementCount, chain: Self.chain(), limits: limits)
    watching(builder.storage)
    let fillElement = try ElementLayout.variable.sharedElement([9])
    builder.keep(fillElement)
    try decoder.find(piece, in: .value)
    try decoder.fetch(joining: .local) { _, arena in
      if let stored { try arena.append(copying: stored.span.bytes) }
      return stored != nil
    }
    let counts = try decoder.place(in: builder, fillElement: fillElement, countsElementBytes: true)
    return (builder.finish(), counts)
  }

  private static func all() throws -> Piece { Piece(allOf: try InnerChunkGrid(chunkShape: [9000])) }

  @Test("A decoder lets go of the views whose elements it has found")
  func release() throws {
    let chain = Self.chain()
    let stored = try #require(Self.stored[false])
    var decoder = try ChunkDecoder(chain)
    weak var storage: BlobStorage?
    for stored in [stored, Array(stored.dropLast())] {
      _ = try? place(Self.all(), stored, &decoder) { storage = $0 }
    }
    #expect(storage == nil)
    // It is there until now.
    let isStored = try decoder.decode { _, _ in false } != nil
    #expect(!isStored)
  }

  @Test("A view is limited, also one of a chunk that is looked at meanwhile")
  func limits() throws {
    let chain = Self.chain()
    let stored = try #require(Self.stored[false])
    func place(_ limits: DecodingLimits) throws {
      var decoder = try ChunkDecoder(chain, limits: limits)
      _ = try self.place(Self.all(), stored, &decoder, limits: limits)
    }
    try place(DecodingLimits())
    #expect(throws: ChunkError.self) {
      try place(DecodingLimits(decodedByteCountPerChunk: Self.wireForm.count - 1))
    }
    #expect(throws: ChunkError.self) {
      try place(DecodingLimits(decodedByteCountPerCall: Self.wireForm.count))
    }
  }

  @Test("Damage after an element is an error only where a checksum follows the frame")
  func damage() throws {
    let (first, last) = (0, Self.elements.count - 1)
    for hasChecksum in [false, true] {
      var stored = try #require(Self.stored[hasChecksum])
      var scanner = try ChunkDecoder(Self.chain(hasChecksum: hasChecksum))
      // The last block, and after its header.
      stored[stored.count - 40] ^= 0x55
      #expect(try element(first, of: stored, &scanner) == Self.elements[first])
      #expect(throws: ChunkError.self) { try element(last, of: stored, &scanner) }
    }
    // The checksum inside of a frame is compared when all of it is decoded, whatever is wanted.
    var stored = try #require(Self.stored[true])
    stored[stored.count - 1] ^= 1
    var scanner = try ChunkDecoder(Self.chain(hasChecksum: true))
    #expect(throws: ChunkError.self) { try element(first, of: stored, &scanner, stops: false) }
    #expect(throws: ChunkError.self) { try element(last, of: stored, &scanner) }

    let chain = CodecChain(
      VlenBytesCodec(), stages: [.transform(ZstdCodec(level: 1)), .checksum(CRC32CCodec())])
    var encoder = try ChunkEncoder(chain)
    var sealed: [UInt8] = []
    _ = try encoder.encode(Self.elements) { sealed = Array(copying: $0) }
    scanner = try ChunkDecoder(chain)
    #expect(try element(first, of: sealed, &scanner) == Self.elements[first])
    sealed[sealed.count - 40] ^= 0x55
    #expect(throws: ChunkError.self) { try element(first, of: sealed, &scanner) }
  }

  @Test("A chunk that ends too soon or goes on after its end is an error for each element")
  func ends() throws {
    let stored = try #require(Self.stored[false])
    var scanner = try ChunkDecoder(Self.chain())
    for damaged in [Array(stored.dropLast()), Array(stored.prefix(stored.count / 2)), stored + [0]] {
      #expect(throws: ChunkError.self) { try element(0, of: damaged, &scanner) }
    }
    // The scanner goes on, with frames of all kinds.
    let unknown = ZstdFrame.raw(Array(Self.wireForm.prefix(100_000)), claiming: nil)
    #expect(throws: ChunkError.self) { try element(0, of: unknown, &scanner) }
    #expect(try element(1, of: stored, &scanner) == Self.elements[1])
  }

  @Test("A frame that stands for other elements than its header says is an error")
  func lies() throws {
    var scanner = try ChunkDecoder(Self.chain())
    for change in [Self.wireForm.dropLast(), Self.wireForm + [0]] {
      let stored = try ZstdCodec().encoded(Array(change))
      #expect(throws: ChunkError.self) { try element(8999, of: stored, &scanner) }
      #expect(throws: ChunkError.self) { try element(0, of: stored, &scanner, stops: false) }
    }
    var overrun = Self.wireForm
    overrun.replaceSubrange(4..<8, with: [255, 255, 255, 255])
    let stored = try ZstdCodec().encoded(overrun)
    #expect(throws: ChunkError.self) { try element(0, of: stored, &scanner) }
  }
}
