import ChunkEngine
import TestSupport
import Testing

@Suite("transpose")
struct TransposeCodecTests {
  /// What numpy's `transpose` does, one element after the other.
  private func transposed<Element>(_ elements: [Element], shape: [Int], order: [Int]) -> [Element] {
    var strides = shape
    for dimension in shape.indices { strides[dimension] = shape[(dimension + 1)...].reduce(1, *) }
    let lengths = order.map { shape[$0] }
    return elements.indices.map { position in
      var rest = position
      var index = 0
      for dimension in order.indices.reversed() {
        index += rest % lengths[dimension] * strides[order[dimension]]
        rest /= lengths[dimension]
      }
      return elements[index]
    }
  }

  // numpy.arange(24, dtype='u1').reshape(2, 3, 4).transpose(order).tobytes()
  @Test(
    "Dimensions come in the order that numpy gives them",
    arguments: [
      (
        [2, 0, 1], bytes(0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23)
      ),
      (
        [1, 2, 0], bytes(0, 12, 1, 13, 2, 14, 3, 15, 4, 16, 5, 17, 6, 18, 7, 19, 8, 20, 9, 21, 10, 22, 11, 23)
      ),
      (
        [1, 0, 2], bytes(0, 1, 2, 3, 12, 13, 14, 15, 4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23)
      ),
      (
        [2, 1, 0], bytes(0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23)
      ),
    ])
  func numpy(order: [Int], expected: [UInt8]) throws {
    let codec = TransposeCodec(order: order)
    let layout = ElementLayout.fixed(byteCount: 1)
    let elements = (0..<24).map(UInt8.init)
    let chunk = try ChunkRepresentation(shape: [2, 3, 4], layout: layout)
    #expect(try codec.encodedRepresentation(of: chunk).shape == order.map { [2, 3, 4][$0] })
    #expect(try codec.encoded(elements, shape: [2, 3, 4], layout: layout) == expected)
    #expect(try codec.decoded(expected, shape: [2, 3, 4], layout: layout) == elements)
  }

