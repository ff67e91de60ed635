import ChunkEngine
import TestSupport
import Testing

@Suite("Selections of chunks")
struct BlobViewBuilderTests {
  private let chain = CodecChain(VlenBytesCodec())

  /// The wire form of `elements` in memory that views can share.
  private func chunk(_ elements: [[UInt8]]) throws -> SharedBytes {
    var arena = ByteArena()
    try arena.append(copying: referenceWireForm(elements).span.bytes)
    return try arena.takeBytes()
  }

  @Test("Runs of several chunks and of the fill value make one view")
  func runs() throws {
    let builder = try BlobViewBuilder(count: 9, chain: chain)
    try builder.place(
      chunk([[0], [1], [2], [3], [4]]), count: 5,
      runs: [
        ElementRun(chunkIndex: 1, selectionIndex: 6, count: 2),
        ElementRun(chunkIndex: 4, selectionIndex: 0, count: 1),
      ])
    try builder.place(
      chunk([[10], [], [12]]), count: 3, runs: [ElementRun(chunkIndex: 0, selectionIndex: 3, count: 3)])
    let fillElement = try ElementLayout.variable.sharedElement([7, 7])
    let runs = [
      ElementRun(chunkIndex: 0, selectionIndex: 1, count: 2),
      ElementRun(chunkIndex: 0, selectionIndex: 8, count: 1),
    ]
    builder.keep(fillElement)
    try builder.place(repeating: fillElement, runs: runs.span)
    let view = builder.finish()
    let expected: [[UInt8]] = [[4], [7, 7], [7, 7], [10], [], [12], [1], [2], [7, 7]]
    #expect(view.arrays() == expected)
    let batch = try view.compacted()
    #expect([UInt8](copying: batch.bytes) == expected.flatMap { $0 })
    #expect(try wireForm(view) == referenceWireForm(expected))
  }

  @Test("Elements outside of the selection are checked too", arguments: DamagedWireForm.all)
  func damage(damage: DamagedWireForm) throws {
    guard damage.count < 10 else { return }
    let builder = try BlobViewBuilder(count: 1, chain: chain)
    var arena = ByteArena()
    try arena.append(copying: damage.bytes.span.bytes)
    let chunk = try arena.takeBytes()
    #expect(throws: damage.error) { try builder.place(chunk, count: damage.count, runs: []) }
    let run = ElementRun(chunkIndex: 0, selectionIndex: 0, count: 1)
    #expect(throws: damage.error) { try builder.place(chunk, count: damage.count, runs: [run]) }
  }

  @Test("A scanner shows runs of chunks, and one element again and again")
  func scanner() throws {
    var scanner = try ChunkDecoder(chain)
    let stored = referenceWireForm([[0], [1, 1], [], [3]])
    func elements(_ blobs: BlobSpan) -> [[UInt8]] {
      var elements: [[UInt8]] = []
      for index in blobs.indices {
        elements.append(Array(copying: blobs[index]))
      }
      return elements
    }
    var shown: [[UInt8]] = []
    let runs = [
      ElementRun(chunkIndex: 0, selectionIndex: 0, count: 1),
      ElementRun(chunkIndex: 2, selectionIndex: 1, count: 2),
    ]
    for _ in 0..<3 {
      let isStored = try scanner.scan(count: 4, runs: runs) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      } _: { blobs in
        shown = elements(blobs)
        let (count, byteCount, isEmpty) = (blobs.count, blobs.byteCount, blobs.isEmpty)
        #expect(count == 3 && byteCount == 2 && !isEmpty)
      }
      #expect(isStored && shown == [[0], [], [3]])
      try scanner.show(repeating: ElementLayout.variable.sharedElement([9, 9]), count: 5) {
        shown = elements($0)
      }
      #expect(shown == Array(repeating: [9, 9], count: 5))
      try scanner.show(repeating: ElementLayout.variable.sharedElement([]), count: 0) { shown = elements($0) }
      #expect(shown == [])
    }
    let isStored = try scanner.scan(
      count: 4, runs: runs, { _, _ in false }, { _ in Issue.record("nothing is stored") })
    #expect(!isStored)
  }

  @Test("A scanner finds damage", arguments: DamagedWireForm.all)
  func scannedDamage(damage: DamagedWireForm) throws {
    guard damage.count < 10 else { return }
    var scanner = try ChunkDecoder(chain)
    #expect(throws: damage.error) {
      _ = try scanner.scan(count: damage.count, runs: []) { arena, _ in
        try arena.append(copying: damage.bytes.span.bytes)
        return true
      } _: { _ in
        Issue.record("damaged elements were shown")
      }
    }
  }
}
