import CFloor

/// The plain C loops for uncompressed chunks, on one thread.
@safe
final class FloorLoops {
  private let corpus: Corpus
  private let chunks: WireChunks
  private let offsets: UnsafeMutableBufferPointer<Int64>

  /// Prepares to encode `corpus` into chunks like `chunks`, and to decode them.
  init(_ corpus: Corpus, _ chunks: WireChunks) {
    self.corpus = corpus
    self.chunks = chunks
    unsafe offsets = .allocate(capacity: chunks.blobsPerChunk + 1)
    unsafe offsets.initialize(repeating: 0)
  }

  deinit {
    unsafe offsets.deallocate()
  }

  /// Encodes every chunk.
  ///
  /// - Parameter output: Room for one chunk, which every chunk overwrites, or for all chunks.
  /// - Throws: ``FloorError`` if `output` has no room.
  func encode(into output: OutputBuffer) throws(FloorError) {
    var at = 0
    for first in stride(from: 0, to: corpus.count, by: chunks.blobsPerChunk) {
      let blobs = first..<min(first + chunks.blobsPerChunk, corpus.count)
      let free = unsafe UnsafeMutableRawBufferPointer(rebasing: output.bytes[at...])
      let written = try unsafe Self.encode(
        corpus, blobs, padding: chunks.blobsPerChunk - blobs.count, into: free)
      if output.holdsAllChunks { at += written }
    }
  }

  /// Decodes every chunk into bytes and offsets.
  ///
  /// - Parameter output: Room for one chunk, which every chunk overwrites, or for all chunks.
  /// - Throws: ``FloorError`` if `output` has no room.
  func decode(into output: OutputBuffer) throws(FloorError) {
    var at = 0
    for index in 0..<chunks.count {
      let free = unsafe UnsafeMutableRawBufferPointer(rebasing: output.bytes[at...])
      let count = Int64(chunks.blobsPerChunk)
      // SAFETY: `offsets` has room for a chunk's elements and one more; the C function checks the rest.
      let code = unsafe chunks.withChunk(index) { chunk -> CInt in
        guard let wire = chunk.baseAddress, let start = free.baseAddress,
          let offsets = unsafe offsets.baseAddress
        else { return CInt(FLOOR_NO_ROOM) }
        return unsafe floor_decode_wire(
          wire.assumingMemoryBound(to: UInt8.self), chunk.count, count,
          start.assumingMemoryBound(to: UInt8.self), free.count, offsets)
      }
      try FloorError.check(code)
      if output.holdsAllChunks { at += Int(unsafe offsets[chunks.blobsPerChunk]) }
    }
  }

  /// Copies all blobs with one `memcpy`, for which `output` must have room.
  func copy(into output: OutputBuffer) throws(FloorError) {
    let code = unsafe corpus.bytes.withUnsafeBytes { bytes -> CInt in
      guard unsafe bytes.count <= output.bytes.count else { return CInt(FLOOR_NO_ROOM) }
      guard let source = bytes.baseAddress, let destination = unsafe output.bytes.baseAddress
      else { return 0 }
      unsafe floor_memcpy(destination, source, bytes.count)
      return 0
    }
    try FloorError.check(code)
  }

  /// Writes the wire form of some blobs, and returns its size.
  @unsafe
  static func encode(
    _ corpus: Corpus, _ blobs: Range<Int>, padding: Int, into output: UnsafeMutableRawBufferPointer
  ) throws(FloorError) -> Int {
    guard let start = output.baseAddress else { throw FloorError(code: CInt(FLOOR_NO_ROOM)) }
    var written = 0
    // SAFETY: The corpus has all offsets of `blobs`, and they lie within its bytes.
    let code = unsafe corpus.bytes.withUnsafeBufferPointer { bytes in
      unsafe corpus.offsets[blobs.lowerBound...blobs.upperBound].withUnsafeBufferPointer { offsets in
        unsafe floor_encode_wire(
          bytes.baseAddress, offsets.baseAddress, Int64(blobs.count), Int64(padding),
          start.assumingMemoryBound(to: UInt8.self), output.count, &written)
      }
    }
    try FloorError.check(code)
    return written
  }
}

extension FloorLoops {
  /// Encodes every chunk over the last one.
  func encodeWarm(into output: OutputBuffer) -> Contender {
    Contender("C encode") { try Stopwatch.measure { try self.encode(into: output) } }
  }

  /// Encodes all chunks into memory that is mapped within the measured time.
  func encodeFresh(byteCount: Int) -> Contender {
    Contender("C encode, fresh") {
      try Stopwatch.measure {
        try self.encode(into: OutputBuffer(byteCount: byteCount, holdsAllChunks: true))
      }
    }
  }

  /// Decodes every chunk over the last one.
  func decodeWarm(into output: OutputBuffer) -> Contender {
    Contender("C decode") { try Stopwatch.measure { try self.decode(into: output) } }
  }

  /// Decodes all chunks into memory that is mapped within the measured time.
  func decodeFresh(byteCount: Int) -> Contender {
    Contender("C decode, fresh") {
      try Stopwatch.measure {
        try self.decode(into: OutputBuffer(byteCount: byteCount, holdsAllChunks: true))
      }
    }
  }
}
