public import CZarrVlen
import ChunkEngine
import Zarr

// The functions of `zarr_vlen.h`, which says what they do.

@c @implementation
public func zarr_vlen_codecs_create(
  _ metadata: UnsafePointer<CChar>?, _ byteCount: Int, _ settings: UnsafePointer<zarr_vlen_settings>?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    let access = unsafe ArrayAccess(settings?.pointee)
    let document = unsafe [UInt8](UnsafeRawBufferPointer(start: metadata, count: byteCount))
    return unsafe handle(try PartCoder(decoding: document, access: access))
  }
}

@c @implementation
public func zarr_vlen_codecs_free(_ codecs: OpaquePointer?) {
  unsafe free(codecs, PartCoder.self)
}

@c @implementation
public func zarr_vlen_read(
  _ codecs: OpaquePointer?, _ parts: UnsafePointer<zarr_vlen_part>?, _ partCount: Int,
  _ show: zarr_vlen_show?, _ context: UnsafeMutableRawPointer?, _ missing: UnsafeMutablePointer<Bool>?,
  _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe reporting(to: error, following: monitor) {
    let coder = try unsafe coder(codecs)
    guard let show = unsafe show else {
      throw InvalidArgument(reason: "there is no function to show elements to")
    }
    let parts = try unsafe storedParts(parts, partCount, coder)
    let found = try coder.read(parts) { shown in
      let start = shown.box.map { Int64($0.lowerBound) }
      let count = shown.box.map { Int64($0.count) }
      let goesOn = unsafe start.withUnsafeBufferPointer { start in
        unsafe count.withUnsafeBufferPointer { count in
          // SAFETY: Both types are a pointer and a number of the same size.
          let elements = unsafe UnsafeRawPointer(shown.elements.baseAddress)?.assumingMemoryBound(
            to: zarr_vlen_bytes.self)
          var box = unsafe zarr_vlen_elements(
            part: shown.part, start: start.baseAddress, count: count.baseAddress, elements: elements,
            element_count: shown.elements.count)
          return unsafe show(context, &box)
        }
      }
      if !goesOn { throw Stopped() }
    }
    if let missing = unsafe missing {
      for (part, isMissing) in found.enumerated() { unsafe missing[part] = isMissing }
    }
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_write(
  _ codecs: OpaquePointer?, _ parts: UnsafePointer<zarr_vlen_part>?, _ partCount: Int,
  _ elements: UnsafePointer<zarr_vlen_bytes>?, _ elementCount: Int, _ areText: Bool,
  _ values: UnsafeMutablePointer<OpaquePointer?>?, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe values?.pointee = nil
  return unsafe reporting(to: error, following: monitor) {
    let coder = try unsafe coder(codecs)
    let stored = try unsafe storedParts(parts, partCount, coder, areWritten: true)
    for (number, part) in stored.enumerated() where !part.isCovered(byElements: elementCount) {
      throw InvalidArgument(part: number, reason: "the part has more elements than there are")
    }
    let all = unsafe PointerBlobs(elements, count: elementCount, areText: areText)
    let written = try coder.write(stored, all)
    if let values = unsafe values { unsafe values.pointee = unsafe handle(EncodedValues(written)) }
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_values_get(_ values: OpaquePointer?, _ part: Int) -> zarr_vlen_bytes {
  unsafe object(values, EncodedValues.self)?.bytes(of: part) ?? zarr_vlen_bytes(data: nil, byte_count: 0)
}

@c @implementation
public func zarr_vlen_values_free(_ values: OpaquePointer?) {
  unsafe free(values, EncodedValues.self)
}

@c @implementation
public func zarr_vlen_release_memory() {
  SharedBytes.releaseRecycledMemory()
}

// MARK: Arguments

extension ArrayAccess {
  init(_ settings: zarr_vlen_settings?) {
    self.init()
    guard let settings = settings else { return }
    if settings.thread_count > 0 { workerCount = Int(settings.thread_count) }
    writesEmptyChunks = settings.writes_empty_chunks
    if let limit = Int(exactly: settings.decoded_byte_limit), limit > 0 {
      limits.decodedByteCountPerChunk = limit
    }
    cacheByteCount = Int(clamping: settings.cache_byte_count)
    if settings.cache_check_seconds > 0 {
      cacheCheckInterval = .seconds(min(settings.cache_check_seconds, 1e9))
    }
  }
}

/// Something that no caller should pass.
struct InvalidArgument: Error {
  /// Which of the parts of the call it is about, or -1.
  var part = -1
  let reason: String
}

/// A function of the caller asked to stop.
struct Stopped: Error {}

/// Values that were encoded, as the caller holds them.
private final class EncodedValues {
  private let values: [SharedBytes?]

  init(_ values: [SharedBytes?]) {
    self.values = values
  }

  func bytes(of part: Int) -> zarr_vlen_bytes {
    guard values.indices.contains(part), let bytes = values[part] else {
      return unsafe zarr_vlen_bytes(data: nil, byte_count: 0)
    }
    return unsafe bytes.bytes.withUnsafeBytes {
      unsafe zarr_vlen_bytes(data: $0.baseAddress, byte_count: $0.count)
    }
  }
}

private func coder(_ codecs: OpaquePointer?) throws(InvalidArgument) -> PartCoder {
  guard let coder = unsafe object(codecs, PartCoder.self) else {
    throw InvalidArgument(reason: "there are no codecs")
  }
  return coder
}

private func storedParts(
  _ parts: UnsafePointer<zarr_vlen_part>?, _ count: Int, _ coder: PartCoder, areWritten: Bool = false
) throws(InvalidArgument) -> [StoredPart] {
  guard count > 0, let parts = unsafe parts else { return [] }
  var result: [StoredPart] = []
  result.reserveCapacity(count)
  for number in 0..<count {
    do throws(InvalidArgument) {
      result.append(try unsafe storedPart(parts[number], rank: coder.rank, isWritten: areWritten))
    } catch {
      throw InvalidArgument(part: number, reason: error.reason)
    }
  }
  return result
}

private func storedPart(
  _ part: zarr_vlen_part, rank: Int, isWritten: Bool
) throws(InvalidArgument) -> StoredPart {
  let value: StoredPart.Value
  if let store = unsafe part.store {
    guard let path = unsafe part.path, let key = try? StoreKey(unsafe String(cString: path)) else {
      throw InvalidArgument(reason: "a part in a store has a key")
    }
    value = .stored(key, in: try unsafe openStore(store).store)
  } else if let path = unsafe part.path {
    let path = unsafe String(cString: path)
    guard path.utf8.first == UInt8(ascii: "/"), let key = try? StoreKey(String(path.dropFirst())) else {
      throw InvalidArgument(reason: "\(path) is no absolute path without names that are . or .. or empty")
    }
    value = .file(key)
  } else if let data = unsafe part.value.data {
    value = unsafe .memory(UnsafeRawBufferPointer(start: data, count: part.value.byte_count))
  } else {
    value = .missing
  }
  func numbers(_ pointer: UnsafePointer<Int64>?) throws(InvalidArgument) -> [Int] {
    guard rank > 0 else { return [] }
    guard let pointer = unsafe pointer else {
      throw InvalidArgument(reason: "a part has no shape, start or count")
    }
    return (0..<rank).map { unsafe Int(pointer[$0]) }
  }
  let counts = try unsafe numbers(part.count)
  let selected = try zip(try unsafe numbers(part.start), counts).map { start, count throws(InvalidArgument) in
    let (end, overflow) = start.addingReportingOverflow(count)
    guard start >= 0, count > 0, !overflow else { throw InvalidArgument(reason: "a part has no elements") }
    return start..<end
  }
  // Of those that are read it need not be said where they are among others.
  var strides: [Int]?
  if isWritten, unsafe part.strides != nil { strides = try unsafe numbers(part.strides) }
  let result = unsafe StoredPart(
    of: value, shape: try unsafe numbers(part.shape), selected: selected,
    firstElement: isWritten ? part.first_element : 0, strides: strides,
    isReplaced: isWritten && part.replaces_value)
  guard result.isInside else { throw InvalidArgument(reason: "a part is not inside of its value") }
  return result
}

/// Elements in memory of the caller.
@safe
private struct PointerBlobs: BlobSource, @unchecked Sendable {
  // SAFETY: The caller keeps the memory until the call returns.
  private let start: UnsafePointer<zarr_vlen_bytes>?
  let count: Int
  let elementsAreText: Bool

  init(_ start: UnsafePointer<zarr_vlen_bytes>?, count: Int, areText: Bool) {
    unsafe self.start = unsafe start
    self.count = unsafe start == nil ? 0 : count
    elementsAreText = areText
  }

  func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    guard let start = unsafe start else { return 0 }
    var total = 0
    for index in range {
      let (sum, overflow) = unsafe total.addingReportingOverflow(Int(clamping: start[index].byte_count))
      guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
      total = sum
    }
    return total
  }

  func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    guard let start = unsafe start else { return }
    for index in range {
      let element = unsafe start[index]
      try unsafe writer.append(
        RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: element.data, count: element.byte_count)))
    }
  }

  func showElements(in range: Range<Int>, _ body: (RawSpan) throws -> Void) throws -> Bool {
    guard let start = unsafe start else { return range.isEmpty }
    for index in range {
      let element = unsafe start[index]
      try unsafe body(
        RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: element.data, count: element.byte_count)))
    }
    return true
  }
}
