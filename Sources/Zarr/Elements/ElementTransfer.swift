import ChunkEngine

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Turns values into elements and back.
///
/// Many values are divided into blocks, for several threads.
struct ElementTransfer: Sendable {
  /// The data type of the array.
  let dataType: DataType

  private let json: JSONCoding
  private let workerCount: Int
  private let coders: WorkerPool<ElementCoder>

  /// The number of values in a block.
  ///
  /// Most values take a microsecond or more, so a block takes some milliseconds.
  static let blockElementCount = 1024

  init(_ dataType: DataType, _ access: ArrayAccess) {
    self.dataType = dataType
    json = access.json
    workerCount = access.workerCount
    coders = WorkerPool { [json = access.json] in ElementCoder(json) }
  }

  /// A coder for one thread.
  func makeCoder() -> ElementCoder { ElementCoder(json) }

  /// Lends a coder that no other thread uses during the call.
  func withCoder<Result>(_ body: (ElementCoder) throws -> Result) throws -> Result {
    let coder = try coders.take()
    defer { coders.put(coder) }
    return try body(coder)
  }

  /// The elements as a source for writing.
  ///
  /// - Throws: ``ElementError`` if the array does not hold the type, and ``ElementFailure`` for the first
  ///   value that cannot be an element.
  func source<Element: ZarrElement>(
    of elements: [Element]
  ) throws -> any BlobSource {
    try Element.checkWritable(to: dataType)
    return try sourceInPlace(of: elements) ?? encode(elements)
  }

  /// The elements as a source that does not copy them, or nil if their bytes in memory are not those of the
  /// data type.
  func sourceInPlace<Element: ZarrElement>(of elements: [Element]) -> (any BlobSource)? {
    guard dataType == Element.dataType else { return nil }
    if Element.self == String.self || Element.self == [UInt8].self || Element.self == Data.self {
      return (elements as Any) as? any BlobSource
    }
    return (Element.self as? any PackedElement.Type).flatMap { Self.packed(elements, as: $0) }
  }

  private func encode<Element: ZarrElement>(_ elements: [Element]) throws -> any BlobSource {
    let batches = try map(count: elements.count) { range, coder, monitor in
      var builder = try BlobBatchBuilder(count: range.count)
      var bytes: [UInt8] = []
      for index in range {
        try monitor.check(at: index)
        bytes.removeAll(keepingCapacity: true)
        do throws(ElementError) {
          try elements[index].appendElement(of: dataType, to: &bytes, with: coder)
        } catch {
          throw ElementFailure(index: index, reason: error)
        }
        try builder.append(bytes.rawSpan)
      }
      return try builder.finish()
    }
    return JoinedBlobs(batches)
  }

  /// The elements as a source if they are numbers of the type, otherwise nil.
  private static func packed<Number: PackedElement>(
    _ elements: Any, as type: Number.Type
  ) -> (any BlobSource)? {
    (elements as? [Number]).map { PackedElements($0) }
  }

  /// The values of a view.
  ///
  /// - Throws: ``ElementError`` if the array cannot be read as the type, and ``ElementFailure`` for the first
  ///   element that is no value.
  func elements<Element: ZarrElement>(
    of view: BlobView, as type: Element.Type
  ) throws -> [Element] {
    try Element.checkReadable(from: dataType)
    if let numbers = packedElements(of: view.blobs, as: type) { return numbers }
    let blocks = try map(count: view.count) { range, coder, monitor in
      try elements(of: view.blobs, range, with: coder, monitor) as [Element]
    }
    return blocks.count == 1 ? blocks[0] : Array(blocks.joined())
  }

  /// The values of a span.
  ///
  /// All work is done on the caller's thread.
  ///
  /// - Throws: ``ElementFailure`` for the first element that is no value.
  func elements<Element: ZarrElement>(
    of blobs: BlobSpan, as type: Element.Type
  ) throws -> [Element] {
    if let numbers = packedElements(of: blobs, as: type) { return numbers }
    let coder = try coders.take()
    defer { coders.put(coder) }
    return try elements(of: blobs, blobs.indices, with: coder, .current)
  }

  private func elements<Element: ZarrElement>(
    of blobs: BlobSpan, _ range: Range<Int>, with coder: ElementCoder, _ monitor: ProgressMonitor?
  ) throws -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(range.count)
    for index in range {
      try monitor.check(at: index)
      do throws(ElementError) {
        elements.append(try Element(element: blobs[index], of: dataType, with: coder))
      } catch {
        throw ElementFailure(index: index, reason: error)
      }
    }
    return elements
  }

  /// The elements as numbers, in one copy, or nil if they are no numbers of the type.
  private func packedElements<Element: ZarrElement>(
    of blobs: BlobSpan, as type: Element.Type
  ) -> [Element]? {
    guard dataType == type.dataType, let number = type as? any PackedElement.Type,
      let bytes = blobs.packedBytes
    else { return nil }
    func values<Number: PackedElement>(_ type: Number.Type, _ bytes: RawSpan) -> Any {
      Number.values(of: bytes)
    }
    return values(number, bytes) as? [Element]
  }

  /// Calls `body` for each block of indices, and returns the results in order.
  ///
  /// - Throws: The error of the first block that failed.
  private func map<Result: Sendable>(
    count: Int, _ body: @Sendable (Range<Int>, ElementCoder, ProgressMonitor?) throws -> Result
  ) throws -> [Result] {
    let monitor = ProgressMonitor.current
    let blockCount = (count + Self.blockElementCount - 1) / Self.blockElementCount
    let results = Locked([Result?](repeating: nil, count: blockCount))
    do {
      try ParallelChunks.forEachIndex(
        below: blockCount, workerCount: workerCount, pool: coders, following: monitor
      ) { block, coder in
        let start = block * Self.blockElementCount
        let result = try body(start..<min(count, start + Self.blockElementCount), coder, monitor)
        results.withLock { $0[block] = result }
      }
    } catch {
      throw error.reason
    }
    return results.withLock { $0.compactMap { $0 } }
  }
}

