import ChunkEngine
import Zarr
import ZarrPlatform

/// Reads a column of a stream or file of [Arrow](https://arrow.apache.org/docs/format/IPC.html) from its beginning.
///
///     stream    | schema | dictionary | record batch | … | FF FF FF FF 00 00 00 00 |
///     file      | ARROW1 0 0 | stream | footer |
///     message   | FF FF FF FF | u32 size of metadata | metadata | body |         old ones without the mark
///     body      | validity | offsets | values |               only those of this column are read
///               | validity | places in the dictionary |       if it has one
///
/// All numbers of a file are claims: they are checked before they are used, and memory is taken for bytes that are there.
final class ArrowReader {
  /// What the elements of the column are.
  let type: ElementType

  /// Whether the source can be read again.
  let isRegularFile: Bool

  private let column: String
  private let input: ArrowInput
  private let layout: Layout
  private let limit: Int

  /// The dictionary of the column that came last, if it has one.
  private var dictionary: Values?

  /// Where the column is in each record batch.
  private struct Layout {
    /// The number of columns before it, and of columns inside of those.
    var nodeCount = 0
    /// The number of their buffers, besides those that each batch counts itself.
    var bufferCount = 0
    /// How many of them have such buffers.
    var viewCount = 0
    /// The bytes of an offset.
    var offsetByteCount = 4
    /// The dictionary that has the values, or nil if they are in the batches.
    var dictionary: (id: Int64, index: ArrowInteger)?
  }

  /// Texts or bytes that are all in memory.
  private struct Values {
    let count: Int
    /// Which of them are there, as bits, or nothing if all are.
    let validity: [UInt8]
    let offsets: ArrowIntegers
    let bytes: [UInt8]
  }

  /// Elements are read about so many bytes at a time.
  private static let windowByteCount = 4 << 20

  /// Opens a file or standard input, and reads the schema.
  ///
  /// - Parameters:
  ///   - path: The path.
  ///   - column: The name of the column.
  ///   - limit: The most bytes of a dictionary, and of a buffer that is decompressed.
  /// - Throws: ``ToolError`` if it is not Arrow, or has no such column of text or bytes.
  init(_ path: String, column: String, limit: Int) throws {
    let input = try ArrowInput(path)
    self.input = input
    self.limit = limit
    isRegularFile = input.isRegularFile
    self.column = column
    guard let message = try input.nextMessage(), message.type == .schema else {
      throw input.damage("does not begin with a schema")
    }
    (type, layout) = try input.checked { () throws in
      guard try message.header.number(0, as: Int16.self) == 0 else {
        throw ToolError("\(input.name) has numbers in big-endian order, which zvlen does not read")
      }
      return try Self.find(column, in: message.header.tables(1), of: input.name)
    }
  }

  /// Finds the column, and checks its type.
  private static func find(
    _ column: String, in fields: [FlatBufferTable], of name: String
  ) throws -> (ElementType, Layout) {
    var layout = Layout()
    var visitedCount = 0
    /// Counts what a column has in each batch, with the columns inside of it.
    func skip(_ field: FlatBufferTable, depth: Int) throws {
      visitedCount += 1
      // Fields may be named several times, so that few bytes have very many of them.
      guard depth < 64, visitedCount < 1 << 16 else { throw FlatBufferTable.Damage() }
      layout.nodeCount += 1
      if try field.table(4) != nil {
        // Only the places in the dictionary are in the batches.
        layout.bufferCount += 2
        return
      }
      let type = try field.number(2, as: UInt8.self)
      switch type {
      case 1, 22: break
      case 13, 16: layout.bufferCount += 1
      case 14: layout.bufferCount += try field.table(3)?.number(0, as: Int16.self) == 1 ? 2 : 1
      case 2, 3, 6...12, 15, 17, 18, 21: layout.bufferCount += 2
      case 4, 5, 19, 20, 25, 26: layout.bufferCount += 3
      case 23, 24:
        layout.bufferCount += 2
        layout.viewCount += 1
      default: throw ToolError("\(name) has a column of an unknown type before \(column)")
      }
      for child in try field.tables(5) { try skip(child, depth: depth + 1) }
    }
    var names: [String] = []
    for field in fields {
      let name = try field.text(0)
      guard name.utf8.elementsEqual(column.utf8) else {
        names.append(name)
        try skip(field, depth: 0)
        continue
      }
      let type = try elementType(of: field, column)
      layout.offsetByteCount = type.offsetByteCount
      layout.dictionary = try field.table(4).map { encoding in
        let type = try encoding.table(1)
        let index = ArrowInteger(
          byteCount: Int(try type?.number(0, as: Int32.self) ?? 32) / 8,
          isSigned: try type?.number(1, as: UInt8.self) ?? 1 != 0)
        guard [1, 2, 4, 8].contains(index.byteCount) else { throw FlatBufferTable.Damage() }
        return (try encoding.number(0, as: Int64.self), index)
      }
      return (type.type, layout)
    }
    let list = names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and more" : "")
    throw ToolError("\(name) has no column \(column); it has \(list.isEmpty ? "none" : list)")
  }

