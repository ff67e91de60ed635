import ChunkEngine
import Zarr

/// Writes elements as a stream of [Arrow](https://arrow.apache.org/docs/format/IPC.html), block by block.
///
///     stream    | schema | record batch | record batch | … | FF FF FF FF 00 00 00 00 |
///     message   | FF FF FF FF | u32 size of metadata | metadata | body |                 all a multiple of 8 bytes
///     body      | validity | offsets | values |                      those of each column, each padded to 8 bytes
struct ArrowExport {
  private let dataType: DataType
  private let shape: [Int]
  private let form: Form
  private let elementText: ElementText

  /// The names of columns with the index along each dimension.
  private let indexNames: [String]

  /// How values lie in memory.
  private enum Form: Equatable {
    /// Numbers, times and byte strings of fixed size, as the array has them.
    case fixed(ArrowType, byteCount: Int)
    /// A bit for each truth value.
    case bits
    /// Bytes of any length with offsets.
    case bytes(ArrowType)
    /// The same, of byte strings and text with padding.
    case unpadded(ArrowType)
    /// Everything that Arrow has no type for, as JSON.
    case json

    var type: ArrowType {
      switch self {
      case .fixed(let type, _), .bytes(let type), .unpadded(let type): type
      case .bits: .bool
      case .json: .json
      }
    }
  }

  /// Prepares for elements of an array.
  ///
  /// - Parameters:
  ///   - array: The array.
  ///   - indexNames: The names of columns with the index along each dimension, or none for no such columns.
  init(_ array: ZarrArray, indexNames: [String]) {
    (dataType, shape, self.indexNames) = (array.dataType, array.shape, indexNames)
    form = Self.form(of: dataType.unwrapped)
    elementText = ElementText(dataType, .element)
  }

  private static func form(of dataType: DataType) -> Form {
    switch dataType {
    case .string: .bytes(.text)
    case .json: .bytes(.json)
    case .bytes: .bytes(.bytes)
    case .nullTerminatedBytes: .unpadded(.bytes)
    case .fixedLengthUTF32: .unpadded(.text)
    case .rawBytes(let byteCount), .opaqueBytes(let byteCount):
      .fixed(.fixedBytes(byteCount), byteCount: byteCount)
    case .number(.bool): .bits
    case .number(let type): ArrowType(type).map { .fixed($0, byteCount: type.byteCount) } ?? .json
    case .datetime64(let unit, scaleFactor: 1):
      ArrowType.unit(unit).map { .fixed(.timestamp($0), byteCount: 8) } ?? .json
    case .timedelta64(let unit, scaleFactor: 1):
      ArrowType.unit(unit).map { .fixed(.duration($0), byteCount: 8) } ?? .json
    default: .json
    }
  }

  /// Writes the elements of an array.
  ///
  /// - Parameters:
  ///   - elements: The elements, counted in C order.
  ///   - array: The array.
  ///   - output: Where the stream goes.
  ///   - raw: Receives the elements that do not fit their data type. They are null in the stream.
  /// - Throws: What reading and writing throw. The stream has no end then.
  func run(
    _ elements: Range<Int>, of array: ZarrArray, to output: OutputStream, raw: inout RawElements
  ) throws {
    let progress = ProgressLine("writing", totalCount: elements.count)
    defer { progress.clear() }
    try output.flushing {
      try output.write(Self.message(schema(), header: 1, bodyByteCount: 0).rawSpan)
      if case .bytes(let type) = form, !dataType.isOptional {
        try array.forEachBatch(of: elements, monitor: Interruption.monitor) { block, offset in
          var validity = Validity(count: block.count)
          let isSound = type == .bytes || block.areText
          let batch =
            try isSound ? block.elements : text(block.elements, from: offset, &validity, raw: &raw)
          let byteCount = try write([.offsets(batch), .values(batch)], validity, from: offset, to: output)
          progress.add(block.count, byteCount: byteCount)
        }
      } else {
        try array.forEachBlock(of: elements, monitor: Interruption.monitor) { block in
          var validity = Validity(count: block.elements.count)
          let values = try buffersOfValues(block, &validity, raw: &raw)
          let byteCount = try write(values, validity, from: block.offset, to: output)
          progress.add(block.elements.count, byteCount: byteCount)
        }
      }
      try output.write([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0].rawSpan)
    }
  }

