import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Copying arrays")
struct CopyingTests {
  private static let shapes: [(shape: [Int], from: [Int], to: [Int])] = [
    ([], [], []), ([1], [1], [5]), ([100], [7], [11]), ([100], [100], [1]), ([100], [1], [100]),
    ([20, 30], [20, 1], [1, 30]), ([7, 5, 6], [2, 5, 1], [3, 2, 4]), ([3, 0, 4], [1, 1, 1], [2, 2, 2]),
    ([0], [3], [4]), ([6, 6], [6, 6], [2, 3]),
  ]

  private func elements(_ count: Int) -> [[UInt8]] {
    var generator = SeededGenerator(seed: UInt64(count))
    return (0..<count).map { _ in
      (0..<Int.random(in: 0...20, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator)
      }
    }
  }

  @Test("Elements come to their places, whatever the chunks", arguments: shapes.indices, [1, 1 << 20])
  func rechunking(index: Int, memoryBudget: Int) throws {
    let (shape, from, to) = Self.shapes[index]
    let store = MemoryStore()
    let elements = elements(shape.reduce(1, *))
    let source = try ZarrArray.create(
      in: store, at: "a", writing: elements, shape: shape,
      options: ArrayOptions(chunkSize: .shape(from), compressors: [.zstd()]))
    let target = try ZarrArray.create(
      in: store, at: "b", shape: shape, options: ArrayOptions(chunkSize: .shape(to), compressors: [.gzip()]))
    let monitor = ProgressMonitor()
    try target.write(contentsOf: source, memoryBudget: memoryBudget, monitor: monitor)
    #expect(try target.read().arrays() == elements)
    #expect(monitor.progress.elementCount == elements.count)
    #expect(monitor.progress.totalElementCount == elements.count)
    #expect(try target.firstDifference(from: source, memoryBudget: memoryBudget) == nil)
    #expect(try source.firstDifference(from: target, memoryBudget: memoryBudget) == nil)
  }

  @Test("The first element that differs is found", arguments: [[0, 0], [3, 4], [19, 29]], [1, 1 << 20])
  func difference(place: [Int], memoryBudget: Int) throws {
    let store = MemoryStore()
    let elements = elements(600)
    let arrays = try ["a", "b"].map { path in
      try ZarrArray.create(
        in: store, at: path, writing: elements, shape: [20, 30],
        options: ArrayOptions(chunkSize: .shape(path == "a" ? [20, 1] : [3, 30])))
    }
    try arrays[0].write(blob: Array("other".utf8), at: place)
    #expect(try arrays[1].firstDifference(from: arrays[0], memoryBudget: memoryBudget) == place)
    try arrays[1].write(blob: Array("other".utf8), at: place)
    #expect(try arrays[1].firstDifference(from: arrays[0], memoryBudget: memoryBudget) == nil)
    // As many bytes, but others.
    try arrays[1].write(blob: Array("0ther".utf8), at: place)
    #expect(try arrays[0].firstDifference(from: arrays[1], memoryBudget: memoryBudget) == place)
  }

