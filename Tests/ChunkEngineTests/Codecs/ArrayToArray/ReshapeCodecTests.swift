import ChunkEngine
import TestSupport
import Testing

@Suite("reshape and squeeze")
struct ReshapeCodecTests {
  private func shape(_ codec: some ArrayToArrayCodec, of shape: [Int]) throws -> [Int] {
    let chunk = try ChunkRepresentation(shape: shape, layout: .fixed(byteCount: 2))
    let encoded = try codec.encodedRepresentation(of: chunk)
    #expect(encoded.layout == chunk.layout)
    #expect(encoded.elementCount == chunk.elementCount)
    return encoded.shape
  }

  @Test(
    "Dimensions have the length that is said, that of others together, or what is left",
    arguments: [
      // The example of the specification.
      ([100, 50, 64, 3], [.dimensions([0, 1]), .dimensions([2]), .count(3)], [5000, 64, 3]),
      ([4, 6], [.count(24)], [24]), ([4, 6], [.rest], [24]), ([4, 6], [.count(3), .rest], [3, 8]),
      ([4, 6], [.rest, .count(3)], [8, 3]), ([4, 6], [.dimensions([0, 1])], [24]),
      ([4, 6], [.dimensions([0]), .count(3), .count(2)], [4, 3, 2]),
      ([4, 6], [.dimensions([0]), .rest, .count(2)], [4, 3, 2]),
      ([4, 6], [.count(2), .count(2), .dimensions([1])], [2, 2, 6]),
      ([24], [.count(1), .dimensions([0]), .count(1)], [1, 24, 1]),
      ([4, 6], [.count(4), .dimensions([]), .dimensions([1])], [4, 1, 6]), ([1], [], []), ([], [.rest], [1]),
      ([], [], []),
      // Dimension 1 has one element, so the dimensions 0 and 2 are neighbours.
      ([4, 1, 6], [.dimensions([0, 2])], [24]),
    ] as [([Int], [ReshapeCodec.Length], [Int])])
  func shapes(from: [Int], lengths: [ReshapeCodec.Length], to: [Int]) throws {
    #expect(try shape(ReshapeCodec(lengths: lengths), of: from) == to)
  }

  @Test(
    "Shapes that cannot be are refused",
    arguments: [
      ([4, 6], [.count(23)]), ([4, 6], [.count(5), .rest]), ([4, 6], [.rest, .rest]), ([4, 6], [.count(0)]),
      ([4, 6], [.count(-24)]), ([4, 6], []), ([4, 6], [.dimensions([2])]), ([4, 6], [.dimensions([-1])]),
      ([4, 6], [.dimensions([0])]), ([4, 6], [.dimensions([1, 0])]),
      ([4, 6], [.dimensions([1]), .dimensions([0])]),
      ([4, 6], [.dimensions([0]), .dimensions([0]), .rest]), ([4, 6], [.dimensions([1]), .rest]),
      ([4, 6], [.rest, .dimensions([0])]),
      ([2, 2, 6], [.count(2), .dimensions([0]), .rest]), ([4, 6], [.count(.max), .count(.max)]),
      ([4, 6], [.count(.max), .rest]), ([0, 6], [.dimensions([0]), .rest]),
      ([4, 2, 6], [.dimensions([0, 2]), .rest]),
    ] as [([Int], [ReshapeCodec.Length])])
  func refused(from: [Int], lengths: [ReshapeCodec.Length]) throws {
    #expect(throws: ChunkError.self) { try shape(ReshapeCodec(lengths: lengths), of: from) }
  }

  @Test("Dimensions of one element are dropped, and the last of them is kept")
  func squeeze() throws {
    #expect(try shape(SqueezeCodec(), of: [1, 4, 1, 6, 1]) == [4, 6])
    #expect(try shape(SqueezeCodec(), of: [1, 1]) == [1])
    #expect(try shape(SqueezeCodec(), of: []) == [1])
    #expect(try shape(SqueezeCodec(), of: [3]) == [3])
  }

  @Test("The bytes stay as they are")
  func bytesStay() throws {
    let elements: [UInt8] = [1, 2, 3, 4, 5, 6]
    let layout = ElementLayout.fixed(byteCount: 1)
    let codecs: [any ArrayToArrayCodec] = [SqueezeCodec(), ReshapeCodec(lengths: [.rest])]
    for codec in codecs {
      #expect(codec.isIdentity)
      #expect(try codec.encoded(elements, shape: [1, 6], layout: layout) == elements)
      #expect(try codec.decoded(elements, shape: [1, 6], layout: layout) == elements)
      #expect(throws: ChunkError.self) {
        try codec.decoded(elements, shape: [1, 6], layout: layout, limit: 5)
      }
      for other in [Array(elements.dropLast()), elements + [7]] {
        #expect(
          throws: ChunkError.byteCountMismatch(codec: type(of: codec).name, found: other.count, expected: 6)
        ) {
          try codec.decoded(other, shape: [1, 6], layout: layout)
        }
      }
    }
  }
}
