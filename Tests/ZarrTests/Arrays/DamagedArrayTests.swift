import ChunkEngine
import TestSupport
import Testing
import Zarr

/// Stored bytes that are not what was written: always an error that says where, or a valid result.
@Suite("Damaged arrays")
struct DamagedArrayTests {
  /// Codecs, and whether the elements are text.
  struct Chain: CustomTestStringConvertible, Sendable {
    let name: String
    let stages: [CodecChain.Stage]
    var isText = false
    /// Whether every change of a stored byte is noticed.
    var noticesAll = false
    var testDescription: String { name }
  }

  static let chains = [
    Chain(name: "none", stages: []),
    Chain(name: "none, text", stages: [], isText: true),
    Chain(name: "zstd", stages: [.zstd()]),
    Chain(name: "zstd, text", stages: [.zstd(level: 3)], isText: true),
    Chain(name: "zstd with checksum", stages: [.zstd(level: 1, hasChecksum: true)]),
    Chain(name: "lz4", stages: [.lz4()]),
    Chain(name: "gzip", stages: [.gzip()]),
    Chain(name: "zlib", stages: [.zlib()]),
    Chain(name: "blosc lz4", stages: [.blosc()]),
    Chain(name: "blosc zstd shuffled", stages: [.blosc(.zstd, shuffle: .byte)]),
    Chain(name: "blosc blosclz bits", stages: [.blosc(.blosclz, shuffle: .bit)]),
    Chain(name: "crc32c", stages: [.crc32c], noticesAll: true),
    Chain(name: "zstd, crc32c", stages: [.zstd(), .crc32c], noticesAll: true),
    Chain(name: "gzip, crc32c, zstd", stages: [.gzip(), .crc32c, .zstd()]),
  ]

  private func makeArray(_ chain: Chain, in store: any Store) throws -> ZarrArray {
    let texts = (0..<60).map { index in
      String(repeating: ["alpha ", "béta ", "gamma ", "日本語", ""][index % 5], count: index % 7)
    }
    return try ZarrArray.create(
      in: store, blobs: texts,
      options: ArrayOptions(
        dataType: chain.isText ? .string : .bytes, chunkSize: .rows(20), compressors: chain.stages),
      access: ArrayAccess(workerCount: 1, limits: DecodingLimits(decodedByteCountPerChunk: 1 << 20)))
  }

  /// Reads an array of which `key` is damaged; returns whether that was noticed.
  private func expectErrorOrResult(
    _ array: ZarrArray, damaged key: String, _ comment: @autoclosure () -> String
  ) -> Bool {
    do {
      let view = try array.read()
      #expect(view.count == array.count, "\(comment())")
      _ = try view.compacted()
      if array.dataType == .string { _ = try? view.strings() }
      return false
    } catch ZarrError.chunk(let path, let reason) {
      #expect(path == "memory/\(key)", "\(comment())")
      #expect(reason is ChunkError, "\(comment())")
    } catch {
      Issue.record("\(comment()): unexpected error \(error)")
    }
    return true
  }

  @Test("A changed byte, or a chunk that is cut off or too long", arguments: chains)
  func changedChunk(chain: Chain) throws {
    var generator = SeededGenerator(seed: 11)
    let store = MemoryStore()
    let array = try makeArray(chain, in: store)
    let expected = try array.read().arrays()
    let key = "c/1"
    let original = try storedValue(at: key, in: store)
    var unnoticed = 0
    for round in 0..<700 {
      var bytes = original
      var change = ""
      switch round % 7 {
      case 0:
        bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
        change = "cut off to \(bytes.count)"
      case 1:
        bytes += ArrayElements.random(1, maximumByteCount: 5, using: &generator)[0] + [0]
        change = "made longer to \(bytes.count)"
      default:
        // Headers are small, and worth more attempts.
        let bound = round % 7 < 4 ? min(40, bytes.count) : bytes.count
        let index = Int.random(in: 0..<bound, using: &generator)
        let values: [UInt8] = [
          0, 1, 0x7f, 0x80, 0xff, bytes[index] ^ 1, UInt8(truncatingIfNeeded: generator.next()),
        ]
        bytes[index] = values.randomElement(using: &generator) ?? 0
        if bytes[index] == original[index] { bytes[index] ^= 0x10 }
        change = "byte \(index) is \(bytes[index])"
      }
      try store.put(bytes, at: key)
      let isNoticed = expectErrorOrResult(array, damaged: key, "\(chain.name), round \(round): \(change)")
      if !isNoticed { unnoticed += 1 }
      #expect(isNoticed || !chain.noticesAll, "\(chain.name), round \(round): \(change)")
      // Another way through, which must come to the same verdict.
      let isScanned = (try? array.scan { _, _ in }) != nil
      #expect(isScanned == !isNoticed, "\(chain.name), round \(round): \(change)")
      if round % 100 == 0 {
        // Errors leave the workers as good as new.
        try store.put(original, at: key)
        #expect(try array.read().arrays() == expected)
      }
    }
    #expect(unnoticed < 700)
  }

