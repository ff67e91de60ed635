import ChunkEngine
import Zarr

extension FuzzTarget {
  /// Array-to-bytes codecs: a byte chooses the codec, others the shape, and the rest is a chunk.
  static let elementDecoders = FuzzTarget("element-decoders") {
    try SampleCodecs.arrayToBytes.enumerated().map { index, sample in
      let chunk = try ChunkRepresentation(shape: [3], layout: sample.layout)
      var elements = referenceWireForm([Array("a".utf8), [], Array("abcd".utf8)])
      if let byteCount = chunk.byteCount {
        elements = [UInt8](repeating: sample.codec is OptionalCodec ? 1 : 0, count: byteCount)
      } else if sample.codec is OptionalCodec {
        elements = referenceWireForm([[1, 7], [0], [1]])
      } else if sample.codec is VlenArrayCodec {
        elements = referenceWireForm([[], [1, 2, 3, 4], []])
      }
      return [UInt8(index), 1, 3] + (try sample.codec.makeEncoder().encoded(elements, of: chunk))
    }
  } prepare: {
    let codecs = try SampleCodecs.arrayToBytes.map { try ElementRoundTrip($0) }
    return { input in
      let codec = codecs[input.number(below: codecs.count)]
      let shape = input.shape(rank: 2, below: 20)
      try codec.run(input.rest(), shape: shape)
    }
  }

  /// The codec `json2`: bytes for the shape, and the rest is a chunk.
  static let json2 = FuzzTarget("json2") {
    [
      "\u{0}1,\"|O\",[]]", "\u{1}\u{2}[{\"a\":[1,NaN]},\"\\ud83d\\ude00\",\"|O\",[2]]",
      "\u{2}\u{2}\u{1}[[null],[1e5],\"|O\",[2,1]]", "\u{1}\u{0}[\"|O\",[0]]",
    ].map { Array($0.utf8) }
  } prepare: {
    let codec = try ObjectRoundTrip(ElementRoundTrip(ElementCodec(JSON2Codec(sortsKeys: false))))
    return { input in
      let shape = input.shape(rank: 3, below: 8)
      try codec.run(input.rest(), shape: shape)
    }
  }

  /// The codec `msgpack2`: a byte for the settings, others for the shape, and the rest is a chunk.
  static let messagePack2 = FuzzTarget("msgpack2") {
    let end: [UInt8] = [0xa2, 0x7c, 0x4f, 0x91]
    return [
      [0, 1, 1, 0x93, 0x81, 0xa1, 0x61, 0xc0] + end + [1], [0, 1, 0, 0x92] + end + [0],
      [1, 1, 1, 0x93, 0xc4, 2, 0xff, 0] + end + [1],
      [2, 1, 1, 0x93, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0] + end + [1],
      [4, 1, 3, 0x95, 0xd1, 0xff, 0, 0xcf, 255, 255, 255, 255, 255, 255, 255, 255, 0xd9, 1, 0x62] + end + [3],
      [0, 2, 1, 1, 0x93, 0x91, 0xca, 0, 0, 0, 1, 0xa2, 0x7c, 0x4f, 0x92, 1, 1],
    ]
  } prepare: {
    let codecs = try (0..<8).map { settings in
      let codec = MessagePack2Codec(
        usesSingleFloats: settings & 1 != 0, tellsBytesFromText: settings & 2 == 0, isRaw: settings & 4 != 0)
      return try ObjectRoundTrip(
        ElementRoundTrip(ElementCodec(codec)), keepsValues: !codec.usesSingleFloats,
        // Byte strings stored as text need not decode to text.
        keepsKinds: codec.tellsBytesFromText)
    }
    return { input in
      let codec = codecs[input.number(below: codecs.count)]
      let shape = input.shape(rank: 3, below: 8)
      try codec.run(input.rest(), shape: shape)
    }
  }
}

/// Decodes chunks, encodes the elements, and decodes them again.
struct ElementRoundTrip {
  let name: String
  private let layout: ElementLayout
  private let encoder: any ArrayEncoder
  private let decoder: any ArrayDecoder

  init(_ sample: ElementCodec) throws {
    name = type(of: sample.codec).name
    layout = sample.layout
    encoder = try sample.codec.makeEncoder()
    decoder = try sample.codec.makeDecoder()
  }

  /// Decodes a chunk, or returns nil if it is damaged.
  func decoded(_ bytes: [UInt8], _ chunk: ChunkRepresentation) throws -> [UInt8]? {
    do {
      let elements = try decoder.decoded(bytes, of: chunk)
      let isWhole = layout != .variable || referenceElements(elements, count: chunk.elementCount) != nil
      // The reader checks elements of any size.
      return isWhole ? elements : nil
    } catch is ChunkError {
      return nil
    }
  }

  /// Encodes the elements of a chunk and decodes them.
  func again(_ elements: [UInt8], _ chunk: ChunkRepresentation) throws -> [UInt8] {
    let encoded = try must("\(name) does not encode what it decoded") {
      try encoder.encoded(elements, of: chunk)
    }
    return try must("\(name) does not decode what it encoded") { try decoder.decoded(encoded, of: chunk) }
  }

  func run(_ bytes: [UInt8], shape: [Int]) throws {
    let chunk = try ChunkRepresentation(shape: shape, layout: layout)
    guard let elements = try decoded(bytes, chunk) else { return }
    try check(try again(elements, chunk) == elements, "\(name) decodes other than was encoded")
  }
}

/// Does the same for elements of JSON text, comparing values.
private struct ObjectRoundTrip {
  private let codec: ElementRoundTrip
  private let keepsValues: Bool
  private let keepsKinds: Bool

  init(_ codec: ElementRoundTrip, keepsValues: Bool = true, keepsKinds: Bool = true) {
    self.codec = codec
    self.keepsValues = keepsValues
    self.keepsKinds = keepsKinds
  }

  func run(_ bytes: [UInt8], shape: [Int]) throws {
    let chunk = try ChunkRepresentation(shape: shape, layout: .variable)
    guard let first = try codec.decoded(bytes, chunk), keepsKinds else { return }
    let second = try codec.again(first, chunk)
    try check(try codec.again(second, chunk) == second, "\(codec.name) changes what it wrote itself")
    guard keepsValues, let before = values(first, chunk), let after = values(second, chunk) else { return }
    try check(before == after, "\(codec.name) changes values")
  }

  private func values(_ elements: [UInt8], _ chunk: ChunkRepresentation) -> [JSONValue]? {
    try? referenceElements(elements, count: chunk.elementCount)?.map {
      try JSONParser(maximumDepth: 512).parse($0)
    }
  }
}