extension ProgressMonitor? {
  /// Throws if the work is to stop.
  ///
  /// Looks once for several elements, since decoding one can take less time than looking.
  fileprivate func check(at index: Int) throws(ChunkError) {
    if index & 15 == 0, self?.isCancelled == true { throw .cancelled }
  }
}

extension ElementTransfer {
  /// Checks that bytes can be elements of the data type, where no codec checks it when a chunk is encoded.
  ///
  /// - Throws: ``ElementFailure`` for the first one that cannot.
  /// - Complexity: O(*n*) where *n* is the size of the elements, for JSON and optional types, and their number
  ///   for types of fixed size; O(1) for others.
  private func check(_ blobs: any BlobSource) throws {
    if let expected = dataType.layout.fixedByteCount, let total = try? blobs.byteCount(of: 0..<blobs.count),
      total.quotientAndRemainder(dividingBy: max(1, expected)) != (blobs.count, 0),
      let failure = firstOfOtherSize(in: blobs)
    {
      throw failure
    }
    guard dataType.needsBlobCheck else { return }
    _ = try map(count: blobs.count) { range, _, monitor in
      // In wire form, whatever the layout of the chunks: each element is checked by itself.
      var arena = ByteArena()
      let byteCount = try blobs.byteCount(of: range) + range.count * WireForm.lengthByteCount
      let most = WireForm.maximumElementByteCount
      try arena.appendElements(byteCount: byteCount, maximumElementByteCount: most) {
        writer throws(ChunkError) in try blobs.write(range, to: &writer)
      }
      var scratch: [UInt8] = []
      var rest = arena.bytes
      for index in range {
        try monitor.check(at: index)
        let count = Int(UInt32(littleEndianAt: 0, in: rest.octets))
        let end = WireForm.lengthByteCount + count
        do throws(ElementError) {
          try dataType.check(blob: rest.extracting(WireForm.lengthByteCount..<end), scratch: &scratch)
        } catch {
          throw ElementFailure(index: index, reason: error)
        }
        rest = rest.extracting(end..<rest.byteCount)
      }
    }
  }

  /// Checks elements that the caller has as bytes, and calls `body`, which encodes them.
  ///
  /// Where their sizes add up, an element of another size is not found before its chunk is encoded, so that it costs
  /// nothing to check sound elements.
  ///
  /// - Throws: ``ElementFailure`` for the first element that the data type does not take, and what `body` throws.
  func withChecked<Result>(
    _ blobs: any BlobSource, _ body: () throws -> Result
  ) throws -> Result {
    try check(blobs)
    do {
      return try body()
    } catch {
      throw firstOfOtherSize(in: blobs) ?? error
    }
  }

  private func firstOfOtherSize(in blobs: any BlobSource) -> ElementFailure? {
    guard let expected = dataType.layout.fixedByteCount else { return nil }
    for index in 0..<blobs.count {
      guard let found = try? blobs.byteCount(of: index..<index + 1), found != expected else { continue }
      return ElementFailure(index: index, reason: dataType.wrongByteCount(found, expected))
    }
    return nil
  }
}

extension DataType {
  /// Says that an element has not the size that all of them have.
  func wrongByteCount(_ found: Int, _ expected: Int) -> ElementError {
    .unencodable(type: name, reason: "it has \(found) bytes, and each element has \(expected)")
  }

  /// Whether bytes must be checked before they go into a chunk.
  ///
  /// Sizes and UTF-8 are checked when a chunk is encoded.
  var needsBlobCheck: Bool {
    switch self {
    case .json, .optional: true
    default: false
    }
  }

  /// Checks that bytes can be an element.
  ///
  /// - Parameters:
  ///   - bytes: The bytes.
  ///   - scratch: Memory for the check. Its content is replaced.
  /// - Throws: ``ElementError/unencodable(type:reason:)``
  func check(blob bytes: RawSpan, scratch: inout [UInt8]) throws(ElementError) {
    switch self {
    case .json:
      do throws(JSONError) {
        try JSONElement.check(bytes, scratch: &scratch)
      } catch {
        throw .unencodable(type: "JSON", reason: "\(error)")
      }
    case .optional(let inner):
      guard bytes.byteCount > 0, bytes.octets[0] <= 1 else {
        throw .unencodable(type: name, reason: "it does not begin with 0 or 1")
      }
      if bytes.octets[0] == 1 {
        try inner.check(blob: bytes.extracting(1..<bytes.byteCount), scratch: &scratch)
      }
    default: break
    }
  }
}