  // MARK: Metadata

  private typealias Builder = FlatBufferBuilder

  /// The number of a version of the format, and of types of messages, in
  /// [Message.fbs](https://github.com/apache/arrow/blob/main/format/Message.fbs).
  private static let version5: Int16 = 4
  private static let recordBatch: UInt8 = 3

  /// The bytes of a message before its body, with the header that `makeHeader` adds.
  private static func message(
    _ makeHeader: (inout FlatBufferBuilder) -> Int, header: UInt8, bodyByteCount: Int
  ) -> [UInt8] {
    var builder = FlatBufferBuilder()
    let object = makeHeader(&builder)
    let root = builder.table([
      .short(0, version5), .byte(1, header), .object(2, object), .long(3, Int64(bodyByteCount)),
    ])
    let metadata = builder.finish(root)
    var bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
    for shift in stride(from: 0, to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: metadata.count >> shift))
    }
    return bytes + metadata
  }

  /// Adds the schema: [Schema.fbs](https://github.com/apache/arrow/blob/main/format/Schema.fbs) has the numbers.
  private func schema() -> (inout FlatBufferBuilder) -> Int {
    { builder in
      var fields: [Int] = []
      for (name, type, isNullable) in indexNames.map({ ($0, ArrowType.int(64, isSigned: true), false) })
        + [(ElementText.columnName, form.type, true)]
      {
        var metadata: [Int] = []
        if type == .json {
          for (key, value) in [("ARROW:extension:name", "arrow.json"), ("ARROW:extension:metadata", "")] {
            let texts = [builder.string(key), builder.string(value)]
            metadata.append(builder.table([.object(0, texts[0]), .object(1, texts[1])]))
          }
        }
        let keys = builder.vector(of: metadata)
        let children = builder.vector(of: [Int]())
        let name = builder.string(name)
        let table = builder.table(type.fields)
        fields.append(
          builder.table([
            .object(0, name), .byte(1, isNullable ? 1 : 0), .byte(2, type.number), .object(3, table),
            .object(5, children), .object(6, keys),
          ]))
      }
      let vector = builder.vector(of: fields)
      return builder.table([.short(0, 0), .object(1, vector)])
    }
  }

  // MARK: Record batches

  /// Bytes of a column, which are written without a copy if they need no change.
  private enum Buffer {
    case bytes([UInt8])
    case values(BlobBatch)
    case offsets(BlobBatch)
    case packed(BlobView)

    var byteCount: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .values(let batch): batch.bytes.byteCount
      case .offsets(let batch): batch.offsets.count * MemoryLayout<Int64>.stride
      case .packed(let view): view.packedBytes?.byteCount ?? 0
      }
    }

    func write(to output: OutputStream) throws {
      switch self {
      case .bytes(let bytes): try output.write(bytes.rawSpan)
      case .values(let batch): try output.write(batch.bytes)
      // SAFETY: Numbers have no padding.
      case .offsets(let batch): try output.write(unsafe batch.offsets.bytes)
      case .packed(let view):
        if let bytes = view.packedBytes { try output.write(bytes) }
      }
    }
  }

  /// Writes a record batch, and returns the size of its body.
  private func write(
    _ values: [Buffer], _ validity: Validity, from offset: Int, to output: OutputStream
  ) throws -> Int {
    let count = validity.count
    var nodes: [(Int, Int)] = []
    var buffers: [Buffer] = []
    for dimension in indexNames.indices {
      nodes.append((count, 0))
      buffers += [.bytes([]), .bytes(indices(along: dimension, from: offset, count: count))]
    }
    nodes.append((count, validity.absentCount))
    buffers += [.bytes(validity.bytes)] + values

    var places: [(Int, Int)] = []
    var position = 0
    for buffer in buffers {
      places.append((position, buffer.byteCount))
      position += Self.padded(buffer.byteCount)
    }
    let message = Self.message(
      { builder in
        let places = builder.vector(of: places)
        let nodes = builder.vector(of: nodes)
        return builder.table([.long(0, Int64(count)), .object(1, nodes), .object(2, places)])
      }, header: Self.recordBatch, bodyByteCount: position)
    try output.write(message.rawSpan)
    for buffer in buffers {
      try buffer.write(to: output)
      let padding = [UInt8](repeating: 0, count: Self.padded(buffer.byteCount) - buffer.byteCount)
      try output.write(padding.rawSpan)
    }
    return position
  }

  private static func padded(_ byteCount: Int) -> Int { (byteCount + 7) & ~7 }

  /// The index along a dimension of elements that follow each other.
  private func indices(along dimension: Int, from offset: Int, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * count)
    let stride = shape[(dimension + 1)...].reduce(1, *)
    for element in offset..<offset + count {
      let index = UInt64(element / stride % shape[dimension])
      for shift in Swift.stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: index >> UInt64(shift)))
      }
    }
    return bytes
  }

  /// Which elements there are.
  private struct Validity {
    /// A bit for each element, or nothing if all are there.
    private(set) var bytes: [UInt8] = []
    private(set) var absentCount = 0

    /// The number of elements.
    let count: Int

    init(count: Int) { self.count = count }

    mutating func setAbsent(_ index: Int) {
      if bytes.isEmpty { bytes = [UInt8](repeating: 0xFF, count: (count + 7) / 8) }
      bytes[index >> 3] &= ~(1 << UInt8(index & 7))
      absentCount += 1
    }
  }

  /// The elements, where those that are not text are absent.
  private func text(
    _ elements: BlobBatch, from offset: Int, _ validity: inout Validity, raw: inout RawElements
  ) throws -> BlobBatch {
    var builder = try BlobBatchBuilder(count: elements.count, byteCount: elements.bytes.byteCount)
    for index in 0..<elements.count {
      let element = elements[index]
      let isSound = element.isWellFormedText
      if !isSound { addNoText(offset + index, &raw) }
      if !isSound { validity.setAbsent(index) }
      try builder.append(element.extracting(0..<(isSound ? element.byteCount : 0)))
    }
    return try builder.finish()
  }

  private func addNoText(_ element: Int, _ raw: inout RawElements) {
    raw.add("element \(element)", "is not UTF-8", as: "null")
  }

  private func buffersOfValues(
    _ block: ElementBlock<BlobView>, _ validity: inout Validity, raw: inout RawElements
  ) throws -> [Buffer] {
    let view = block.elements
    switch form {
    case .fixed(let type, let byteCount):
      if !dataType.isOptional, !type.hasMissingValue, view.packedBytes != nil { return [.packed(view)] }
      var values: [UInt8] = []
      values.reserveCapacity(view.count * byteCount)
      for index in view.indices {
        let element = value(view.blobs[index], index, &validity)
        if let element, !(type.hasMissingValue && element.isNotATime) {
          unsafe element.withUnsafeBytes { unsafe values.append(contentsOf: $0) }
        } else {
          if element != nil { validity.setAbsent(index) }
          values.append(contentsOf: repeatElement(0, count: byteCount))
        }
      }
      return [.bytes(values)]
    case .bits:
      var bits = [UInt8](repeating: 0, count: (view.count + 7) / 8)
      for index in view.indices {
        guard let element = value(view.blobs[index], index, &validity) else { continue }
        if unsafe element.unsafeLoad(as: UInt8.self) != 0 { bits[index >> 3] |= 1 << UInt8(index & 7) }
      }
      return [.bytes(bits)]
    case .bytes(let type):
      return try buffers(block, &validity) { element, index, text in
        guard type == .bytes || element.isWellFormedText else {
          addNoText(block.offset + index, &raw)
          return false
        }
        unsafe element.withUnsafeBytes { unsafe text.append(contentsOf: $0) }
        return true
      }
    case .unpadded:
      return try buffers(block, &validity) { element, index, text in
        do throws(ElementError) {
          try dataType.unwrapped.appendUnpadded(element, to: &text)
          return true
        } catch {
          raw.add("element \(block.offset + index)", "\(error)", as: "null")
          return false
        }
      }
    case .json:
      // Also what is optional is written as a whole, since JSON has null.
      var builder = try BlobBatchBuilder(count: view.count)
      var text: [UInt8] = []
      for index in view.indices {
        text.removeAll(keepingCapacity: true)
        if let problem = elementText.append(view.blobs[index], to: &text) {
          raw.add("element \(block.offset + index)", problem)
        }
        try builder.append(text.rawSpan)
      }
      let batch = try builder.finish()
      return [.offsets(batch), .values(batch)]
    }
  }

  /// Appends each element that is there with `append`, which returns false for one that it leaves out.
  private func buffers(
    _ block: ElementBlock<BlobView>, _ validity: inout Validity,
    _ append: (RawSpan, Int, inout [UInt8]) throws -> Bool
  ) throws -> [Buffer] {
    let view = block.elements
    var builder = try BlobBatchBuilder(count: view.count)
    var text: [UInt8] = []
    for index in view.indices {
      text.removeAll(keepingCapacity: true)
      if let element = value(view.blobs[index], index, &validity) {
        if try !append(element, index, &text) {
          text.removeAll(keepingCapacity: true)
          validity.setAbsent(index)
        }
      }
      try builder.append(text.rawSpan)
    }
    let batch = try builder.finish()
    return [.offsets(batch), .values(batch)]
  }

  /// The bytes of an element, or nil, also in `validity`, if it is absent.
  @_lifetime(copy element)
  private func value(_ element: RawSpan, _ index: Int, _ validity: inout Validity) -> RawSpan? {
    guard dataType.isOptional else { return element }
    // The engine has checked that elements begin with 0 or 1.
    guard !element.isEmpty, unsafe element.unsafeLoad(as: UInt8.self) == 1 else {
      validity.setAbsent(index)
      return nil
    }
    return element.extracting(1..<element.byteCount)
  }
}