  @Test(
    "No flipped bit of a chunk that was written with defaults reads as other text",
    arguments: [
      ArrayOptions(chunkSize: .rows(20)), ArrayOptions(chunkSize: .rows(10), shardSize: .rows(20)),
      ArrayOptions(chunkSize: .rows(20), zarrFormat: .version2),
    ])
  func flippedBits(options: ArrayOptions) throws {
    let store = MemoryStore()
    let texts = (0..<60).map { index in
      (0..<index % 9).map { ["alpha", "béta", "日本語", "gamma", "x"][(index * $0 + index) % 5] }
        .joined(separator: " ")
    }
    let array = try ZarrArray.create(
      in: store, blobs: texts, options: options, access: ArrayAccess(workerCount: 1))
    let documents = ["zarr.json", ".zarray", ".zattrs"]
    for key in try store.list("").map(\.description) where !documents.contains(key) {
      let original = try storedValue(at: key, in: store)
      for bit in 0..<original.count * 8 {
        var bytes = original
        bytes[bit / 8] ^= 1 << (bit % 8)
        try store.put(bytes, at: key)
        if let read = try? array.read().strings() {
          #expect(read == texts, "\(key), bit \(bit)")
        }
      }
      try store.put(original, at: key)
    }
    #expect(try array.read().strings() == texts)
  }

  @Test("A changed byte of the document, or one that is cut off", arguments: 0..<4)
  func changedDocument(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let store = MemoryStore()
    let array = try makeArray(Self.chains[seed == 0 ? 1 : 12], in: store)
    let original = try storedValue(at: "zarr.json", in: store)
    for round in 0..<300 {
      var bytes = original
      if round % 10 == 0 {
        bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      } else {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let meaningful = Array("{}[]\",:-.e019tfn ".utf8).randomElement(using: &generator) ?? 0
        bytes[index] = round % 2 == 0 ? meaningful : UInt8(truncatingIfNeeded: generator.next())
      }
      try store.put(bytes, at: "zarr.json")
      guard let opened = try? ZarrArray.open(in: store, access: array.access),
        let elements = try? opened.read()
      else { continue }
      #expect(elements.count == opened.count)
    }
  }

