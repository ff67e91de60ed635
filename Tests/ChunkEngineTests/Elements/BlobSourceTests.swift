import ChunkEngine
import TestSupport
import Testing

@Suite("Blob sources")
struct BlobSourceTests {
  @Test("Every source gives the same wire form", arguments: ElementSample.all)
  func sameWireForm(sample: ElementSample) throws {
    let elements = sample.elements
    let expected = referenceWireForm(elements)
    for (name, source) in try sources(of: elements) {
      #expect(source.count == elements.count, "\(name)")
      #expect(try source.byteCount(of: 0..<source.count) == elements.reduce(0) { $0 + $1.count }, "\(name)")
      let found = try wireForm(source)
      #expect(found == expected, "\(name)")
    }
    try withContiguous(elements) { name, source in
      let found = try wireForm(source)
      #expect(found == expected, "\(name)")
    }
  }

  @Test(
    "Every source gives any run of its elements", arguments: [0..<0, 0..<1, 3..<3, 3..<9, 1..<12, 12..<12])
  func runs(range: Range<Int>) throws {
    var generator = SeededGenerator(seed: 4)
    let elements = generator.elements(byteCounts: [5, 0, 64, 65, 1, 0, 0, 200, 33, 7, 63, 2])
    let expected = referenceWireForm(Array(elements[range]))
    func check(_ name: String, _ source: any BlobSource) throws {
      var encoder = try ChunkEncoder(CodecChain(VlenBytesCodec()))
      var found: [UInt8] = []
      let result = try encoder.encode(source, in: range) {
        found = Array(copying: $0)
      }
      #expect(found == expected, "\(name)")
      #expect(result.payloadByteCount == elements[range].reduce(0) { $0 + $1.count }, "\(name)")
    }
    for (name, source) in try sources(of: elements) { try check(name, source) }
    try withContiguous(elements, check)
  }

  @Test("Elements of several sources follow each other in one chunk")
  func segments() throws {
    let elements: [[UInt8]] = [[1], [], [2, 3], Array(repeating: 4, count: 70)]
    var all: [any BlobSource] = try sources(of: elements).map(\.source)
    all.append(RepeatedBlob([9, 9], count: 3))
    all.append(RepeatedBlob([], count: 0))
    let joined = JoinedBlobs(all)
    var expected: [[UInt8]] = []
    for _ in 0..<all.count - 2 {
      expected += elements
    }
    expected += [[9, 9], [9, 9], [9, 9]]
    #expect(joined.count == expected.count)
    #expect(try wireForm(joined) == referenceWireForm(expected))
    for lower in 0...expected.count {
      let upper = min(expected.count, lower + 5)
      var encoder = try ChunkEncoder(CodecChain(VlenBytesCodec()))
      var found: [UInt8] = []
      _ = try encoder.encode(joined, in: lower..<upper) { found = Array(copying: $0) }
      #expect(found == referenceWireForm(Array(expected[lower..<upper])))
    }
  }

  @Test("Joined sources may have no elements, or be none")
  func emptySources() throws {
    #expect(JoinedBlobs([]).count == 0)
    #expect(try wireForm(JoinedBlobs([])) == [0, 0, 0, 0])
    let joined = JoinedBlobs([[[UInt8]](), [[1]] as [[UInt8]], [[UInt8]](), [[UInt8]](), [[2]] as [[UInt8]]])
    #expect(try wireForm(joined) == referenceWireForm([[1], [2]]))
  }

  @Test("A repeated element repeats", arguments: [0, 1, 63, 64, 65, 200], [0, 1, 100])
  func repetition(byteCount: Int, count: Int) throws {
    let element = [UInt8](repeating: 7, count: byteCount)
    let found = try wireForm(RepeatedBlob(element, count: count))
    #expect(found == referenceWireForm(Array(repeating: element, count: count)))
  }