  private static func elementType(
    of field: FlatBufferTable, _ column: String
  ) throws -> (type: ElementType, offsetByteCount: Int) {
    let isJSON = try field.tables(6).contains { pair in
      try pair.text(0) == "ARROW:extension:name" && pair.text(1) == "arrow.json"
    }
    switch try field.number(2, as: UInt8.self) {
    case 4: return (.bytes, 4)
    case 5: return (isJSON ? .json : .string, 4)
    case 19: return (.bytes, 8)
    case 20: return (isJSON ? .json : .string, 8)
    case 23, 24:
      throw ToolError(
        "the values of column \(column) are views; make them large_string or large_binary: "
          + "frame.write_ipc(file, compat_level=pl.CompatLevel.oldest(), compression='uncompressed') in polars, "
          + "column.cast(pa.large_string()) in pyarrow")
    default:
      throw ToolError(
        "the values of column \(column) are neither text nor bytes; make them text with pyarrow: "
          + "column.cast(pa.large_string())")
    }
  }

  /// What a record batch has of the column, or a dictionary of its values.
  private struct Batch {
    let count: Int
    let nullCount: Int
    /// Where the validity, the offsets and the values are in the body, or the validity and the places in the dictionary.
    let places: [Range<Int>]
    let bodyByteCount: Int
    let compression: ArrowCompression?
  }

  /// Reads the metadata of the next record batch, and dictionaries before it, or returns nil at the end.
  private func nextBatch() throws -> Batch? {
    while let message = try input.nextMessage() {
      switch message.type {
      case .schema: throw input.damage("has a second schema")
      case .recordBatch:
        return try input.checked { try batch(message.header, message.bodyByteCount, layout) }
      case .dictionary:
        // Other columns may have dictionaries.
        let id = try input.checked { try message.header.number(0, as: Int64.self) }
        if id == layout.dictionary?.id {
          try readDictionary(message)
        } else {
          try input.skip(message.bodyByteCount)
        }
      }
    }
    return nil
  }

  private func batch(_ header: FlatBufferTable, _ bodyByteCount: Int, _ layout: Layout) throws -> Batch {
    let nodes = try header.numbers(1, perElement: 2)
    let buffers = try header.numbers(2, perElement: 2)
    var first = layout.bufferCount
    if layout.viewCount > 0 {
      let counts = try header.numbers(4, perElement: 1)
      guard counts.count >= layout.viewCount else { throw FlatBufferTable.Damage() }
      for count in counts[..<layout.viewCount] {
        guard count[0] >= 0, count[0] <= buffers.count else { throw FlatBufferTable.Damage() }
        first += Int(count[0])
      }
    }
    let bufferCount = layout.dictionary == nil ? 3 : 2
    guard layout.nodeCount < nodes.count, first <= buffers.count - bufferCount else {
      throw FlatBufferTable.Damage()
    }
    let (count, nullCount) = (Int(nodes[layout.nodeCount][0]), Int(nodes[layout.nodeCount][1]))
    guard count >= 0, (0...count).contains(nullCount), count < Int.max / 16 else {
      throw FlatBufferTable.Damage()
    }
    let places = try buffers[first..<first + bufferCount].map { buffer throws(FlatBufferTable.Damage) in
      let (end, overflows) = buffer[0].addingReportingOverflow(buffer[1])
      guard buffer[0] >= 0, buffer[1] >= 0, !overflows, end <= bodyByteCount else {
        throw FlatBufferTable.Damage()
      }
      return Int(buffer[0])..<Int(end)
    }
    let compression = try header.table(3).map { compression in
      // Only the buffers can be compressed, each by itself.
      guard try compression.number(1, as: Int8.self) == 0,
        let compression = ArrowCompression(rawValue: try compression.number(0, as: Int8.self))
      else {
        throw ToolError(
          "\(input.name) is compressed in an unknown way; write it again with lz4, zstd, or without compression"
        )
      }
      return compression
    }
    return Batch(
      count: count, nullCount: nullCount, places: places, bodyByteCount: bodyByteCount,
      compression: compression)
  }

