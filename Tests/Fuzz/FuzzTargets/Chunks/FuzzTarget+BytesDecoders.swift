import ChunkEngine

extension FuzzTarget {
  /// Bytes-to-bytes codecs: a byte chooses the codec, the next whether to decode or encode the rest.
  static let bytesDecoders = FuzzTarget("bytes-decoders") {
    let texts: [[UInt8]] = [
      [], [1], Array("abcabcabcabcabcabcabcabcabc".utf8), [UInt8](repeating: 0, count: 300),
    ]
    return try SampleCodecs.bytesToBytes.enumerated().flatMap { index, codec in
      let encoder = try codec.makeEncoder()
      // Some codecs do not take every number of bytes.
      let encoded =
        texts.compactMap { try? codec.encoded($0, with: encoder) } + (try foreignChunks(of: codec))
      return encoded.map { [UInt8(index), 0] + $0 } + texts.map { [UInt8(index), 1] + $0 }
    }
  } prepare: {
    let codecs = try SampleCodecs.bytesToBytes.map { codec in
      BytesRoundTrip(codec, try codec.makeEncoder(), try codec.makeDecoder())
    }
    return { input in
      let codec = codecs[input.number(below: codecs.count)]
      let isPlain = input.byte() & 1 == 1
      try codec.run(input.rest(), isPlain: isPlain)
    }
  }

  /// Blosc: a byte chooses the settings to encode again with, and the rest is a frame.
  static let blosc = FuzzTarget("blosc") {
    let text = (0..<600).map { UInt8(truncatingIfNeeded: $0 / 5) }
    return try bloscCodecs.enumerated().flatMap { index, codec in
      let encoder = try codec.makeEncoder()
      return try [0, 1, 100, 600].map {
        [UInt8(index)] + (try codec.encoded(Array(text.prefix($0)), with: encoder))
      }
    } + foreignChunks(of: BloscCodec()).map { [0] + $0 }
  } prepare: {
    let decoder = try BloscCodec().makeDecoder()
    let codecs = try bloscCodecs.map { BytesRoundTrip($0, try $0.makeEncoder(), decoder) }
    return { input in
      let codec = codecs[input.number(below: codecs.count)]
      try codec.run(input.rest(), isPlain: false)
    }
  }

  private static let bloscCodecs: [BloscCodec] = BloscCodec.Compressor.allCases.flatMap { compressor in
    zip(BloscCodec.Shuffle.allCases, [1, 4, 16]).map {
      BloscCodec(compressor: compressor, level: 1, shuffle: $0.0, itemByteCount: $0.1, blockByteCount: 128)
    }
  }

  /// Chunks of other libraries, whose names begin with the name of the codec.
  private static func foreignChunks(of codec: some BytesToBytesCodec) throws -> [[UInt8]] {
    let name = String(type(of: codec).name.split(separator: ".").last ?? "")
    return try Fixtures.files("chunks", startingWith: "\(name)-", endingWith: ".chunk", below: 600, count: 30)
  }
}

/// Decodes, encodes and decodes again.
private struct BytesRoundTrip {
  let name: String
  let encode: ([UInt8]) throws -> [UInt8]
  let decoder: any BytesDecoder

  init(_ codec: some BytesToBytesCodec, _ encoder: any BytesEncoder, _ decoder: any BytesDecoder) {
    name = type(of: codec).name
    encode = { try codec.encoded($0, with: encoder) }
    self.decoder = decoder
  }

  func run(_ bytes: [UInt8], isPlain: Bool) throws {
    var plain = bytes
    if !isPlain {
      do {
        plain = try decoder.decoded(bytes)
      } catch is ChunkError {
        return
      }
    }
    let encoded: [UInt8]
    do {
      encoded = try encode(plain)
    } catch let error as ChunkError {
      guard isPlain, case .unencodable = error else {
        throw BrokenProperty(description: "\(name) does not encode what it decoded: \(error)")
      }
      return
    }
    let again = try must("\(name) does not decode what it encoded") { try decoder.decoded(encoded) }
    try check(again == plain, "\(name) decodes other than was encoded")
    guard plain.count > 0 else { return }
    // A limit one byte below is an error.
    do {
      _ = try decoder.decoded(encoded, limit: plain.count - 1)
      throw BrokenProperty(description: "\(name) decodes more than the limit")
    } catch is ChunkError {}
  }
}