  @Test("An error of a generator comes out")
  func generatorErrors() throws {
    let failure = ChunkError.sourceFailed(reason: "no element 2")
    let failing = GeneratedBlobs(count: 3, byteCount: { _ in 1 }) { index, output throws(ChunkError) in
      if index == 2 { throw failure }
      output.append(0)
    }
    #expect(throws: failure) { try wireForm(failing) }
    let sizeless = GeneratedBlobs(
      count: 3, byteCount: { _ throws(ChunkError) in throw failure }, initializingWith: { _, _ in })
    #expect(throws: failure) { try wireForm(sizeless) }
  }

  @Test("Sizes whose sum is beyond an integer are an error")
  func overflowingSizes() {
    let large = GeneratedBlobs(count: 3) { _ in
      Int.max / 2
    } initializingWith: { _, _ in
    }
    #expect(throws: ChunkError.chunkTooLarge(byteCount: .max, limit: .max)) { try wireForm(large) }
    #expect(throws: ChunkError.chunkTooLarge(byteCount: .max, limit: .max)) {
      try wireForm(JoinedBlobs([large, large]))
    }
    #expect(throws: ChunkError.self) { try wireForm(RepeatedBlob([1, 2], count: .max)) }
    #expect(throws: ChunkError.tooManyElements(count: 1 << 32)) {
      try wireForm(RepeatedBlob([], count: 1 << 32))
    }
  }

  @Test(
    "Negative sizes are an error", arguments: [[-1], [-5, 10], [10, -5], [Int.min], [Int.min, Int.min]])
  func negativeSizes(byteCounts: [Int]) {
    let source = GeneratedBlobs(count: byteCounts.count) {
      byteCounts[$0]
    } initializingWith: { _, _ in
    }
    #expect(throws: ChunkError.self) { try wireForm(source) }
  }

  @Test("A negative number of elements is a programming error")
  func countPreconditions() async {
    await #expect(processExitsWith: .failure) { _ = RepeatedBlob([], count: -1) }
    await #expect(processExitsWith: .failure) {
      _ = GeneratedBlobs(count: -1) { _ in
        0
      } initializingWith: { _, _ in
      }
    }
  }

  /// `elements` as every kind of source that holds its memory.
  private func sources(of elements: [[UInt8]]) throws -> [(name: String, source: any BlobSource)] {
    let half = elements.count / 2
    return [
      ("[[UInt8]]", elements),
      ("[ArraySlice<UInt8>]", elements.map { ([0xee, 0xee] + $0 + [0xee])[2..<2 + $0.count] }),
      (
        "GeneratedBlobs",
        GeneratedBlobs(count: elements.count) {
          elements[$0].count
        } initializingWith: { index, output in
          let element = elements[index]
          output.append(copying: element.span.bytes)
        }
      ),
      ("BlobBatch", try blobBatch(of: elements)),
      ("BlobView", try blobView(of: elements)),
      ("compacted BlobView", try blobView(of: elements).compacted()),
      ("JoinedBlobs", JoinedBlobs([Array(elements[..<half]), try blobBatch(of: Array(elements[half...]))])),
    ]
  }

  /// Calls `body` with `elements` back to back, with offsets of both widths that start at 0 and elsewhere.
  private func withContiguous(
    _ elements: [[UInt8]], _ body: (String, any BlobSource) throws -> Void
  ) throws {
    for margin in [0, 5] {
      let junk = [UInt8](repeating: 0xee, count: margin)
      let bytes = junk + elements.flatMap { $0 } + junk
      var offsets = [margin]
      for element in elements {
        offsets.append(offsets[offsets.count - 1] + element.count)
      }
      // The bytes end with their allocation, so that AddressSanitizer sees a read after them.
      try withAllocation(bytes) { start in
        let exact = UnsafeRawBufferPointer(start: start, count: bytes.count).bytes
        let wide = offsets.map(Int64.init)
        let narrow = offsets.map(UInt32.init)
        try withContiguousBlobs(exact, offsets: wide.span) {
          try body("contiguous, Int64, from \(margin)", $0)
        }
        try withContiguousBlobs(exact, offsets: narrow.span) {
          try body("contiguous, UInt32, from \(margin)", $0)
        }
      }
    }
  }
}