  /// Reads a dictionary of the column, which takes the place of the one before it.
  private func readDictionary(_ message: ArrowInput.Message) throws {
    let batch = try input.checked {
      guard try message.header.number(2, as: UInt8.self) == 0 else {
        throw ToolError(
          "\(input.name) adds to the dictionary of column \(column) later, which zvlen does not read; write it again "
            + "with emit_dictionary_deltas=False")
      }
      guard let header = try message.header.table(1) else { throw FlatBufferTable.Damage() }
      var layout = Layout()
      layout.offsetByteCount = self.layout.offsetByteCount
      return try self.batch(header, message.bodyByteCount, layout)
    }
    var buffers = BufferReader(input: input, batch.compression, byteCount: batch.bodyByteCount, limit: limit)
    let validity = try validity(of: batch, &buffers)
    let offsets = try offsets(of: batch, &buffers)
    let bytes = try buffers.all(batch.places[2])
    try buffers.finish()
    for index in 0..<batch.count {
      guard offsets[index] >= 0, offsets[index] <= offsets[index + 1], offsets[index + 1] <= bytes.count
      else {
        throw input.damage("has offsets out of order")
      }
    }
    dictionary = Values(count: batch.count, validity: validity, offsets: offsets, bytes: bytes)
  }

  private func validity(of batch: Batch, _ buffers: inout BufferReader) throws -> [UInt8] {
    batch.nullCount > 0 ? try buffers.first((batch.count + 7) / 8, of: batch.places[0]) : []
  }

  private func offsets(of batch: Batch, _ buffers: inout BufferReader) throws -> ArrowIntegers {
    let type = ArrowInteger(byteCount: layout.offsetByteCount, isSigned: true)
    // A column without elements may have no offsets.
    let byteCount = batch.count == 0 ? 0 : (batch.count + 1) * type.byteCount
    return ArrowIntegers(bytes: try buffers.first(byteCount, of: batch.places[1]), type: type)
  }

  private static func isNull(_ index: Int, _ validity: [UInt8]) -> Bool {
    !validity.isEmpty && validity[index >> 3] & 1 << UInt8(index & 7) == 0
  }

  /// Reads to the end, and returns whether an element of the column can be null.
  func hasNulls() throws -> Bool {
    while let batch = try nextBatch() {
      if batch.nullCount > 0 || dictionary.map({ !$0.validity.isEmpty }) == true { return true }
      try input.skip(batch.bodyByteCount)
    }
    return false
  }

  /// Reads all elements.
  ///
  /// - Parameters:
  ///   - limit: The most bytes of an element.
  ///   - tooLarge: The error for a larger one, by its name and its bytes.
  ///   - body: Receives the name of each element for errors, and the element, or nil for null.
  /// - Throws: ``ToolError`` for what is no Arrow, and what reading and `body` throw.
  func forEachElement(
    limit: Int, tooLarge: (String, Int) -> ToolError, _ body: (_ name: () -> String, RawSpan?) throws -> Void
  ) throws {
    var row = 0
    while let batch = try nextBatch() {
      var buffers = BufferReader(
        input: input, batch.compression, byteCount: batch.bodyByteCount, limit: self.limit)
      let validity = try validity(of: batch, &buffers)
      func take(_ element: Int, _ place: Range<Int>, of bytes: [UInt8], isNull: Bool) throws {
        guard isNull || place.count <= limit else { throw tooLarge(name(ofRow: row + element), place.count) }
        try body({ self.name(ofRow: row + element) }, isNull ? nil : bytes.rawSpan.extracting(place))
      }
      if let index = layout.dictionary?.index {
        let places = ArrowIntegers(
          bytes: try buffers.first(batch.count * index.byteCount, of: batch.places[1]), type: index)
        for element in 0..<batch.count {
          if Self.isNull(element, validity) {
            try take(element, 0..<0, of: [], isNull: true)
            continue
          }
          guard let dictionary, 0..<dictionary.count ~= places[element] else {
            throw input.damage("has places outside of the dictionary of column \(column)")
          }
          let (place, offsets) = (places[element], dictionary.offsets)
          try take(
            element, offsets[place]..<offsets[place + 1], of: dictionary.bytes,
            isNull: Self.isNull(place, dictionary.validity))
        }
      } else {
        let offsets = try offsets(of: batch, &buffers)
        // What is compressed is read whole.
        let all = batch.compression == nil ? nil : try buffers.all(batch.places[2])
        let valueByteCount = all?.count ?? batch.places[2].count
        var index = 0
        while index < batch.count {
          let start = offsets[index]
          var end = index
          repeat {
            guard start >= 0, offsets[end] <= offsets[end + 1], offsets[end + 1] <= valueByteCount else {
              throw input.damage("has offsets out of order")
            }
            let byteCount = offsets[end + 1] - offsets[end]
            guard byteCount <= limit else { throw tooLarge(name(ofRow: row + end), byteCount) }
            end += 1
          } while end < batch.count && offsets[end] - start < Self.windowByteCount
          let place = batch.places[2].lowerBound
          let origin = all == nil ? start : 0
          let window = try all ?? buffers.bytes(place + start..<place + offsets[end])
          for element in index..<end {
            try take(
              element, offsets[element] - origin..<offsets[element + 1] - origin, of: window,
              isNull: Self.isNull(element, validity))
          }
          index = end
        }
      }
      try buffers.finish()
      row += batch.count
    }
  }