extension RawSpan {
  /// Whether the bytes are `NaT`.
  fileprivate var isNotATime: Bool {
    guard byteCount == 8 else { return false }
    return unsafe UInt64(littleEndian: unsafeLoadUnaligned(as: UInt64.self)) == 1 << 63
  }
}

extension DataType {
  fileprivate var isOptional: Bool { if case .optional = self { true } else { false } }

  /// The type of elements that are there.
  fileprivate var unwrapped: DataType { if case .optional(let type) = self { type } else { self } }
}

/// The type of a column.
private enum ArrowType: Equatable {
  case int(Int32, isSigned: Bool)
  /// A number of 16, 32 or 64 bits, by the number of the precision.
  case float(Int16)
  case bool
  /// Seconds, milliseconds, microseconds or nanoseconds, by the number of the unit.
  case timestamp(Int16)
  case duration(Int16)
  case fixedBytes(Int)
  case bytes
  case text
  /// Text with the extension type `arrow.json`.
  case json

  /// The type of numbers, or nil if Arrow has none.
  init?(_ type: NumberType) {
    switch type {
    case .int8, .int16, .int32, .int64: self = .int(Int32(8 * type.byteCount), isSigned: true)
    case .uint8, .uint16, .uint32, .uint64: self = .int(Int32(8 * type.byteCount), isSigned: false)
    case .float16: self = .float(0)
    case .float32: self = .float(1)
    case .float64: self = .float(2)
    default: return nil
    }
  }

  /// The number of a unit of time, or nil if Arrow does not have it.
  static func unit(_ unit: TimeUnit) -> Int16? {
    switch unit {
    case .seconds: 0
    case .milliseconds: 1
    case .microseconds: 2
    case .nanoseconds: 3
    default: nil
    }
  }

  /// Whether a value stands for a missing one.
  var hasMissingValue: Bool {
    switch self {
    case .timestamp, .duration: true
    default: false
    }
  }

  /// The number of the type in the schema.
  var number: UInt8 {
    switch self {
    case .int: 2
    case .float: 3
    case .bool: 6
    case .timestamp: 10
    case .fixedBytes: 15
    case .duration: 18
    case .bytes: 19
    case .text, .json: 20
    }
  }

  /// The fields of the table of the type.
  var fields: [FlatBufferBuilder.Field] {
    switch self {
    case .int(let bits, let isSigned): [.int(0, bits), .byte(1, isSigned ? 1 : 0)]
    case .float(let precision): [.short(0, precision)]
    case .timestamp(let unit), .duration(let unit): [.short(0, unit)]
    case .fixedBytes(let byteCount): [.int(0, Int32(clamping: byteCount))]
    case .bool, .bytes, .text, .json: []
    }
  }
}
