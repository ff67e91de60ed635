import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Elements that are taken from anywhere")
struct TakingTests {
  /// How arrays are divided.
  enum Division: CaseIterable {
    case chunks, shards, uneven

    func options(_ shape: [Int], using generator: inout SeededGenerator) throws -> ArrayOptions {
      let chunk = shape.map { _ in Int.random(in: 1...4, using: &generator) }
      switch self {
      case .chunks:
        return ArrayOptions(chunkSize: .shape(chunk), fillValue: [7])
      case .shards:
        return ArrayOptions(
          chunkSize: .shape(chunk),
          shardSize: .shape(chunk.map { $0 * Int.random(in: 1...3, using: &generator) }),
          fillValue: [7])
      case .uneven:
        let dimensions = try shape.map { extent in
          var lengths = ChunkLengths()
          repeat {
            try lengths.append(Int.random(in: 1...4, using: &generator))
          } while lengths.extent < extent
          return ChunkDimension.lengths(lengths)
        }
        return ArrayOptions(chunkSize: .grid(try ChunkGrid(dimensions: dimensions)), fillValue: [7])
      }
    }
  }

  private func indices(_ length: Int, using generator: inout SeededGenerator) -> [Int] {
    guard length > 0 else { return [] }
    return (0..<Int.random(in: 0...2 * length, using: &generator)).map { _ in
      Int.random(in: 0..<length, using: &generator)
    }
  }