  private func name(ofRow row: Int) -> String { "\(input.name), row \(row) of \(column)" }
}

/// How integers are stored.
private struct ArrowInteger {
  /// 1, 2, 4 or 8.
  let byteCount: Int
  let isSigned: Bool
}

/// Integers of Arrow.
private struct ArrowIntegers {
  let bytes: [UInt8]
  let type: ArrowInteger

  /// A number, or -1 if it is larger than all that is allowed.
  subscript(index: Int) -> Int {
    switch (type.byteCount, type.isSigned) {
    case (1, true): Int(load(index, Int8.self))
    case (1, false): Int(load(index, UInt8.self))
    case (2, true): Int(load(index, Int16.self))
    case (2, false): Int(load(index, UInt16.self))
    case (4, true): Int(load(index, Int32.self))
    case (4, false): Int(load(index, UInt32.self))
    case (_, true): Int(load(index, Int64.self))
    case (_, false): Int(exactly: load(index, UInt64.self)) ?? -1
    }
  }

  private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ index: Int, _: Number.Type) -> Number {
    // SAFETY: The load is bounds-checked, and every pattern of bits is a number.
    unsafe Number(
      littleEndian: bytes.rawSpan.unsafeLoadUnaligned(
        fromByteOffset: index * MemoryLayout<Number>.size, as: Number.self))
  }
}

/// Reads buffers of a body, in order.
private struct BufferReader {
  private let input: ArrowInput
  private let compression: ArrowCompression?
  private let byteCount: Int
  private let limit: Int
  private var position = 0

  init(input: ArrowInput, _ compression: ArrowCompression?, byteCount: Int, limit: Int) {
    (self.input, self.compression, self.byteCount, self.limit) = (input, compression, byteCount, limit)
  }

  /// The first bytes of the content of a buffer, which has to have them.
  mutating func first(_ count: Int, of place: Range<Int>) throws -> [UInt8] {
    guard count > 0 else { return [] }
    let content = compression == nil ? try bytes(place.prefix(count)) : try all(place)
    guard content.count >= count else { throw input.damage("has metadata that is no FlatBuffer of Arrow") }
    return content
  }

  /// The content of a buffer.
  mutating func all(_ place: Range<Int>) throws -> [UInt8] {
    do {
      guard let compression else {
        guard place.count <= limit else {
          throw ChunkError.decodedByteCountExceedsLimit(codec: "Arrow", byteCount: place.count, limit: limit)
        }
        return try bytes(place)
      }
      return try compression.decompress(bytes(place), limit: limit)
    } catch ChunkError.decodedByteCountExceedsLimit(_, let byteCount, _) {
      throw ToolError(
        "\(input.name) has a buffer of \(Quantity.exactBytes(byteCount ?? limit)), and \(limit) are allowed; if you trust "
          + "it, --chunk-limit allows more")
    } catch let error as ChunkError {
      throw input.damage("has a compressed buffer that cannot be decoded: \(error)")
    }
  }

  /// Bytes as they are stored.
  mutating func bytes(_ place: Range<Int>) throws -> [UInt8] {
    // A buffer without bytes can be anywhere.
    guard !place.isEmpty else { return [] }
    guard place.lowerBound >= position else { throw input.damage("has buffers in an unusual order") }
    try input.skip(place.lowerBound - position)
    position = place.upperBound
    return try input.bytes(place.count)
  }

