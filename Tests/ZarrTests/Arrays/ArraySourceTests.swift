import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("What arrays are written from, and read as")
struct ArraySourceTests {
  private let expected = ArrayElements.numbered(11) + [[], [0], [255, 0, 255]]
  private let texts = ["", "a", "é", "日本語", "😀", "a\0b", String(repeating: "long ", count: 9)]

  /// Writes a source over several chunks, in full and in part, and reads it.
  private func expectWrites(
    _ source: any BlobSource, _ expected: [[UInt8]], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(source.count == expected.count, sourceLocation: sourceLocation)
    let options = ArrayOptions(chunkSize: .rows(4), compressors: [.zstd()])
    let array = try ZarrArray.create(in: MemoryStore(), blobs: source, options: options)
    #expect(try array.read().arrays() == expected, sourceLocation: sourceLocation)
    let other = try ZarrArray.create(in: MemoryStore(), shape: [expected.count + 5], options: options)
    try other.write(blobs: source, to: [3..<3 + expected.count])
    #expect(
      try other.read().arrays() == [[], [], []] + expected + [[], []], sourceLocation: sourceLocation)
  }

  @Test("Arrays of bytes, slices, data and text")
  func collections() throws {
    try expectWrites(expected, expected)
    try expectWrites(expected.map { ([1, 2] + $0 + [3])[2..<$0.count + 2] }, expected)
    try expectWrites(expected.map { Data([1, 2] + $0 + [3])[2..<$0.count + 2] }, expected)
    try expectWrites(expected.map { Data($0) }, expected)
    try expectWrites(texts, texts.map { Array($0.utf8) })
    try expectWrites([] as [[UInt8]], [])
    try expectWrites([] as [String], [])
  }

  private func withBlobs(
    _ bytes: [UInt8], _ offsets: [UInt32], _ body: (any BlobSource) throws -> Void
  ) throws {
    try withContiguousBlobs(bytes.span.bytes, offsets: offsets.span, body)
  }

  private func withBlobs(
    _ bytes: [UInt8], _ offsets: [Int64], _ body: (any BlobSource) throws -> Void
  ) throws {
    try withContiguousBlobs(bytes.span.bytes, offsets: offsets.span, body)
  }

  @Test("Contiguous bytes with offsets of 32 and 64 bits, which need not begin at 0")
  func contiguous() throws {
    let bytes: [UInt8] = [9, 9] + Array(expected.joined()) + [9]
    var ends = [2]
    for element in expected { ends.append((ends.last ?? 0) + element.count) }
    try withBlobs(bytes, ends.map(UInt32.init)) { try expectWrites($0, expected) }
    try withBlobs(bytes, ends.map(Int64.init)) { try expectWrites($0, expected) }
  }

  @Test(
    "Offsets that decrease, or lie outside of the bytes, are errors",
    arguments: [[0, 3, 2], [0, 1 << 40], [-1, 0], [3, 1]] as [[Int64]])
  func invalidOffsets(offsets: [Int64]) throws {
    let error = #expect(throws: (any Error).self) {
      try withBlobs([1, 2, 3, 4], offsets) { source in
        _ = try ZarrArray.create(
          in: MemoryStore(), blobs: source, options: ArrayOptions(chunkSize: .rows(1)))
      }
    }
    guard case .invalidOffsets? = (error as? ZarrError)?.chunkError ?? (error as? ChunkError) else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test("Generated and joined elements")
  func generated() throws {
    let expected = expected
    let generated = GeneratedBlobs(count: expected.count, byteCount: { expected[$0].count }) {
      index, output in
      for byte in expected[index] { output.append(byte) }
    }
    try expectWrites(generated, expected)
    try expectWrites(
      JoinedBlobs([expected, [] as [[UInt8]], texts, generated]),
      expected + texts.map { Array($0.utf8) } + expected)
  }

  @Test("Elements that another array was read as")
  func views() throws {
    let view = try ZarrArray.create(
      in: MemoryStore(), writing: expected, options: ArrayOptions(chunkSize: .rows(3))
    ).read()
    try expectWrites(view, expected)
    try expectWrites(try view.compacted(), expected)
  }

  @Test("An array can be written with what was read from it")
  func selfCopy() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(10), options: ArrayOptions(chunkSize: .rows(4)))
    let view = try array.read([0..<8])
    try array.write(blobs: view, to: [2..<10])
    #expect(try array.read().arrays() == ArrayElements.numbered(2) + ArrayElements.numbered(8))
    // The view is as it was.
    #expect(view.arrays() == ArrayElements.numbered(8))
  }

  /// A source whose last element, the sixth, is announced with three bytes.
  private func unreliableSource(given: Int, failure: ChunkError?) -> GeneratedBlobs {
    GeneratedBlobs(count: 6, byteCount: { $0 == 5 ? 3 : 0 }) { index, output throws(ChunkError) in
      guard index == 5 else { return }
      if let failure { throw failure }
      // A source cannot write more than it announced, and says so.
      guard given <= output.freeCapacity else { throw .sourceChanged }
      for _ in 0..<given { output.append(1) }
    }
  }

  @Test("A source that fails, or gives other than it announced, is an error that names the chunk")
  func failingSources() throws {
    for (given, reason) in [(2, nil), (4, nil), (3, .sourceFailed(reason: "test"))] as [(Int, ChunkError?)] {
      let source = unreliableSource(given: given, failure: reason)
      let store = MemoryStore()
      let error = #expect(throws: ZarrError.self) {
        try ZarrArray.create(
          in: store, blobs: source, options: ArrayOptions(chunkSize: .rows(4), compressors: []))
      }
      guard case .chunk("memory/c/1", _)? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
      #expect(error?.chunkError == (reason ?? .sourceChanged))
      #expect(try store.keys("c") == [])
    }
  }

  @Test("Elements are read as arrays, data, text, one batch or where they lie")
  func outputs() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, writing: texts, options: ArrayOptions(dataType: .string, chunkSize: .rows(2)))
    let view = try array.read([1..<6])
    let bytes = texts[1..<6].map { Array($0.utf8) }
    #expect(view.count == 5)
    #expect(view.arrays() == bytes)
    #expect(view.data() == bytes.map { Data($0) })
    #expect(try view.strings() == Array(texts[1..<6]))
    let inPlace = view.indices.map { index in view[index].withUnsafeBytes { Array($0) } }
    #expect(inPlace == bytes)
    #expect(view.bytes(at: 2) == bytes[2])
    #expect(try view.string(at: 3) == texts[4])
    let batch = try view.compacted()
    let joined = batch.bytes.withUnsafeBytes { Array($0) }
    #expect(joined == Array(bytes.joined()))
    let offsets = (0...batch.count).map { batch.offsets[$0] }
    #expect(offsets == bytes.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int64($1.count)) })
  }

  @Test("Bytes that are no text cannot be read as text")
  func bytesAsText() throws {
    let view = try ZarrArray.create(in: MemoryStore(), blobs: [[0x61], [0xc3]] as [[UInt8]]).read()
    #expect(throws: ChunkError.invalidUTF8(index: 1)) { try view.strings() }
  }

  @Test("A view outlives the store and the array that it was read from")
  func lifetime() throws {
    var store: MemoryStore? = MemoryStore()
    var array: ZarrArray? = try ZarrArray.create(in: try #require(store), writing: expected)
    let view = try #require(try array?.read())
    array = nil
    store = nil
    #expect(view.arrays() == expected)
  }

  @Test("Text makes an array of text", arguments: [true, false])
  func dataTypeOfText(isText: Bool) throws {
    let source: any BlobSource = isText ? texts : texts.map { Array($0.utf8) }
    let array = try ZarrArray.create(in: MemoryStore(), blobs: source)
    #expect(array.dataType == (isText ? .string : .bytes))
    // Unless something else is said.
    let options = ArrayOptions(chunkSize: .rows(2))
    let other = try ZarrArray.create(in: MemoryStore(), blobs: source, options: options)
    #expect(other.dataType == (isText ? .string : .bytes))
    for dataType in [DataType.bytes, .string] {
      let options = ArrayOptions(dataType: dataType, chunkSize: .rows(2))
      let array = try ZarrArray.create(in: MemoryStore(), blobs: source, options: options)
      #expect(array.dataType == dataType)
      #expect(try array.read().strings() == texts)
    }
  }

  @Test(
    "Bytes that are no text are refused with the chunk and the element, which is not stored",
    arguments: [1, 4])
  func invalidText(workerCount: Int) throws {
    let store = MemoryStore()
    let options = ArrayOptions(dataType: .string, chunkSize: .rows(2), compressors: [])
    let array = try ZarrArray.create(
      in: store, shape: [6], options: options, access: ArrayAccess(workerCount: workerCount))
    try array.write(["a", "b", "c", "d", "e", "f"])
    let invalid: [[UInt8]] = [
      [0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82],
    ]
    for element in invalid {
      let error = #expect(throws: ZarrError.self) {
        try array.write(blobs: [[0x78], [0x79], [0x7a], element] as [[UInt8]], to: [0..<4])
      }
      guard case .chunk("memory/c/1", _)? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
      #expect(error?.chunkError == .invalidUTF8(index: 1))
      #expect(try array.read([2..<6]).strings() == ["c", "d", "e", "f"])
      #expect(throws: ZarrError.self) { try array.write(blob: element, at: [5]) }
    }
    // Halves of a character in two elements are no text.
    #expect(throws: ZarrError.self) { try array.write(blobs: [[0xc3], [0xa9]] as [[UInt8]], to: [4..<6]) }
    #expect(try array.read([4..<6]).strings() == ["e", "f"])
  }
}