  @Test("Of several damaged chunks the first in grid order is named")
  func firstDamaged() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, writing: ArrayElements.numbered(12), shape: [3, 4],
      options: ArrayOptions(chunkSize: .shape([1, 2])),
      access: ArrayAccess(workerCount: 1))
    for key in ["c/2/1", "c/1/0", "c/1/1"] { try store.put([], at: key) }
    let works: [() throws -> Void] = [
      { _ = try array.read() }, { try array.scan { _, _ in } }, { _ = try array.read([1..<3, 0..<4]) },
    ]
    for work in works {
      let error = #expect(throws: ZarrError.self) { try work() }
      guard case .chunk("memory/c/1/0", _)? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
      #expect(error?.description.contains("memory/c/1/0") == true)
    }
    #expect(try array.read([0..<1, 0..<4]).arrays() == ArrayElements.numbered(4))
    let error = #expect(throws: ZarrError.self) { try array.write(blob: [1], at: [2, 2]) }
    guard case .chunk("memory/c/2/1", _)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    // The whole chunk can be written over the damaged one.
    try array.write(blobs: [[1], [2]] as [[UInt8]], to: [2..<3, 2..<4])
    #expect(try array.read([2..<3, 2..<4]).arrays() == [[1], [2]])
  }

  @Test("A stored value above the limit is an error before it is read", arguments: [false, true])
  func storedLimit(isFile: Bool) throws {
    let directory = try StoreDirectory()
    let store: any Store = isFile ? try FileStore(opening: directory.path) : MemoryStore()
    let limits = DecodingLimits(decodedByteCountPerChunk: 1000)
    let array = try ZarrArray.create(
      in: store, at: "a", shape: [2], options: ArrayOptions(chunkSize: .rows(1), compressors: []),
      access: ArrayAccess(limits: limits))
    try store.put([UInt8](repeating: 0, count: limits.storedByteCountPerChunk + 1), at: "a/c/1")
    for work in [{ _ = try array.read() }, { try array.scan { _, _ in } }] as [() throws -> Void] {
      let error = #expect(throws: ZarrError.self) { try work() }?.storeError
      guard
        case .tooLarge(let path, limits.storedByteCountPerChunk + 1, limits.storedByteCountPerChunk)? = error
      else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
      #expect(path.hasSuffix("a/c/1"))
    }
  }

  @Test("A chunk that decodes to more than the limit is an error", arguments: chains)
  func decodedLimit(chain: Chain) throws {
    let store = MemoryStore()
    let options = ArrayOptions(chunkSize: .rows(2), compressors: chain.stages)
    // 8 bytes for the count and a length, and another length.
    let element = [UInt8](repeating: 0, count: 1000 - 12)
    try ZarrArray.create(in: store, writing: [element, []], options: options)
    let enough = ArrayAccess(limits: DecodingLimits(decodedByteCountPerChunk: 1000))
    #expect(try ZarrArray.open(in: store, access: enough).read().arrays() == [element, []])
    let less = ArrayAccess(limits: DecodingLimits(decodedByteCountPerChunk: 999))
    let array = try ZarrArray.open(in: store, access: less)
    for work in [{ _ = try array.read() }, { try array.scan { _, _ in } }] as [() throws -> Void] {
      let error = #expect(throws: ZarrError.self) { try work() }
      guard case .chunk("memory/c/0", _)? = error, case .decodedByteCountExceedsLimit? = error?.chunkError
      else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
  }

  @Test("A store that ignores the limit does not get around it")
  func carelessStore() throws {
    let base = MemoryStore()
    let limits = DecodingLimits(decodedByteCountPerChunk: 1000)
    let array = try ZarrArray.create(
      in: StoreCareless(base), shape: [1], options: ArrayOptions(chunkSize: .rows(1), compressors: []),
      access: ArrayAccess(limits: limits))
    try base.put([UInt8](repeating: 0, count: 10_000), at: "c/0")
    let error = #expect(throws: ZarrError.self) { try array.read() }
    #expect(
      error?.chunkError
        == .storedByteCountExceedsLimit(byteCount: 10_000, limit: limits.storedByteCountPerChunk))
  }

  @Test("An element that points past its chunk is an error")
  func hostileLengths() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, shape: [2], options: ArrayOptions(chunkSize: .rows(2), compressors: []))
    for (bytes, expected) in [
      ([], .truncatedHeader(codec: "vlen-bytes", byteCount: 0, expected: 4)),
      ([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .countMismatch(found: 3, expected: 2)),
      ([2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], .elementOverrun(index: 1, byteCount: 1, available: 0)),
      (
        [2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        .elementOverrun(index: 0, byteCount: Int(UInt32.max), available: 4)
      ),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], .trailingBytes(codec: "vlen-bytes", byteCount: 1)),
    ] as [([UInt8], ChunkError)] {
      try store.put(bytes, at: "c/0")
      let error = #expect(throws: ZarrError.self) { try array.read() }
      #expect(error?.chunkError == expected)
      let scanError = #expect(throws: ZarrError.self) { try array.scan { _, _ in } }
      #expect(scanError?.chunkError == expected)
    }
  }
}
