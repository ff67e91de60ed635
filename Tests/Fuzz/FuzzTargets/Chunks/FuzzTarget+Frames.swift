import ChunkEngine

extension FuzzTarget {
  /// Chunks with a large decoded size: the elements to find, and a chunk compressed with Zstandard, whose
  /// elements are found block by block.
  static let frames = FuzzTarget("frames") {
    // 300 KB, where decoding stops early, and 2 MB, where all elements are found while decoding.
    let chunks = [3000, 20_000].map { byteCount in
      referenceWireForm(
        (0..<frameElementCount).map { [UInt8](repeating: UInt8($0 / 40), count: byteCount + $0 % 7) })
    }
    return try chunks.flatMap { chunk in
      try [false, true].map { hasChecksum in
        let codec = ZstdCodec(level: 1, hasChecksum: hasChecksum)
        return [50, 51] + (try codec.encoded(chunk, with: codec.makeEncoder()))
      }
    }
  } prepare: {
    let chain = CodecChain(VlenBytesCodec(), stages: [.transform(ZstdCodec())])
    let limits = DecodingLimits(
      decodedByteCountPerChunk: 4 << 20, decodedByteCountPerCall: 8 << 20, expansionRatio: Int.max)
    let coder = try FrameCoder(chain, limits)
    return { input in
      let shown = input.range(below: frameElementCount)
      let stored = input.rest()
      let placed = try? coder.placed(stored)
      if let placed, let whole = try? coder.elementsOfWhole(stored) {
        // libzstd decodes some frames only at once, and others only block by block.
        try check(placed == whole, "elements are others when they are found block by block")
      }
      let scanned = try? coder.scanned(stored, shown, stops: false)
      try check(scanned == placed.map { Array($0[shown]) }, "a scan shows other elements")
      guard let placed else { return }
      let first = try must("elements of a chunk that is read cannot be found") {
        try coder.scanned(stored, shown, stops: true)
      }
      try check(first == Array(placed[shown]), "elements differ if nothing after them is decoded")
    }
  }
}

/// The elements of a chunk.
private let frameElementCount = 100

/// Finds elements in each possible way.
private final class FrameCoder {
  private let chain: CodecChain
  private let limits: DecodingLimits
  private var decoder: ChunkDecoder
  private var scanner: ChunkDecoder
  private let run = ElementRun(chunkIndex: 0, selectionIndex: 0, count: frameElementCount)

  init(_ chain: CodecChain, _ limits: DecodingLimits) throws {
    self.chain = chain
    self.limits = limits
    decoder = try ChunkDecoder(chain, limits: limits)
    scanner = try ChunkDecoder(chain, limits: limits)
  }

  /// The elements of a chunk, found after decoding.
  func elementsOfWhole(_ stored: [UInt8]) throws -> [[UInt8]] {
    let chunk = try decoder.decode { arena, _ in
      try arena.append(copying: stored.span.bytes)
      return true
    }
    guard let chunk else { throw BrokenProperty(description: "a chunk is not there") }
    let builder = try BlobViewBuilder(count: frameElementCount, chain: chain, limits: limits)
    try builder.place(chunk, count: frameElementCount, runs: [run])
    return builder.finish().arrays()
  }

  /// The elements of a view of a chunk, found while decoding.
  func placed(_ stored: [UInt8]) throws -> [[UInt8]] {
    let builder = try BlobViewBuilder(count: frameElementCount, chain: chain, limits: limits)
    let grid = try InnerChunkGrid(chunkShape: [frameElementCount])
    try decoder.find(Piece(allOf: grid), in: .value)
    try decoder.fetch(joining: .local) { _, arena in
      try arena.append(copying: stored.span.bytes)
      return true
    }
    let fillElement = try ElementLayout.variable.sharedElement([])
    _ = try decoder.place(in: builder, fillElement: fillElement, countsElementBytes: false)
    return builder.finish().arrays()
  }

  /// Some elements of a chunk, with or without those after them.
  func scanned(_ stored: [UInt8], _ shown: Range<Int>, stops: Bool) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    let run = ElementRun(chunkIndex: shown.lowerBound, selectionIndex: 0, count: shown.count)
    _ = try scanner.scan(count: frameElementCount, runs: [run], stopsAfterRuns: stops) { arena, _ in
      try arena.append(copying: stored.span.bytes)
      return true
    } _: { elements in
      for index in elements.indices { found.append(Array(copying: elements[index])) }
    }
    return found
  }
}