  @Test("An array of very many chunks of which few are stored is copied by those")
  func sparse() throws {
    let store = MemoryStore()
    let shape = [1 << 20, 1 << 20]
    let options = ArrayOptions(chunkSize: .shape([64, 64]))
    let source = try ZarrArray.create(in: store, at: "a", shape: shape, options: options)
    let places = [[0, 0], [5, 1 << 19], [(1 << 20) - 1, (1 << 20) - 1]]
    for (number, place) in places.enumerated() { try source.write([UInt8(number + 1)], at: place) }
    let target = try ZarrArray.create(
      in: store, at: "b", shape: shape, options: ArrayOptions(chunkSize: .shape([128, 32])))
    try target.write(contentsOf: source, memoryBudget: 1 << 20)
    for (number, place) in places.enumerated() { #expect(try target.read(at: place) == [UInt8(number + 1)]) }
    #expect(try store.keys("b/c").count == 3)
    #expect(try target.firstDifference(from: source, memoryBudget: 1 << 20) == nil)
    try target.write(blob: [9], at: [1 << 10, 3])
    #expect(try target.firstDifference(from: source, memoryBudget: 1 << 20) == [1 << 10, 3])
    #expect(try source.firstDifference(from: target, memoryBudget: 1 << 20) == [1 << 10, 3])
  }

  @Test(
    "Elements that neither array stores are compared without a look at each", arguments: [1 << 31, 1 << 40])
  func unstored(chunkLength: Int) throws {
    func make(_ options: ArrayOptions, holding number: UInt8?) throws -> ZarrArray {
      var options = options
      options.dataType = .number(.uint8)
      let array = try ZarrArray.create(in: MemoryStore(), shape: [1 << 50], options: options)
      if let number { try array.write([number], to: [1 << 45..<1 << 45 + 1]) }
      return array
    }
    let huge = ArrayOptions(chunkSize: .rows(chunkLength))
    #expect(try make(huge, holding: nil).firstDifference(from: make(huge, holding: nil)) == nil)
    let small = ArrayOptions(chunkSize: .rows(64))
    let one = try make(small, holding: 1)
    #expect(try one.firstDifference(from: make(small, holding: 1)) == nil)
    #expect(try one.firstDifference(from: make(small, holding: 2)) == [1 << 45])
  }

  @Test("A copy with other chunks makes none that is larger than readers take")
  func chunkLimit() throws {
    var access = ArrayAccess()
    access.limits.decodedByteCountPerChunk = 4000
    let elements = (0..<100).map { [UInt8](repeating: UInt8($0), count: $0 < 10 ? 1 : 300) }
    let source = try ZarrArray.create(
      in: MemoryStore(), writing: elements, options: ArrayOptions(chunkSize: .rows(5)), access: access)
    func copy(_ options: CopyOptions) throws -> ZarrArray {
      var options = options
      options.access = access
      let store = MemoryStore()
      try ZarrNode.array(source).copy(to: store, options: options)
      return try ZarrArray.open(in: store, access: access)
    }
    for options in [
      CopyOptions(chunkSize: .rows(50)), CopyOptions(chunkSize: .shape([100])),
      CopyOptions(chunkSize: .rows(50), shards: .size(.rows(100))), CopyOptions(chunkSize: .rows(1 << 20)),
    ] {
      let error = #expect(throws: ZarrError.self) { try copy(options) }
      guard case .chunkTooLarge(_, _, 4000, let fittingCount)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      var fitting = options
      fitting.chunkSize = .rows(fittingCount)
      #expect(try copy(fitting).read().arrays() == elements)
    }
    // A size in bytes is met with fewer elements.
    let copied = try copy(CopyOptions(chunkSize: .bytes(3500)))
    #expect(try copied.read().arrays() == elements)
  }

  @Test("What was never written is the fill value of the source, also if the target has another one")
  func fillValues() throws {
    let store = MemoryStore()
    let options = ArrayOptions(chunkSize: .rows(1), compressors: [], fillValue: [7])
    let source = try ZarrArray.create(in: store, at: "a", shape: [6000], options: options)
    try source.write(blobs: [[1]] as [[UInt8]], to: [3..<4])
    let target = try ZarrArray.create(
      in: store, at: "b", shape: [6000], options: ArrayOptions(chunkSize: .rows(1000), compressors: []))
    try target.write(contentsOf: source)
    #expect(try target.read().arrays() == source.read().arrays())
    #expect(try target.firstDifference(from: source) == nil)
    let empty = try ZarrArray.create(
      in: store, at: "c", shape: [6000], options: ArrayOptions(chunkSize: .rows(1)))
    #expect(try empty.firstDifference(from: source) == [0])
  }

  @Test("Bytes, text and JSON become each other")
  func conversions() throws {
    let store = MemoryStore()
    let documents = [#"{"a": [1, "é"]}"#, "null", "\"x\"", " 1.50 "]
    let types: [DataType] = [.bytes, .string, .json]
    for from in types {
      let source = try ZarrArray.create(
        in: store, at: "from", blobs: documents.map { Array($0.utf8) },
        options: ArrayOptions(dataType: from, chunkSize: .rows(3), overwrites: true))
      for to in types {
        let target = try ZarrArray.create(
          in: store, at: "to", shape: [4],
          options: ArrayOptions(dataType: to, chunkSize: .rows(2), overwrites: true))
        try target.write(contentsOf: source)
        #expect(try target.read().strings() == documents)
        #expect(try target.firstDifference(from: source) == nil)
      }
    }
  }

  @Test("What is not text or not JSON is an error", arguments: [DataType.string, .json])
  func lostConversions(type: DataType) throws {
    let store = MemoryStore()
    let source = try ZarrArray.create(
      in: store, at: "a", blobs: [[0x31], [0x32], [0xFF]] as [[UInt8]],
      options: ArrayOptions(dataType: .bytes, chunkSize: .rows(2)))
    let target = try ZarrArray.create(
      in: store, at: "b", shape: [3], options: ArrayOptions(dataType: type, chunkSize: .rows(3)))
    let error = #expect(throws: ZarrError.self) { try target.write(contentsOf: source) }
    #expect(error?.description.contains("memory/a: element 2: ") == true, "\(String(describing: error))")
  }

  @Test("An empty element is no JSON, written or not")
  func emptyJSON() throws {
    let store = MemoryStore()
    let source = try ZarrArray.create(
      in: store, at: "a", shape: [5000], options: ArrayOptions(dataType: .string, chunkSize: .rows(1)))
    let target = try ZarrArray.create(
      in: store, at: "b", shape: [5000], options: ArrayOptions(dataType: .json, chunkSize: .rows(1)))
    #expect(throws: ZarrError.self) { try target.write(contentsOf: source) }
  }

  @Test("Arrays of another shape, or of types that cannot become each other, are errors")
  func misfits() throws {
    let store = MemoryStore()
    let source = try ZarrArray.create(
      in: store, at: "a", shape: [3], options: ArrayOptions(dataType: .bytes, chunkSize: .rows(2)))
    let others: [(shape: [Int], type: DataType)] = [
      ([4], .bytes), ([3, 1], .bytes), ([], .bytes), ([3], .number(.uint8)),
    ]
    for (index, other) in others.enumerated() {
      let target = try ZarrArray.create(
        in: store, at: "b\(index)", shape: other.shape,
        options: ArrayOptions(dataType: other.type, chunkSize: .shape(other.shape.map { _ in 1 })))
      #expect(throws: ZarrError.self) { try target.write(contentsOf: source) }
      #expect(throws: ZarrError.self) { try target.firstDifference(from: source) }
    }
  }

  @Test("Elements of one size become those of any size, without padding, and not the other way round")
  func fixedSizes() throws {
    let store = MemoryStore()
    for (index, (type, element, text))
      in ([
        (.rawBytes(byteCount: 4), [0x61, 0, 0, 0], [0x61, 0, 0, 0]),
        (.nullTerminatedBytes(byteCount: 4), [0x61, 0, 0x62, 0], [0x61, 0, 0x62]),
        (.fixedLengthUTF32(length: 1), [0xFC, 0, 0, 0], [0xC3, 0xBC]),
      ] as [(DataType, [UInt8], [UInt8])]).enumerated()
    {
      let source = try ZarrArray.create(
        in: store, at: "a\(index)", blobs: [element, element, element],
        options: ArrayOptions(dataType: type, chunkSize: .rows(2)))
      for target in [DataType.bytes, .string] {
        let copy = try ZarrArray.create(
          in: store, at: "b\(index)", shape: [3],
          options: ArrayOptions(dataType: target, chunkSize: .rows(2), overwrites: true))
        try copy.write(contentsOf: source)
        #expect(try copy.read().arrays() == [text, text, text])
        #expect(try copy.firstDifference(from: source) == nil)
        #expect(try source.firstDifference(from: copy) == nil)
        try copy.write(blobs: [[0x62]] as [[UInt8]], to: [1..<2])
        #expect(try copy.firstDifference(from: source) == [1])
        #expect(throws: ZarrError.self) { try source.write(contentsOf: copy) }
      }
    }
  }

  @Test("Numbers that are not a number are equal to themselves")
  func numbers() throws {
    let store = MemoryStore()
    let values = [Double.nan, -0.0, 1].map { value in withUnsafeBytes(of: value.bitPattern) { Array($0) } }
    let options = ArrayOptions(dataType: .number(.float64), chunkSize: .rows(2))
    let source = try ZarrArray.create(in: store, at: "a", blobs: values, options: options)
    let target = try ZarrArray.create(in: store, at: "b", shape: [3], options: options)
    try target.write(contentsOf: source)
    #expect(try target.firstDifference(from: source) == nil)
    try target.write(blob: [UInt8](repeating: 0, count: 8), at: [1])
    #expect(try target.firstDifference(from: source) == [1])
  }

  @Test("Copying stops where its monitor says so, and at damage")
  func stopping() throws {
    let store = MemoryStore()
    let options = ArrayOptions(chunkSize: .rows(10), compressors: [.crc32c])
    let source = try ZarrArray.create(in: store, at: "a", writing: elements(1000), options: options)
    let target = try ZarrArray.create(in: store, at: "b", shape: [1000], options: options)
    let monitor = ProgressMonitor()
    monitor.cancel()
    #expect(throws: ZarrError.self) { try target.write(contentsOf: source, monitor: monitor) }
    #expect(try store.keys("b") == ["b/zarr.json"])
    var value = try storedValue(at: "a/c/70", in: store)
    value[5] ^= 1
    try store.put(value, at: "a/c/70")
    let error = #expect(throws: ZarrError.self) { try target.write(contentsOf: source, memoryBudget: 1) }
    #expect(error?.description.contains("memory/a/c/70") == true)
    #expect(throws: ZarrError.self) { try target.firstDifference(from: source) }
  }
}