  /// A list for a dimension, and the indices that it means.
  private func list(
    _ length: Int, using generator: inout SeededGenerator
  ) -> (list: ElementSelection.IndexList, indices: [Int]) {
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: return (.all, Array(0..<length))
    case 1:
      let lower = Int.random(in: 0...length, using: &generator)
      return (.range(lower..<length), Array(lower..<length))
    case 2:
      let (lower, step) = (
        Int.random(in: 0...length, using: &generator), Int.random(in: 1...3, using: &generator)
      )
      return (.stride(lower..<length, by: step), Array(stride(from: lower, to: length, by: step)))
    case 3:
      let mask = (0..<length).map { _ in Bool.random(using: &generator) }
      return (.mask(mask), mask.indices.filter { mask[$0] })
    default:
      let indices = indices(length, using: &generator)
      return (.indices(indices), indices)
    }
  }

  @Test(
    "Whatever is selected of whatever array is what a dictionary has there", arguments: Division.allCases,
    0..<30 as Range<UInt64>)
  func model(_ division: Division, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let shape = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
      Int.random(in: 0...8, using: &generator)
    }
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: shape, options: division.options(shape, using: &generator),
      access: ArrayAccess(workerCount: Int.random(in: 1...3, using: &generator)))
    var model = ArrayModel(shape: shape, fillValue: [7])
    for _ in 0..<2 {
      let region = ArrayRegion.random(in: shape, using: &generator)
      let elements = (0..<(region.elementCount ?? 0)).map { number in
        [UInt8](
          repeating: UInt8(truncatingIfNeeded: number), count: Int.random(in: 0...90, using: &generator))
      }
      try array.write(elements, to: region)
      model.write(elements, to: region)
    }
    func expect(_ selection: ElementSelection, _ places: [[Int]], shape resultShape: [Int]) throws {
      let expected = places.map { model.read(ArrayRegion(elementAt: $0))[0] }
      #expect(try array.take(selection).arrays() == expected, "seed \(seed): \(selection)")
      #expect(selection.shape(in: shape) == resultShape)
    }
    for _ in 0..<4 {
      let lists = shape.map { list($0, using: &generator) }
      var places: [[Int]] = [[]]
      for list in lists { places = places.flatMap { start in list.indices.map { start + [$0] } } }
      try expect(.orthogonal(lists.map(\.list)), places, shape: lists.map(\.indices.count))
      let count = shape.contains(0) ? 0 : Int.random(in: 0...20, using: &generator)
      let points = (0..<count).map { _ in shape.map { Int.random(in: 0..<$0, using: &generator) } }
      try expect(
        .coordinates(shape.indices.map { dimension in points.map { $0[dimension] } }), points, shape: [count])
      let all = ArrayRegion(allOf: shape).allIndices
      let mask = all.map { _ in Bool.random(using: &generator) }
      let chosen = zip(all, mask).filter(\.1).map(\.0)
      try expect(.mask(mask), chosen, shape: [chosen.count])
    }
  }

  private func words(_ count: Int) -> [String] {
    (0..<count).map { "word \($0 * 7919)" + String(repeating: "x", count: $0 % 40) }
  }

  @Test("Many indices come in the order asked, repeated ones too, from views, batches and as values")
  func manyIndices() throws {
    let words = words(20_000)
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: words,
      options: ArrayOptions(chunkSize: .shape([100]), shardSize: .shape([1000])))
    var generator = SeededGenerator(seed: 3)
    let indices = (0..<30_000).map { _ in Int.random(in: 0..<words.count, using: &generator) }
    let expected = indices.map { words[$0] }
    #expect(try array.take(indices, as: String.self) == expected)
    let batch = try array.take(indices).compacted()
    #expect(batch.count == indices.count)
    #expect(batch.bytes.byteCount == expected.reduce(0) { $0 + $1.utf8.count })
    #expect(try array.take([]).isEmpty)
    #expect(try array.take(Array(0..<words.count)).strings() == words)
  }

  @Test("The forms for async code return the same")
  func asyncForms() async throws {
    let words = words(100)
    let array = try await ZarrArray.create(
      in: MemoryStore(), writing: words, shape: [10, 10], options: ArrayOptions(chunkSize: .shape([3, 3])))
    let selection = ElementSelection.orthogonal([.indices([9, 0]), .range(3..<5)])
    let expected = [words[93], words[94], words[3], words[4]]
    #expect(try await array.take(selection, as: String.self) == expected)
    #expect(try await array.take(selection).strings() == expected)
    let line = try await ZarrArray.create(in: MemoryStore(), writing: words)
    #expect(try await line.take([99, 0]).strings() == [words[99], words[0]])
    #expect(try await line.take([99, 0], as: String.self) == [words[99], words[0]])
    await #expect(throws: ZarrError.self) { try await line.take([100]) }
  }

  @Test("Numbers are taken too, and repeat")
  func numbers() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: (0..<1000).map { Double($0) },
      options: ArrayOptions(chunkSize: .shape([64])))
    #expect(try array.take([999, 0, 63, 64, 999, 1], as: Double.self) == [999, 0, 63, 64, 999, 1])
    #expect(try array.take([5, 5, 5], as: Double.self) == [5, 5, 5])
  }

  @Test("Each chunk is fetched once, and no chunk that is not needed")
  func requests() throws {
    let base = MemoryStore()
    try ZarrArray.create(
      in: base, writing: words(1000), options: ArrayOptions(chunkSize: .shape([10]), shardSize: .shape([100]))
    )
    let store = StoreMeter(base)
    let array = try ZarrArray.open(in: store)
    _ = store.takeReads()
    _ = try array.take([995, 3, 991, 4, 250, 5, 3])
    var ranges = 0
    var opened: [String] = []
    for read in store.takeReads() {
      switch read {
      case .open(let key): opened.append(key)
      case .range: ranges += 1
      case .part: Issue.record("a value was read without being opened")
      }
    }
    #expect(opened.sorted() == ["c/0", "c/2", "c/9"])
    // The index of each shard, and a chunk of each.
    #expect(ranges == 6)
  }

  @Test("The memory of a view is that of its elements, not of their chunks")
  func memory() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: [String](repeating: String(repeating: "a", count: 1000), count: 4000),
      options: ArrayOptions(chunkSize: .shape([1000])),
      access: ArrayAccess(limits: DecodingLimits(decodedByteCountPerCall: 100_000)))
    #expect(try array.take([0, 1000, 2000, 3000]).count == 4)
    #expect(throws: ZarrError.self) { try array.take(Array(0..<200)) }
    // Repeated elements count as if they had bytes of their own.
    #expect(throws: ZarrError.self) { try array.take([Int](repeating: 5, count: 200)) }
  }

  @Test("A large chunk is decoded no further than to the last of its elements")
  func prefixes() throws {
    let store = MemoryStore()
    var generator = SeededGenerator(seed: 1)
    let elements = (0..<4000).map { _ in
      (0..<1000).map { _ in UInt8.random(in: 0..<16, using: &generator) }
    }
    let array = try ZarrArray.create(
      in: store, writing: elements,
      options: ArrayOptions(chunkSize: .shape([4000]), compressors: [.zstd(level: 1)]))
    var stored = try #require(try array.storedBytes(ofChunkAt: [0]))
    // Bytes of the last block, which need not be looked at. There is no checksum.
    for offset in stored.count - 2000..<stored.count - 1000 { stored[offset] ^= 0xFF }
    try store.put(stored, at: "c/0")
    #expect(try array.take([500, 20, 21]).arrays() == [elements[500], elements[20], elements[21]])
    #expect(throws: ZarrError.self) { try array.take([500, 3999]) }
  }

  @Test("An index outside of the array is an error that says which one, and none counts from the end")
  func outside() throws {
    let array = try ZarrArray.create(in: MemoryStore(), writing: words(10))
    func reason(_ body: () throws -> Void) -> SelectionError? {
      do {
        try body()
      } catch ZarrError.selection(_, let reason) {
        return reason
      } catch {}
      return nil
    }
    #expect(
      reason { _ = try array.take([3, -1]) } == .index(-1, position: 1, dimension: 0, length: 10))
    #expect(
      reason { _ = try array.take([0, 4, 10]) } == .index(10, position: 2, dimension: 0, length: 10))
    #expect(
      reason { _ = try array.take(.orthogonal([.stride(0..<11, by: 2)])) }
        == .index(10, position: 10, dimension: 0, length: 10))
    #expect(
      reason { _ = try array.take(.orthogonal([.stride(0..<9, by: 0)])) } == .step(0, dimension: 0))
    #expect(
      reason { _ = try array.take(.mask([true])) } == .mask(count: 1, expected: 10, dimension: 0))
    #expect(
      reason { _ = try array.take(.orthogonal([.mask([true])])) }
        == .mask(count: 1, expected: 10, dimension: 0))
    #expect(
      reason { _ = try array.take(.orthogonal([.all, .all])) } == .dimensionCount(found: 2, expected: 1))
    let square = try ZarrArray.create(in: MemoryStore(), writing: words(9), shape: [3, 3])
    #expect(
      reason { _ = try square.take([1]) } == .dimensionCount(found: 1, expected: 2))
    #expect(
      reason { _ = try square.take(.coordinates([[0, 1], [2]])) }
        == .coordinateCount(found: 1, expected: 2, dimension: 1))
    #expect(
      reason { _ = try square.take(.mask([true])) } == .mask(count: 1, expected: 9, dimension: nil))
    let message = #expect(throws: ZarrError.self) { try array.take([3, -1]) }
    #expect("\(try #require(message))".contains("index -1, at position 1"))
  }

  @Test("A value of another type is an error with its position in the list")
  func wrongValue() throws {
    let array = try ZarrArray.create(in: MemoryStore(), blobs: [[0x61], [0xFF], [0x62]] as [[UInt8]])
    let text = try ZarrArray.open(in: array.store)
    #expect(try text.take([2, 0]).strings() == ["b", "a"])
    #expect(throws: ChunkError.self) { try text.take([2, 1]).strings() }
  }

  @Test("A damaged chunk is an error, and with a report only its elements are the fill value")
  func damage() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, writing: words(300),
      options: ArrayOptions(chunkSize: .shape([10]), shardSize: .shape([100])))
    var shard = try array.storedBytes(ofChunkAt: [1]) ?? []
    shard[8] ^= 0xFF
    try store.put(shard, at: "c/1")
    let error = #expect(throws: ZarrError.self) { try array.take([5, 100, 250, 120]) }
    #expect(error?.chunkError != nil)
    let report = DamageReport()
    let lenient = try ZarrArray.open(in: store, access: ArrayAccess(damageReport: report))
    let words = words(300)
    #expect(
      try lenient.take([5, 100, 250, 120, 100], as: String.self) == [
        words[5], "", words[250], words[120], "",
      ])
    #expect(report.chunks.count == 1)
  }

  @Test("Without dimensions there is one element to take")
  func scalar() throws {
    let array = try ZarrArray.create(in: MemoryStore(), writing: ["only"], shape: [])
    #expect(try array.take(.orthogonal([]), as: String.self) == ["only"])
    #expect(try array.take(.coordinates([]), as: String.self) == ["only"])
    #expect(try array.take(.mask([true]), as: String.self) == ["only"])
    #expect(try array.take(.mask([false])).isEmpty)
  }
}
