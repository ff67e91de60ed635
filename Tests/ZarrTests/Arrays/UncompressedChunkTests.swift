import ChunkEngine
import Synchronization
import TestSupport
import Testing
import Zarr

/// Chunks that cannot be compressed are written from where their elements are, and read to where they stay.
@Suite("Chunks that cannot be compressed")
struct UncompressedChunkTests {
  static let compressors: [[CodecChain.Stage]] = [
    [.zstd(), .crc32c], [.zstd()], [.zstd(hasChecksum: true)], [.zstd(), .crc32c, .crc32c], [.lz4()], [],
  ]

  private func elements(seed: UInt64) -> [[UInt8]] {
    var generator = SeededGenerator(seed: seed)
    return generator.elements(byteCounts: [
      200_000, 0, 70_000, 131_072, 900_001, 5, 131_060, 262_144, 40_000, 131_068, 33_000, 3, 150_000,
    ])
  }

  @Test("They are read as they were written", arguments: 0..<6, [1, 2, 3, 13])
  func roundTrip(index: Int, rowCount: Int) throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path)
    let memory = MemoryStore()
    let written = elements(seed: UInt64(rowCount))
    let options = ArrayOptions(chunkSize: .rows(rowCount), compressors: Self.compressors[index])
    let sources: [any BlobSource] = [
      written, written.map { $0[...] }, try blobBatch(of: written), try blobView(of: written),
      JoinedBlobs([Array(written[..<4]), Array(written[4...])]),
    ]
    for (number, source) in sources.enumerated() {
      let array = try ZarrArray.create(in: store, at: "\(number)", blobs: source, options: options)
      #expect(try array.read().arrays() == written, "\(type(of: source))")
      for index in written.indices { #expect(try array.read(at: [index]) == written[index]) }
      #expect(try array.read([2..<9]).arrays() == Array(written[2..<9]))
      let scanned = Mutex([Int: [UInt8]]())
      try array.scan { region, elements in
        for index in elements.indices {
          let element = Array(copying: elements[index])
          scanned.withLock { $0[region.ranges[0].lowerBound + index] = element }
        }
      }
      #expect(scanned.withLock { $0 } == Dictionary(uniqueKeysWithValues: zip(written.indices, written)))
      // A store without files gives the frames to libzstd.
      for key in try store.list("\(number)") {
        try memory.put(try storedValue(at: key.description, in: store), at: key.description)
      }
      #expect(try ZarrArray.open(in: memory, at: "\(number)").read().arrays() == written)
    }
  }

  @Test("Appended and overwritten ones are too")
  func appending() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path)
    let written = elements(seed: 3)
    let appender = try Appender.create(
      of: [UInt8].self, in: store, options: ArrayOptions(chunkSize: .rows(2)))
    for element in written { try appender.append(blob: element) }
    try appender.finish()
    let array = try ZarrArray.open(in: store)
    #expect(try array.read().arrays() == written)
    let others = elements(seed: 4)
    try array.write(blobs: Array(others[3..<8]), to: [3..<8])
    #expect(try array.read().arrays() == Array(written[..<3] + others[3..<8] + written[8...]))
  }

  @Test("A large fill value is not stored")
  func fillValue() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path)
    let fillValue = elements(seed: 5)[0]
    let options = ArrayOptions(chunkSize: .rows(1), fillValue: fillValue)
    let other = elements(seed: 6)[0]
    let array = try ZarrArray.create(
      in: store, blobs: [fillValue, other, fillValue, fillValue + [1]], options: options)
    #expect(try directory.files() == ["zarr.json", "c/1", "c/3"])
    #expect(try array.read().arrays() == [fillValue, other, fillValue, fillValue + [1]])
  }

  /// What a reader finds, in words.
  private func outcome(_ store: any Store) -> String {
    do {
      let found = try ZarrArray.open(in: store).read().arrays()
      return "\(found.map(\.count)), \(found.hashValue)"
    } catch ZarrError.chunk(_, let reason) {
      return "\(reason)"
    } catch {
      return "another error: \(type(of: error))"
    }
  }

  @Test(
    "Damage is found as libzstd finds it",
    arguments: [[.zstd(), .crc32c], [.zstd()]] as [[CodecChain.Stage]])
  func damage(compressors: [CodecChain.Stage]) throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path)
    let memory = MemoryStore()
    let options = ArrayOptions(chunkSize: .rows(1), compressors: compressors)
    for store in [store as any Store, memory] {
      var generator = SeededGenerator(seed: 8)
      try ZarrArray.create(in: store, blobs: [generator.bytes(count: 300_000)], options: options)
    }
    let sound = try storedValue(at: "c/0", in: store)
    let block = ZstdFrame.blockByteCount
    var places = Array(0..<32) + Array(sound.count - 8..<sound.count)
    for number in 1...2 { places += 10 + number * (block + 3) - 3..<10 + number * (block + 3) + 5 }
    var values: [[UInt8]] = []
    for place in places {
      for bit in [1, 8, 128] as [UInt8] {
        var value = sound
        value[place] ^= bit
        values.append(value)
      }
    }
    for count in [0, 1, 9, 10, 17, 18, 131_000, sound.count - 5, sound.count - 4, sound.count - 1] {
      values.append(Array(sound[..<count]))
    }
    values += [sound + [0], sound + sound, Array(sound[13...])]
    let whole = outcome(store)
    for value in values {
      try store.put(value, at: "c/0")
      try memory.put(value, at: "c/0")
      let found = outcome(store)
      #expect(found == outcome(memory))
      #expect(compressors.count == 1 || found != whole)
    }
  }

  /// Gives another element the second time that it is asked.
  private final class ChangingSource: BlobSource {
    let first: [UInt8]
    let second: [UInt8]
    private let calls = Atomic(0)

    init(_ first: [UInt8], then second: [UInt8]) {
      (self.first, self.second) = (first, second)
    }

    var count: Int { 1 }

    func byteCount(of range: Range<Int>) throws(ChunkError) -> Int { first.count }

    func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
      let element = first
      try writer.append(element.span.bytes)
    }

    func showElements(in range: Range<Int>, _ body: (RawSpan) throws -> Void) throws -> Bool {
      let isFirst = calls.add(1, ordering: .relaxed).oldValue == 0
      let element = isFirst ? first : second
      try body(element.span.bytes)
      return true
    }
  }

  @Test("A source that changes is an error, and the old value stays", arguments: [-1, 1])
  func changingSource(difference: Int) throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path)
    let old = elements(seed: 9)[0]
    let array = try ZarrArray.create(in: store, blobs: [old], options: ArrayOptions(chunkSize: .rows(1)))
    let new = elements(seed: 10)[0]
    let source = ChangingSource(new, then: difference < 0 ? new.dropLast() : new + [1])
    #expect(throws: ZarrError.self) { try array.write(blobs: source) }
    #expect(try array.read().arrays() == [old])
    #expect(try directory.files() == ["zarr.json", "c/0"])
  }
}
