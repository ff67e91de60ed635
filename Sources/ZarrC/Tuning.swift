public import CZarrVlen
import ChunkEngine
import Zarr

// The functions of `zarr_vlen.h` that find settings.

@c @implementation
public func zarr_vlen_tune(
  _ columns: UnsafePointer<zarr_vlen_column>?, _ columnCount: Int, _ areText: Bool, _ goal: Int32,
  _ storeSpeed: Int32, _ shape: UnsafePointer<Int64>?, _ rank: Int,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    guard rank > 0, let shape = unsafe shape else {
      throw InvalidArgument(reason: "there is no shape of one dimension or more")
    }
    let columns = unsafe UnsafeBufferPointer(start: columns, count: columns == nil ? 0 : max(0, columnCount))
    let inner = areText ? DataType.string : .bytes
    let dataType = unsafe columns.contains { unsafe $0.validity != nil } ? DataType.optional(inner) : inner
    let sample = JoinedBlobs(
      unsafe try columns.map { column throws(InvalidArgument) in unsafe try source(of: column, dataType) })
    var options = try ArrayOptions.tuned(
      for: tuningGoal(goal), blobs: sample, storeSpeed: speed(of: storeSpeed))
    options.dataType = dataType
    let metadata = try options.metadata(
      shape: (0..<rank).map { unsafe Int(shape[$0]) }, likeThoseOf: sample)
    return unsafe handle(Document(JSONWriter().bytes(of: .object(metadata.json))))
  }
}

@c @implementation
public func zarr_vlen_document_get(_ document: OpaquePointer?) -> zarr_vlen_bytes {
  unsafe object(document, Document.self)?.text ?? zarr_vlen_bytes(data: nil, byte_count: 0)
}

@c @implementation
public func zarr_vlen_document_free(_ document: OpaquePointer?) {
  unsafe free(document, Document.self)
}

/// A document, as the caller holds it.
@safe
final class Document {
  private let bytes: UnsafeMutableBufferPointer<UInt8>

  init(_ text: [UInt8]) {
    unsafe bytes = .allocate(capacity: text.count)
    _ = unsafe bytes.initialize(from: text)
  }

  deinit {
    unsafe bytes.deallocate()
  }

  var text: zarr_vlen_bytes {
    unsafe zarr_vlen_bytes(data: bytes.baseAddress, byte_count: bytes.count)
  }
}

private func tuningGoal(_ number: Int32) throws(InvalidArgument) -> TuningGoal {
  switch UInt32(bitPattern: number) {
  case ZARR_VLEN_FOR_BALANCE.rawValue: .balanced
  case ZARR_VLEN_FOR_READ.rawValue: .read
  case ZARR_VLEN_FOR_WRITE.rawValue: .write
  case ZARR_VLEN_FOR_SIZE.rawValue: .size
  case ZARR_VLEN_FOR_RANDOM.rawValue: .random
  default: throw InvalidArgument(reason: "there is no such goal")
  }
}

private func speed(of number: Int32) throws(InvalidArgument) -> StoreSpeed {
  switch UInt32(bitPattern: number) {
  case ZARR_VLEN_DRIVE.rawValue: .drive
  case ZARR_VLEN_NETWORK.rawValue: .network
  case ZARR_VLEN_MEMORY.rawValue: .memory
  default: throw InvalidArgument(reason: "there is no such speed of a store")
  }
}
