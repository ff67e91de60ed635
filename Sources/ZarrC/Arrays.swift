public import CZarrVlen
import ChunkEngine
import Zarr

// The functions of `zarr_vlen.h` for arrays in directories.

@c @implementation
public func zarr_vlen_monitor_create() -> OpaquePointer? {
  unsafe handle(ProgressMonitor())
}

@c @implementation
public func zarr_vlen_monitor_cancel(_ monitor: OpaquePointer?) {
  unsafe object(monitor, ProgressMonitor.self)?.cancel()
}

@c @implementation
public func zarr_vlen_monitor_progress(_ monitor: OpaquePointer?) -> zarr_vlen_progress {
  guard let progress = unsafe object(monitor, ProgressMonitor.self)?.progress else {
    return zarr_vlen_progress()
  }
  return zarr_vlen_progress(
    element_count: UInt64(progress.elementCount), element_byte_count: UInt64(progress.elementByteCount),
    stored_byte_count: UInt64(progress.storedByteCount))
}

@c @implementation
public func zarr_vlen_monitor_free(_ monitor: OpaquePointer?) {
  unsafe free(monitor, ProgressMonitor.self)
}

@c @implementation
public func zarr_vlen_array_open(
  _ directory: UnsafePointer<CChar>?, _ path: UnsafePointer<CChar>?,
  _ settings: UnsafePointer<zarr_vlen_settings>?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    guard let directory = unsafe directory, let path = unsafe path else {
      throw InvalidArgument(reason: "an array has a directory and a path")
    }
    // Links are followed, as other programs do.
    let store = unsafe try FileStore(
      opening: String(cString: directory), durability: durability(settings?.pointee), followsLinksOut: true)
    let array = unsafe try ZarrArray.open(
      in: store, at: String(cString: path), access: ArrayAccess(settings?.pointee))
    return unsafe handle(array)
  }
}

@c @implementation
public func zarr_vlen_array_free(_ array: OpaquePointer?) {
  unsafe free(array, ZarrArray.self)
}

// MARK: Reading

@c @implementation
public func zarr_vlen_array_read(
  _ array: OpaquePointer?, _ start: UnsafePointer<Int64>?, _ count: UnsafePointer<Int64>?, _ rank: Int,
  _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    let array = try unsafe readableArray(array)
    var region: ArrayRegion?
    if let start = unsafe start, let count = unsafe count {
      region = ArrayRegion(
        try (0..<max(0, rank)).map { dimension throws(InvalidArgument) in
          try unsafe range(from: start[dimension], count: count[dimension])
        })
    }
    return unsafe handle(
      try Batch(
        region ?? ArrayRegion(allOf: array.shape), of: array, object(monitor, ProgressMonitor.self)))
  }
}

@c @implementation
public func zarr_vlen_batch_get(_ batch: OpaquePointer?) -> zarr_vlen_column {
  unsafe object(batch, Batch.self)?.column ?? zarr_vlen_column()
}

@c @implementation
public func zarr_vlen_batch_free(_ batch: OpaquePointer?) {
  unsafe free(batch, Batch.self)
}

@c @implementation
public func zarr_vlen_reader_create(
  _ array: OpaquePointer?, _ first: Int64, _ count: Int64, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    let array = try unsafe readableArray(array)
    let elements = try range(from: first, count: count < 0 ? max(0, Int64(array.count) - first) : count)
    let monitor = unsafe object(monitor, ProgressMonitor.self)
    return unsafe handle(try Reader(elements, of: array, monitor))
  }
}

