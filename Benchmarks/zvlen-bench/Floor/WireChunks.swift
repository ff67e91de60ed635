import CFloor

/// The chunks of a corpus in wire form, made once, outside of all measurements.
///
/// The last chunk is padded with empty elements, like the edge chunk of an array.
@safe
final class WireChunks {
  /// The elements in each chunk.
  let blobsPerChunk: Int

  /// The bytes of the largest chunk.
  let largestByteCount: Int

  private let wire: UnsafeMutableRawBufferPointer
  private let chunks: [floor_bytes]

  /// Puts the blobs into wire form.
  init(_ corpus: Corpus, blobsPerChunk: Int) throws(FloorError) {
    let chunkCount = (corpus.count + blobsPerChunk - 1) / blobsPerChunk
    let byteCount = chunkCount * (4 + 4 * blobsPerChunk) + corpus.byteCount
    unsafe wire = .allocate(byteCount: byteCount, alignment: 64)
    self.blobsPerChunk = blobsPerChunk
    var chunks = unsafe [floor_bytes]()
    unsafe chunks.reserveCapacity(chunkCount)
    var largest = 0
    var at = 0
    do throws(FloorError) {
      for first in stride(from: 0, to: corpus.count, by: blobsPerChunk) {
        let blobs = first..<min(first + blobsPerChunk, corpus.count)
        let free = unsafe UnsafeMutableRawBufferPointer(rebasing: wire[at...])
        let written = try unsafe FloorLoops.encode(
          corpus, blobs, padding: blobsPerChunk - blobs.count, into: free)
        unsafe chunks.append(floor_bytes(start: UnsafeRawPointer(free.baseAddress), byte_count: written))
        largest = max(largest, written)
        at += written
      }
    } catch {
      unsafe wire.deallocate()
      throw error
    }
    unsafe self.chunks = chunks
    largestByteCount = largest
  }

  deinit {
    unsafe wire.deallocate()
  }

  /// The number of chunks.
  var count: Int { unsafe chunks.count }

  /// The bytes of all chunks.
  var byteCount: Int { unsafe chunks.reduce(0) { unsafe $0 + $1.byte_count } }

  /// Calls `body` with the addresses and sizes of all chunks.
  @unsafe
  func withChunks<Result>(_ body: (UnsafeBufferPointer<floor_bytes>) -> Result) -> Result {
    unsafe chunks.withUnsafeBufferPointer(body)
  }

  /// Calls `body` with the bytes of the chunks in `range`, which are contiguous.
  @unsafe
  func withChunks<Result>(in range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var byteCount = 0
    for index in range { unsafe byteCount += chunks[index].byte_count }
    let start = unsafe range.isEmpty ? nil : chunks[range.lowerBound].start
    return unsafe body(UnsafeRawBufferPointer(start: start, count: byteCount))
  }

  /// Calls `body` with the bytes of one chunk.
  @unsafe
  func withChunk<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let chunk = unsafe chunks[index]
    return unsafe body(UnsafeRawBufferPointer(start: chunk.start, count: chunk.byte_count))
  }
}
