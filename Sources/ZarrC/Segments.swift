public import CZarrVlen
import ChunkEngine
import Zarr

// The functions of `zarr_vlen.h` for arrays that many machines fill.

/// What takes elements, as the caller holds it.
final class OpenAppender {
  let appender: Appender

  /// The writer of the segment that the elements go into, or nil if they go to the end of the array.
  let segment: SegmentWriter?

  /// Whether the segment is finished, so that nothing more can be appended.
  private(set) var isFinished = false

  init(_ appender: Appender) {
    self.appender = appender
    segment = nil
  }

  init(_ segment: SegmentWriter) {
    appender = segment.appender
    self.segment = segment
  }

  /// Finishes the segment.
  func finish() throws -> Segment {
    guard let segment else { throw InvalidArgument(reason: "this appends to an array, and makes no segment") }
    let finished = try segment.finish()
    isFinished = true
    return finished
  }

  /// Drops what is not a part of an array or of a segment.
  func end() {
    guard !isFinished else { return }
    if let segment { segment.cancel() } else { appender.cancel() }
  }
}

/// The appender that a caller holds.
///
/// - Throws: ``InvalidArgument`` if there is none, or it has made a segment already.
func openAppender(_ handle: OpaquePointer?) throws(InvalidArgument) -> OpenAppender {
  guard let appender = unsafe object(handle, OpenAppender.self) else {
    throw InvalidArgument(reason: "there is no appender")
  }
  guard !appender.isFinished else { throw InvalidArgument(reason: "the segment is finished") }
  return appender
}

@c @implementation
public func zarr_vlen_segment_create(
  _ array: OpaquePointer?, _ chunkByteCount: Int, _ memoryBudget: Int, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    let array = try unsafe readableArray(array)
    let segment = unsafe try SegmentWriter(
      for: array, evenChunkByteCount: chunkByteCount > 0 ? chunkByteCount : SegmentWriter.evenChunkByteCount,
      memoryBudget: memoryBudget > 0 ? memoryBudget : Appender.standardMemoryBudget,
      monitor: object(monitor, ProgressMonitor.self))
    return unsafe handle(OpenAppender(segment))
  }
}

@c @implementation
public func zarr_vlen_segment_finish(
  _ appender: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    unsafe handle(Document(try openAppender(appender).finish().message))
  }
}

@c @implementation
public func zarr_vlen_array_commit(
  _ array: OpaquePointer?, _ messages: UnsafePointer<zarr_vlen_bytes>?, _ messageCount: Int,
  _ timeLimit: Double, _ firstRow: UnsafeMutablePointer<Int64>?, _ rowCount: UnsafeMutablePointer<Int64>?,
  _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe reporting(to: error) {
    let array = try unsafe readableArray(array)
    guard timeLimit >= 0, timeLimit <= 1e9 else {
      throw InvalidArgument(reason: "a time limit is a number of seconds from 0 on, found \(timeLimit)")
    }
    let messages = unsafe UnsafeBufferPointer(
      start: messages, count: messages == nil ? 0 : max(0, messageCount))
    let segments = unsafe try messages.map { message in
      unsafe try Segment(
        message: [UInt8](UnsafeRawBufferPointer(start: message.data, count: message.byte_count)))
    }
    let rows = try unsafe object(monitor, ProgressMonitor.self).whileCurrent {
      try array.commit(segments, timeout: .seconds(timeLimit))
    }
    unsafe firstRow?.pointee = Int64(rows.lowerBound)
    unsafe rowCount?.pointee = Int64(rows.count)
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_array_collect(
  _ array: OpaquePointer?, _ age: Double, _ removes: Bool, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error, following: monitor) {
    let array = try unsafe readableArray(array)
    guard age >= 0, age <= 1e10 else {
      throw InvalidArgument(reason: "an age is a number of seconds from 0 on, found \(age)")
    }
    var work = try array.abandonedWork(olderThan: .seconds(age))
    var problem: StoreError?
    do throws(ZarrError) {
      work += try array.unfinishedUploads(olderThan: .seconds(age))
    } catch {
      guard let refusal = error.storeError, refusal.isRefusal else { throw error }
      problem = refusal
    }
    var list = try work.map { left in
      var json: JSONObject = [
        "kind": .string(left.kind.rawValue), "name": .string(left.name),
        "byte_count": .integer(try array.byteCount(of: left)),
      ]
      if let beginning = left.beginning { json["beginning"] = .integer(beginning) }
      return JSONValue.object(json)
    }
    if removes { try array.remove(work) }
    if let problem {
      let kind = AbandonedWork.Kind.upload.rawValue
      list.append(.object(["kind": .string(kind), "problem": .string("\(problem)")]))
    }
    return unsafe handle(Document(JSONWriter(style: .compact).bytes(of: .array(list))))
  }
}