@c @implementation
public func zarr_vlen_reader_next(
  _ reader: OpaquePointer?, _ batch: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe batch?.pointee = nil
  return unsafe reporting(to: error) {
    guard let reader = unsafe object(reader, Reader.self) else {
      throw InvalidArgument(reason: "there is no reader")
    }
    if let next = try reader.next() { unsafe batch?.pointee = unsafe handle(next) }
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_reader_free(_ reader: OpaquePointer?) {
  unsafe object(reader, Reader.self)?.stop()
  unsafe free(reader, Reader.self)
}

/// Reads batches one after the other.
private final class Reader {
  private enum Blocks {
    /// Elements some of which may be absent.
    case optional(BlockReader<BlobView>)
    case all(BlockReader<BatchBlock>)
  }

  private let blocks: Blocks
  private let array: ZarrArray

  init(_ elements: Range<Int>, of array: ZarrArray, _ monitor: ProgressMonitor?) throws {
    self.array = array
    blocks =
      array.dataType.isOptional
      ? .optional(try BlockReader(of: elements, in: array, monitor: monitor))
      : .all(try BlockReader(of: elements, in: array, monitor: monitor))
  }

  func next() throws -> Batch? {
    let region = ArrayRegion(allOf: array.shape)
    return switch blocks {
    case .optional(let reader):
      try reader.next().map { try Batch($0.elements, of: array, in: region, from: $0.offset) }
    case .all(let reader):
      try reader.next().map { try Batch($0.elements, of: array, in: region, from: $0.offset) }
    }
  }

  func stop() {
    switch blocks {
    case .optional(let reader): reader.stop()
    case .all(let reader): reader.stop()
    }
  }
}

/// Elements that were read, as the caller holds them.
@safe
final class Batch {
  private let elements: BlobBatch

  /// A bit for each element, or nothing if all are there.
  private let validity: UnsafeMutableBufferPointer<UInt8>
  private var absentCount = 0

  /// Reads elements of an array.
  convenience init(_ region: ArrayRegion, of array: ZarrArray, _ monitor: ProgressMonitor?) throws {
    if array.dataType.isOptional {
      try self.init(array.read(region, monitor: monitor), of: array, in: region)
      return
    }
    try self.init(array.readBatch(region, monitor: monitor), of: array, in: region)
  }

  /// Takes elements of a region in C order, from one of them on.
  init(_ batch: BatchBlock, of array: ZarrArray, in region: ArrayRegion, from offset: Int = 0) throws {
    elements = batch.elements
    unsafe validity = UnsafeMutableBufferPointer(start: nil, count: 0)
    guard array.dataType.elementsAreText, !batch.areText else { return }
    try checkText(array) { index in
      zip(region.ranges, RowMajor.indices(at: offset + index, in: region.shape)).map { $0.lowerBound + $1 }
    }
  }

  /// Takes elements of a region in C order, from one of them on.
  convenience init(
    _ view: BlobView, of array: ZarrArray, in region: ArrayRegion, from offset: Int = 0
  ) throws {
    try self.init(view, of: array) { index in
      zip(region.ranges, RowMajor.indices(at: offset + index, in: region.shape)).map { $0.lowerBound + $1 }
    }
  }

  /// Takes elements that are anywhere in an array.
  init(_ view: BlobView, of array: ZarrArray, at place: (Int) -> [Int]) throws {
    let dataType = array.dataType
    guard case .optional(let inner) = dataType else {
      unsafe validity = UnsafeMutableBufferPointer(start: nil, count: 0)
      elements = try view.compacted()
      if dataType.elementsAreText { try checkText(array, place) }
      return
    }
    let blobs = view.blobs
    var builder = try BlobBatchBuilder(count: blobs.count, byteCount: blobs.byteCount)
    unsafe validity = .allocate(capacity: (blobs.count + 7) / 8)
    unsafe validity.initialize(repeating: 0)
    for index in blobs.indices {
      let element = blobs[index]
      // The engine has checked that elements begin with 0 or 1.
      if !element.isEmpty, unsafe element.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == 1 {
        unsafe validity[index >> 3] |= 1 << UInt8(index & 7)
        try builder.append(element.extracting(1..<element.byteCount))
      } else {
        absentCount += 1
        try builder.append(element.extracting(0..<0))
      }
    }
    elements = try builder.finish()
    if inner.elementsAreText { try checkText(array, place) }
  }

  /// Checks that elements are UTF-8: all together, and that none begins within a character.
  private func checkText(_ array: ZarrArray, _ place: (Int) -> [Int]) throws(ZarrError) {
    let batch = elements
    guard !batch.areText else { return }
    for index in 0..<batch.count where !batch[index].isWellFormedText {
      let place = place(index)
      throw array.damage(DamagedText(indices: place), elementAt: place)
    }
  }

  deinit {
    unsafe validity.deallocate()
  }

  var column: zarr_vlen_column {
    // SAFETY: The batch keeps the memory, which never moves.
    let batch = elements
    let places = unsafe batch.offsets.withUnsafeBufferPointer { unsafe UnsafeRawPointer($0.baseAddress) }
    let data = unsafe batch.bytes.withUnsafeBytes { $0.baseAddress }
    return unsafe zarr_vlen_column(
      count: batch.count, layout: Int32(ZARR_VLEN_OFFSETS_64.rawValue), places: places,
      data: data?.assumingMemoryBound(to: UInt8.self), validity: UnsafePointer(validity.baseAddress),
      first_bit: 0, absent_count: absentCount)
  }
}

/// An element of text that is stored as other bytes.
private struct DamagedText: Error, CustomStringConvertible {
  let indices: [Int]

  var description: String {
    "element \(indices.map(String.init).joined(separator: ", ")) is text, and not UTF-8"
  }
}

func readableArray(_ array: OpaquePointer?) throws -> ZarrArray {
  guard let array = unsafe object(array, ZarrArray.self) else {
    throw InvalidArgument(reason: "there is no array")
  }
  guard array.dataType.layout == .variable else {
    throw MetadataError(
      code: .unsupported, field: "data_type", message: "its elements have one size, and are not read in bulk")
  }
  return array
}

private func range(from first: Int64, count: Int64) throws(InvalidArgument) -> Range<Int> {
  let (end, overflow) = first.addingReportingOverflow(count)
  guard first >= 0, count >= 0, !overflow else {
    throw InvalidArgument(reason: "there are no \(count) elements from \(first) on")
  }
  return Int(first)..<Int(end)
}

// MARK: Appending

@c @implementation
public func zarr_vlen_appender_create(
  _ array: OpaquePointer?, _ memoryBudget: Int, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    let array = try unsafe readableArray(array)
    let appender = unsafe try Appender(
      to: array, memoryBudget: memoryBudget > 0 ? memoryBudget : Appender.standardMemoryBudget,
      monitor: object(monitor, ProgressMonitor.self))
    return unsafe handle(OpenAppender(appender))
  }
}

@c @implementation
public func zarr_vlen_appender_append(
  _ appender: OpaquePointer?, _ column: UnsafePointer<zarr_vlen_column>?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe reporting(to: error) {
    guard let column = unsafe column?.pointee else { throw InvalidArgument(reason: "there is no column") }
    let appender = try unsafe openAppender(appender).appender
    unsafe try appender.append(blobs: source(of: column, appender.dataType))
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_appender_checkpoint(
  _ appender: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe reporting(to: error) {
    let appender = try unsafe openAppender(appender)
    guard appender.segment == nil else {
      throw InvalidArgument(
        reason: "a segment has no checkpoints; it is finished, and its message is committed")
    }
    try appender.appender.checkpoint()
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_appender_count(_ appender: OpaquePointer?) -> Int {
  unsafe object(appender, OpenAppender.self)?.appender.appendedCount ?? 0
}

@c @implementation
public func zarr_vlen_appender_free(_ appender: OpaquePointer?) {
  unsafe object(appender, OpenAppender.self)?.end()
  unsafe free(appender, OpenAppender.self)
}

/// The elements of a column as those of an array have to be.
func source(
  of column: zarr_vlen_column, _ dataType: DataType
) throws(InvalidArgument) -> any BlobSource {
  let elements = unsafe try ColumnBlobs(column, isOptional: dataType.isOptional)
  guard !dataType.isOptional else { return elements }
  if let absent = elements.firstAbsent {
    throw InvalidArgument(
      reason: "element \(absent) is absent, which needs an array of the data type optional")
  }
  return elements.contiguous ?? elements
}

extension DataType {
  fileprivate var isOptional: Bool { if case .optional = self { true } else { false } }
}

/// Elements in memory of the caller, each with a byte 1 in front if elements are optional, or a byte 0 alone.
@safe
private struct ColumnBlobs: BlobSource, @unchecked Sendable {
  // SAFETY: The caller keeps the memory until the call returns.
  private let column: zarr_vlen_column
  private let isOptional: Bool

  /// The bytes that offsets count.
  private let byteCount: Int

  var count: Int { unsafe column.count }

  init(_ column: zarr_vlen_column, isOptional: Bool) throws(InvalidArgument) {
    unsafe self.column = unsafe column
    self.isOptional = isOptional
    guard unsafe column.count >= 0, unsafe column.count == 0 || column.places != nil else {
      throw InvalidArgument(reason: "a column has no places of its elements")
    }
    byteCount =
      switch unsafe UInt32(bitPattern: column.layout) {
      case ZARR_VLEN_POINTERS.rawValue: 0
      case ZARR_VLEN_OFFSETS_32.rawValue: unsafe Self.offset(column, Int32.self, column.count)
      case ZARR_VLEN_OFFSETS_64.rawValue: unsafe Self.offset(column, Int64.self, column.count)
      default: -1
      }
    guard byteCount >= 0, unsafe byteCount == 0 || column.data != nil else {
      throw InvalidArgument(reason: "a column has no layout, or no bytes")
    }
  }

  private static func offset<Offset: FixedWidthInteger>(
    _ column: zarr_vlen_column, _ type: Offset.Type, _ index: Int
  ) -> Int {
    guard let places = unsafe column.places, unsafe column.count > 0 else { return 0 }
    return unsafe Int(clamping: places.assumingMemoryBound(to: Offset.self)[index])
  }

  /// The elements in a form that is written faster, if they lie back to back.
  var contiguous: ContiguousBlobs? {
    guard unsafe column.count > 0, let places = unsafe column.places else { return nil }
    let bytes = unsafe UnsafeRawBufferPointer(start: column.data, count: byteCount)
    // Numbers of 32 bits below 0 are no offsets, whether they are taken for large ones or not.
    return switch unsafe UInt32(bitPattern: column.layout) {
    case ZARR_VLEN_OFFSETS_32.rawValue:
      unsafe ContiguousBlobs(
        borrowing: bytes,
        offsets: UnsafeBufferPointer(start: places.assumingMemoryBound(to: UInt32.self), count: count + 1))
    case ZARR_VLEN_OFFSETS_64.rawValue:
      unsafe ContiguousBlobs(
        borrowing: bytes,
        offsets: UnsafeBufferPointer(start: places.assumingMemoryBound(to: Int64.self), count: count + 1))
    default: nil
    }
  }

  var firstAbsent: Int? {
    guard unsafe column.validity != nil else { return nil }
    return (0..<count).first { !isPresent($0) }
  }

  private func isPresent(_ index: Int) -> Bool {
    guard let validity = unsafe column.validity else { return true }
    let bit = unsafe column.first_bit + index
    return unsafe validity[bit >> 3] >> UInt8(bit & 7) & 1 == 1
  }

  private func element(_ index: Int) throws(ChunkError) -> UnsafeRawBufferPointer {
    let lower: Int
    let upper: Int
    switch unsafe UInt32(bitPattern: column.layout) {
    case ZARR_VLEN_OFFSETS_32.rawValue:
      lower = unsafe Self.offset(column, Int32.self, index)
      upper = unsafe Self.offset(column, Int32.self, index + 1)
    case ZARR_VLEN_OFFSETS_64.rawValue:
      lower = unsafe Self.offset(column, Int64.self, index)
      upper = unsafe Self.offset(column, Int64.self, index + 1)
    default:
      let places = unsafe column.places?.assumingMemoryBound(to: zarr_vlen_bytes.self)
      let place = unsafe places?[index] ?? zarr_vlen_bytes(data: nil, byte_count: 0)
      return unsafe UnsafeRawBufferPointer(start: place.data, count: place.byte_count)
    }
    guard lower >= 0, lower <= upper, upper <= byteCount else { throw .invalidOffsets(index: index) }
    return unsafe UnsafeRawBufferPointer(start: column.data.map { unsafe $0 + lower }, count: upper - lower)
  }

  func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    var total = 0
    for index in range {
      let byteCount = isOptional && !isPresent(index) ? 0 : unsafe try element(index).count
      let (sum, overflow) = total.addingReportingOverflow(byteCount + (isOptional ? 1 : 0))
      guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
      total = sum
    }
    return total
  }

  func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    for index in range {
      guard isOptional else {
        unsafe try writer.append(RawSpan(_unsafeBytes: try element(index)))
        continue
      }
      let isPresent = isPresent(index)
      let bytes = unsafe isPresent ? try element(index) : UnsafeRawBufferPointer(start: nil, count: 0)
      try writer.append(byteCount: bytes.count + 1) { output throws(ChunkError) in
        output.append(isPresent ? 1 : 0)
        unsafe output.append(copying: RawSpan(_unsafeBytes: bytes))
      }
    }
  }

  func showElements(in range: Range<Int>, _ body: (RawSpan) throws -> Void) throws -> Bool {
    guard !isOptional else { return false }
    for index in range { try unsafe body(RawSpan(_unsafeBytes: try element(index))) }
    return true
  }
}