  /// Goes on to the end of the body.
  func finish() throws { try input.skip(byteCount - position) }
}

/// The bytes of a stream or file of Arrow.
private final class ArrowInput {
  /// The types of messages, by their numbers.
  enum MessageType: UInt8 {
    case schema = 1
    case dictionary = 2
    case recordBatch = 3
  }

  /// A message before its body.
  struct Message {
    let type: MessageType
    let header: FlatBufferTable
    let bodyByteCount: Int
  }

  let name: String
  let isRegularFile: Bool
  private let file: SharedFile
  private let fileByteCount: Int
  private var position = 0

  /// Whether this is a file, which ends with a footer.
  private var hasFooter = false

  /// More metadata than this is not read.
  private static let metadataLimit = 64 << 20

  init(_ path: String) throws {
    let isStream = path == LineImport.standardInputName
    name = isStream ? LineImport.standardInputTitle : path
    file = SharedFile(isStream ? OpenFile(borrowing: STDIN_FILENO, path: name) : try OpenFile(path))
    let status = try file.file.status()
    guard !status.isEndlessDevice else { throw ToolError("\(name) is a device; name a file or a pipe") }
    isRegularFile = status.isRegularFile && !isStream
    fileByteCount = status.byteCount
  }

  /// The error for a source that is no Arrow.
  func damage(_ words: String) -> ToolError { ToolError("\(name) is damaged, or no Arrow IPC: it \(words)") }

  /// Calls `body`, which reads metadata.
  func checked<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch is FlatBufferTable.Damage {
      throw damage("has metadata that is no FlatBuffer of Arrow")
    }
  }

  /// Reads a message up to its body, or returns nil at the end.
  func nextMessage() throws -> Message? {
    let isFirst = position == 0
    guard var marker = try next(4) else {
      guard !hasFooter else { throw damage("ends early") }
      return nil
    }
    if isFirst, marker == Array("ARRO".utf8) {
      guard try bytes(4) == Array("W1\0\0".utf8) else { throw damage("does not begin as a file does") }
      hasFooter = true
      marker = try bytes(4)
    }
    if isFirst, marker == Array("PAR1".utf8) {
      throw ToolError("\(name) is Parquet; let pyarrow make Arrow of it, as zvlen import --help shows")
    }
    // Before Arrow 0.15 there was no mark, and polars still writes the schema of a file without one.
    if marker.allSatisfy({ $0 == 0xFF }) { marker = try bytes(4) }
    let byteCount = marker.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard byteCount > 0 else { return nil }
    guard byteCount <= Self.metadataLimit else { throw damage("has no message where one should be") }
    let metadata = try bytes(byteCount)
    return try checked {
      let message = try FlatBufferTable(rootOf: metadata)
      guard try message.number(0, as: Int16.self) == 4 else {
        throw ToolError("\(name) is older than Arrow 1.0; write it again with a newer version")
      }
      guard let type = MessageType(rawValue: try message.number(1, as: UInt8.self)),
        let header = try message.table(2),
        let bodyByteCount = Int(exactly: try message.number(3, as: Int64.self)),
        bodyByteCount >= 0
      else { throw FlatBufferTable.Damage() }
      return Message(type: type, header: header, bodyByteCount: bodyByteCount)
    }
  }

  /// Reads bytes that have to be there.
  func bytes(_ count: Int) throws -> [UInt8] {
    guard let bytes = try next(count) else { throw damage("ends early") }
    return bytes
  }

  /// Goes on after some bytes.
  func skip(_ count: Int) throws {
    guard isRegularFile else {
      var rest = count
      while rest > 0 { rest -= try bytes(min(rest, 1 << 20)).count }
      return
    }
    guard count <= fileByteCount - position else { throw damage("ends early") }
    position += count
    try file.file.seek(to: position)
  }

  /// Reads bytes, or returns nil at the end.
  ///
  /// Memory is taken as they come.
  private func next(_ count: Int) throws -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < count {
      try Interruption.check()
      let wanted = min(count - bytes.count, 16 << 20)
      // SAFETY: The count is the number of bytes that were read.
      let read = try unsafe [UInt8](unsafeUninitializedCapacity: wanted) { room, count throws(ToolError) in
        count = try unsafe file.file.readFully(into: UnsafeMutableRawBufferPointer(room))
      }
      position += read.count
      if bytes.isEmpty { bytes = read } else { bytes += read }
      guard read.count == wanted else {
        guard bytes.isEmpty else { throw damage("ends early") }
        return nil
      }
    }
    return bytes
  }
}
