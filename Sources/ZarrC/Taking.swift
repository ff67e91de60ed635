public import CZarrVlen
import ChunkEngine
import Zarr

// The functions of `zarr_vlen.h` for many elements at random places.

@c @implementation
public func zarr_vlen_array_take(
  _ array: OpaquePointer?, _ indices: UnsafePointer<Int64>?, _ count: Int, _ rank: Int,
  _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    let array = try unsafe readableArray(array)
    let shape = array.shape
    guard count >= 0, rank == shape.count, unsafe count == 0 || rank == 0 || indices != nil else {
      throw InvalidArgument(reason: "there are indices for \(rank) of \(shape.count) dimensions")
    }
    let lists = (0..<rank).map { dimension -> [Int] in
      guard let indices = unsafe indices else { return [] }
      // SAFETY: The caller says that there are as many numbers.
      return unsafe UnsafeBufferPointer(start: indices + dimension * count, count: count).map { index in
        // What is before the first element stays negative, and is an error with this index.
        let (fromEnd, overflow) = Int(index).addingReportingOverflow(shape[dimension])
        return index < 0 && fromEnd >= 0 && !overflow ? fromEnd : Int(index)
      }
    }
    let view = unsafe try array.take(.coordinates(lists), monitor: object(monitor, ProgressMonitor.self))
    return unsafe handle(try Batch(view, of: array) { index in lists.map { $0[index] } })
  }
}

@c @implementation
public func zarr_vlen_sampler_create(
  _ array: OpaquePointer?, _ sampling: UnsafePointer<zarr_vlen_sampling>?, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    let array = try unsafe readableArray(array)
    guard let sampling = unsafe sampling?.pointee, sampling.batch_size > 0, sampling.part_count > 0,
      (0..<sampling.part_count).contains(sampling.part_index)
    else {
      throw InvalidArgument(reason: "a batch has one element or more, and a part is one of all")
    }
    var options = RandomBatchOptions(
      batchSize: Int(sampling.batch_size), seed: sampling.seed, epoch: Int(sampling.epoch),
      part: (Int(sampling.part_index), Int(sampling.part_count)), dropsLast: sampling.drops_last)
    if sampling.window_byte_count > 0 { options.windowByteCount = Int(clamping: sampling.window_byte_count) }
    let batches = unsafe try array.randomBatches(options, monitor: object(monitor, ProgressMonitor.self))
    return unsafe handle(Sampler(batches, array))
  }
}

@c @implementation
public func zarr_vlen_sampler_next(
  _ sampler: OpaquePointer?, _ batch: UnsafeMutablePointer<OpaquePointer?>?,
  _ indices: UnsafeMutablePointer<UnsafePointer<Int64>?>?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe batch?.pointee = nil
  unsafe indices?.pointee = nil
  return unsafe reporting(to: error) {
    guard let sampler = unsafe object(sampler, Sampler.self) else {
      throw InvalidArgument(reason: "there is no sampler")
    }
    if let next = try sampler.next() {
      unsafe batch?.pointee = unsafe handle(next)
      unsafe indices?.pointee = unsafe UnsafePointer(sampler.indices.baseAddress)
    }
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_sampler_count(_ sampler: OpaquePointer?) -> UInt64 {
  unsafe UInt64(object(sampler, Sampler.self)?.count ?? 0)
}

@c @implementation
public func zarr_vlen_sampler_free(_ sampler: OpaquePointer?) {
  unsafe free(sampler, Sampler.self)
}

/// Draws batches one after the other.
@safe
private final class Sampler {
  private let batches: RandomBatches
  private let array: ZarrArray
  private let shape: [Int]

  /// The indices of the last batch.
  private(set) var indices = unsafe UnsafeMutableBufferPointer<Int64>(start: nil, count: 0)

  var count: Int { batches.count }

  init(_ batches: RandomBatches, _ array: ZarrArray) {
    self.batches = batches
    self.array = array
    shape = array.shape
  }

  deinit {
    unsafe indices.deallocate()
  }

  func next() throws -> Batch? {
    guard let next = try batches.next() else { return nil }
    if unsafe indices.count < next.indices.count {
      unsafe indices.deallocate()
      unsafe indices = .allocate(capacity: next.indices.count)
    }
    for (position, index) in next.indices.enumerated() {
      unsafe indices.initializeElement(at: position, to: Int64(index))
    }
    return try Batch(next.elements, of: array) { RowMajor.indices(at: next.indices[$0], in: shape) }
  }
}
