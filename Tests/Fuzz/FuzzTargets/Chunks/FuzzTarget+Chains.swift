import ChunkEngine

extension FuzzTarget {
  /// Whole chains: bytes choose the codecs and the damage, and the rest is elements.
  static let chains = FuzzTarget("chains") {
    let count = SampleCodecs.stages.count + 1
    return (0..<2 * count).map { index in
      [UInt8(index % 3), UInt8(index % count), UInt8(index * 7 % count), 3, 1, 9, 1, 20, 128]
        + FuzzInput.counted(Array("element".utf8)) + FuzzInput.counted([]) + [1, 2, 3]
    }
  } prepare: {
    let pool = ChainPool()
    return { input in
      let coder = try pool.coder(
        input.number(below: 3), input.number(below: SampleCodecs.stages.count + 1),
        input.number(below: SampleCodecs.stages.count + 1))
      let count = input.number(below: 16)
      let damage = (0..<input.number(below: 4)).map { _ in (Int(input.byte()), input.byte()) }
      try coder.run(&input, count: count, damage: damage)
    }
  }
}

/// The last chains, because making codecs takes longer than running them.
private final class ChainPool {
  private var coders: [[Int]: ChainCoder] = [:]

  func coder(_ layout: Int, _ first: Int, _ second: Int) throws -> ChainCoder {
    if let coder = coders[[layout, first, second]] { return coder }
    if coders.count > 400 { coders = [:] }
    let stages = [first, second].compactMap { $0 == 0 ? nil : SampleCodecs.stages[$0 - 1] }
    let coder = try ChainCoder(chain(layout, stages))
    coders[[layout, first, second]] = coder
    return coder
  }

  private func chain(_ layout: Int, _ stages: [CodecChain.Stage]) -> CodecChain {
    let numbers = BytesCodec(byteOrder: .big, scalarByteCounts: [4])
    return switch layout {
    case 0: CodecChain(VlenBytesCodec(), stages: stages)
    case 1: CodecChain(VlenBytesCodec(), stages: stages, arrayToArray: [TransposeCodec(order: [1, 0])])
    default:
      CodecChain(
        numbers, stages: stages,
        arrayToArray: [
          TransposeCodec(order: [1, 0]), NumcodecsDeltaCodec(decodedType: .int32, encodedType: .int32),
        ], layout: .fixed(byteCount: 4))
    }
  }
}

/// A chain that encodes chunks of two rows, and decodes damaged ones.
private final class ChainCoder {
  private let chain: CodecChain
  private let encoder: ChainEncoder
  private let decoder: ChainDecoder

  init(_ chain: CodecChain) throws {
    self.chain = chain
    encoder = try ChainEncoder(chain)
    decoder = try ChainDecoder(chain)
  }

  func run(_ input: inout FuzzInput, count: Int, damage: [(offset: Int, mask: UInt8)]) throws {
    let shape = [2, count]
    let elements =
      chain.layout == .variable
      ? referenceWireForm((0..<2 * count).map { _ in input.takeCounted() })
      : input.repeatedRest(count: 8 * count)
    var arena = ByteArena()
    do throws(ChunkError) {
      try encoder.encode(elements.span.bytes, shape: shape, into: &arena)
    } catch {
      // Some codecs do not take every number of bytes.
      guard case .unencodable = error else { throw error }
      return
    }
    var stored = Array(copying: arena.bytes)
    try check(try decoded(stored, shape) == elements, "a chain decodes other than was encoded")

    let intact = stored
    for (offset, mask) in damage where !stored.isEmpty { stored[offset % stored.count] ^= mask }
    guard stored != intact else { return }
    do {
      _ = try decoded(stored, shape)
      if case .checksum? = chain.stages.last, damage.count == 1 {
        throw BrokenProperty(description: "a checksum passes a changed byte")
      }
    } catch is ChunkError {}
  }

  private func decoded(_ stored: [UInt8], _ shape: [Int]) throws -> [UInt8] {
    var arena = ByteArena()
    try decoder.decode(stored.span.bytes, shape: shape, into: &arena, limit: 2 * decodingLimit)
    let count = arena.count
    try check(count <= 2 * decodingLimit, "\(count) decoded bytes are above the limit")
    return Array(copying: arena.bytes)
  }
}