  @Test("The order of the dimensions as they are keeps the bytes")
  func identity() throws {
    #expect(TransposeCodec(order: [0, 1, 2]).isIdentity)
    #expect(TransposeCodec(order: []).isIdentity)
    #expect(!TransposeCodec(order: [1, 0]).isIdentity)
    let elements: [UInt8] = [1, 2, 3, 4, 5, 6]
    #expect(
      try TransposeCodec(order: [0, 1]).encoded(elements, shape: [2, 3], layout: .fixed(byteCount: 1))
        == elements)
    #expect(try TransposeCodec(order: []).encoded([7], shape: [], layout: .fixed(byteCount: 1)) == [7])
  }

  @Test("Chunks of all shapes come in order and come back", arguments: [1, 2, 3, 4, 8, 12, 16, 40])
  func randomShapes(elementByteCount: Int) throws {
    var generator = SeededGenerator(seed: UInt64(elementByteCount))
    let layout = ElementLayout.fixed(byteCount: elementByteCount)
    var shapes = (0..<40).map { _ in
      (0..<Int.random(in: 0...5, using: &generator)).map { _ in Int.random(in: 1...5, using: &generator) }
    }
    shapes += [[67, 130], [130, 3], [3, 130], [70, 2, 65], [2, 70, 65], [1, 70, 1, 9]]
    for shape in shapes {
      let elements = generator.elements(
        byteCounts: repeatElement(elementByteCount, count: shape.reduce(1, *)))
      let memory = Array(elements.joined())
      let order = shape.indices.shuffled(using: &generator)
      let codec = TransposeCodec(order: order)
      let encoded = try codec.encoded(memory, shape: shape, layout: layout)
      #expect(
        encoded == Array(transposed(elements, shape: shape, order: order).joined()), "\(shape) \(order)")
      #expect(try codec.decoded(encoded, shape: shape, layout: layout) == memory, "\(shape) \(order)")
    }
  }

  @Test("Elements of variable size come in order and come back")
  func variableSize() throws {
    var generator = SeededGenerator(seed: 7)
    var shapes = (0..<40).map { _ in
      (0..<Int.random(in: 0...5, using: &generator)).map { _ in Int.random(in: 1...4, using: &generator) }
    }
    shapes += [[0], [3, 0], [0, 4, 2]]
    for shape in shapes {
      let elements = generator.elements(count: shape.reduce(1, *), byteCounts: 0...70)
      let order = shape.indices.shuffled(using: &generator)
      let codec = TransposeCodec(order: order)
      let encoded = try codec.encoded(referenceWireForm(elements), shape: shape, layout: .variable)
      let expected = transposed(elements, shape: shape, order: order)
      #expect(encoded == referenceWireForm(expected), "\(shape) \(order)")
      #expect(
        try codec.decoded(encoded, shape: shape, layout: .variable) == referenceWireForm(elements),
        "\(shape) \(order)")
    }
  }

  @Test("A chunk without elements is nothing, however long its other dimensions are")
  func noElements() throws {
    let codec = TransposeCodec(order: [2, 0, 1])
    for shape in [[0, Int.max, 4], [0, 0, Int.max], [3, 4, 0]] {
      #expect(try codec.encoded([], shape: shape, layout: .fixed(byteCount: 8)) == [])
      #expect(try codec.decoded([], shape: shape, layout: .fixed(byteCount: 8)) == [])
      let nothing = referenceWireForm([])
      #expect(try codec.decoded(nothing, shape: shape, layout: .variable) == nothing)
    }
  }

  @Test("A chunk of other dimensions, or of other bytes than it should have, is refused")
  func wrongChunks() {
    let codec = TransposeCodec(order: [1, 0])
    for shape in [[], [6], [1, 2, 3]] {
      #expect(throws: ChunkError.self) { try codec.encoded([], shape: shape, layout: .fixed(byteCount: 1)) }
      #expect(throws: ChunkError.self) { try codec.decoded([], shape: shape, layout: .variable) }
    }
    for count in [0, 5, 7, 12] {
      let error = ChunkError.byteCountMismatch(codec: "transpose", found: count, expected: 6)
      #expect(throws: error) {
        try codec.decoded([UInt8](repeating: 0, count: count), shape: [2, 3], layout: .fixed(byteCount: 1))
      }
    }
    #expect(throws: ChunkError.decodedByteCountExceedsLimit(codec: "transpose", byteCount: 6, limit: 5)) {
      try codec.decoded(
        [UInt8](repeating: 0, count: 6), shape: [2, 3], layout: .fixed(byteCount: 1), limit: 5)
    }
    #expect(throws: ChunkError.self) {
      try codec.decoded([], shape: [Int.max, 2], layout: .fixed(byteCount: 1))
    }
  }

  @Test("Elements of variable size whose lengths do not fit their bytes are refused")
  func damagedWireForm() {
    let codec = TransposeCodec(order: [1, 0])
    let sound = referenceWireForm([[1], [2, 2], [], [3]])
    for count in 0..<sound.count {
      #expect(throws: ChunkError.self) {
        try codec.decoded(Array(sound[..<count]), shape: [2, 2], layout: .variable)
      }
    }
    #expect(throws: ChunkError.trailingBytes(codec: "transpose", byteCount: 1)) {
      try codec.decoded(sound + [0], shape: [2, 2], layout: .variable)
    }
    #expect(throws: ChunkError.countMismatch(found: 4, expected: 6)) {
      try codec.decoded(sound, shape: [2, 3], layout: .variable)
    }
    // A length of the largest number.
    var long = sound
    for index in 4..<8 { long[index] = 0xff }
    #expect(throws: ChunkError.self) { try codec.decoded(long, shape: [2, 2], layout: .variable) }
  }

  @Test("A chunk that counts more elements than its bytes can have takes no memory for them")
  func lyingCount() {
    let header = littleEndianBytes(UInt32.max)
    #expect(throws: ChunkError.self) {
      try TransposeCodec(order: [0]).decoded(header, shape: [Int(UInt32.max)], layout: .variable)
    }
  }
}
