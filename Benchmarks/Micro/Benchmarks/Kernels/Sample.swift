import ChunkEngine

/// The elements of a chunk of about 256 KiB, and the chunk.
struct Sample: Sendable {
  private let bytes: [UInt8]
  private let offsets: [Int64]

  /// Makes elements of random bytes, with sizes in a range.
  init(elementByteCounts: ClosedRange<Int>) {
    var random = SplitMix()
    var bytes: [UInt8] = []
    var offsets: [Int64] = [0]
    while bytes.count + 4 * offsets.count < 256 << 10 {
      for _ in 0..<Int.random(in: elementByteCounts, using: &random) {
        bytes.append(.random(in: 0...255, using: &random))
      }
      offsets.append(Int64(bytes.count))
    }
    self.bytes = bytes
    self.offsets = offsets
  }

  /// Makes elements of text.
  init(script: Script) {
    var random = SplitMix()
    var bytes: [UInt8] = []
    var offsets: [Int64] = [0]
    while bytes.count + 4 * offsets.count < 256 << 10 {
      bytes += script.text(characterCount: Int.random(in: 20...120, using: &random), using: &random).utf8
      offsets.append(Int64(bytes.count))
    }
    self.bytes = bytes
    self.offsets = offsets
  }

  /// The number of elements.
  var count: Int { offsets.count - 1 }

  /// Each element in memory of its own.
  var objects: [[UInt8]] { (0..<count).map { Array(bytes[Int(offsets[$0])..<Int(offsets[$0 + 1])]) } }

  /// Calls `body` with the contiguous elements.
  func withBlobs(_ body: (any BlobSource) throws -> Void) rethrows {
    // SAFETY: Bytes have no padding.
    try withContiguousBlobs(unsafe bytes.span.bytes, offsets: offsets.span, body)
  }

  /// The encoded chunk.
  func chunk(_ chain: CodecChain) throws -> SharedBytes {
    var encoder = try ChunkEncoder(chain)
    var arena = ByteArena()
    try withBlobs { blobs in
      _ = try encoder.encode(blobs) { try arena.append(copying: $0) }
    }
    return try arena.takeBytes()
  }
}
