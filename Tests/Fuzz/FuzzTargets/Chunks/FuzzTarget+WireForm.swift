import ChunkEngine

extension FuzzTarget {
  /// Chunks in wire form: a byte with the number of elements, two with the elements to show, and the chunk.
  static let wireForm = FuzzTarget("wire-form") {
    let chunks: [[[UInt8]]] = [
      [], [[]], [[1]], [[1, 2], [], Array("é".utf8)], .init(repeating: [7], count: 40),
    ]
    return try chunks.map { [UInt8($0.count), 0, UInt8($0.count)] + referenceWireForm($0) }
      + Fixtures.files("wire", endingWith: ".wire", below: 1024, count: 10).map { [$0[0], 0, $0[0]] + $0 }
  } prepare: {
    let chain = CodecChain(VlenBytesCodec())
    let textChain = CodecChain(VlenUTF8Codec())
    return { input in
      let count = input.number(below: 256)
      let shown = input.range(below: count)
      let bytes = input.rest()
      let expected = referenceElements(bytes, count: count)
      guard let view = try? view(of: bytes, count: count, chain) else {
        return try check(expected == nil, "a chunk is refused")
      }
      guard let expected else { throw BrokenProperty(description: "a damaged chunk is read") }
      try check(view.arrays() == expected, "a chunk is read as other elements")
      let compact = try must("elements cannot be compacted") { try view.compacted() }
      for index in 0..<count {
        try check(
          Array(copying: compact[index]) == expected[index], "element \(index) is compacted to another")
      }
      try checkScan(bytes, expected, shown: shown, chain)

      let texts = expected.map { String(validating: $0, as: UTF8.self) }
      try check((try? view.strings()) == (texts.contains(nil) ? nil : texts.compactMap { $0 }), "other text")
      try check(encoded(view, with: chain) == bytes, "elements are encoded as another chunk")
      let isEncoded = (try? encoded(view, with: textChain)) != nil
      try check(isEncoded != texts.contains(nil), "what is text is refused, or what is none is encoded")
    }
  }

  private static func view(of bytes: [UInt8], count: Int, _ chain: CodecChain) throws -> BlobView {
    var decoder = try ChunkDecoder(chain, limits: decodingLimits)
    let builder = try BlobViewBuilder(count: count, chain: chain)
    let chunk = try decoder.decode { arena, _ in
      try arena.append(copying: bytes.span.bytes)
      return true
    }
    guard let chunk else { throw BrokenProperty(description: "a chunk is not there") }
    let run = ElementRun(chunkIndex: 0, selectionIndex: 0, count: count)
    try builder.place(chunk, count: count, runs: [run])
    return builder.finish()
  }

  private static func checkScan(
    _ bytes: [UInt8], _ expected: [[UInt8]], shown: Range<Int>, _ chain: CodecChain
  ) throws {
    var scanner = try ChunkDecoder(chain, limits: decodingLimits)
    var found: [[UInt8]] = []
    let run = ElementRun(chunkIndex: shown.lowerBound, selectionIndex: 0, count: shown.count)
    _ = try must("a chunk that is read cannot be scanned") {
      try scanner.scan(count: expected.count, runs: [run]) { arena, _ in
        try arena.append(copying: bytes.span.bytes)
        return true
      } _: { elements in
        for index in elements.indices { found.append(Array(copying: elements[index])) }
      }
    }
    try check(found == Array(expected[shown]), "a scan shows other elements")
  }

  private static func encoded(_ view: BlobView, with chain: CodecChain) throws -> [UInt8] {
    var encoder = try ChunkEncoder(chain)
    var bytes: [UInt8] = []
    _ = try encoder.encode(view) { bytes = Array(copying: $0) }
    return bytes
  }
}
