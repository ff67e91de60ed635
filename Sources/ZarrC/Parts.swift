public import CZarrVlen
import ChunkEngine
import Zarr

// The functions of `zarr_vlen.h` for arrays that are filled in parts.

/// A plan as the caller holds it.
private final class OpenPlan {
  let plan: PartPlan

  init(_ plan: PartPlan) {
    self.plan = plan
  }

  /// The number of a part.
  ///
  /// - Throws: ``InvalidArgument`` if there is no such part.
  func number(_ part: Int64) throws(InvalidArgument) -> Int {
    guard 0..<Int64(plan.partCount) ~= part else {
      throw InvalidArgument(reason: "there is no part \(part) of \(plan.partCount), which are counted from 0")
    }
    return Int(part)
  }
}

private func openPlan(_ handle: OpaquePointer?) throws(InvalidArgument) -> OpenPlan {
  guard let plan = unsafe object(handle, OpenPlan.self) else {
    throw InvalidArgument(reason: "there is no plan")
  }
  return plan
}

@c @implementation
public func zarr_vlen_plan_create(
  _ store: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ metadata: UnsafePointer<CChar>?, _ byteCount: Int,
  _ partCount: Int64, _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error, following: monitor) {
    guard let path = unsafe path, let metadata = unsafe metadata, byteCount >= 0 else {
      throw InvalidArgument(reason: "a plan has a path and metadata")
    }
    guard 1...10_000_000 ~= partCount else {
      throw InvalidArgument(reason: "a plan has from 1 to 10,000,000 parts, found \(partCount)")
    }
    let plan = unsafe try PartPlan.create(
      decoding: [UInt8](UnsafeRawBufferPointer(start: metadata, count: byteCount)), partCount: Int(partCount),
      in: openStore(store).store, at: String(cString: path), access: ArrayAccess())
    return unsafe handle(OpenPlan(plan))
  }
}

@c @implementation
public func zarr_vlen_plan_is_finished(_ plan: OpaquePointer?) -> Bool {
  unsafe object(plan, OpenPlan.self)?.plan.isFinished ?? false
}

@c @implementation
public func zarr_vlen_plan_region(
  _ plan: OpaquePointer?, _ part: Int64, _ start: UnsafeMutablePointer<Int64>?,
  _ count: UnsafeMutablePointer<Int64>?, _ rank: Int, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe reporting(to: error) {
    let open = try unsafe openPlan(plan)
    let dimensionCount = open.plan.array.shape.count
    guard let start = unsafe start, let count = unsafe count, rank == dimensionCount else {
      throw InvalidArgument(reason: "the array has \(dimensionCount) dimensions, and not \(rank)")
    }
    let region = open.plan.region(ofPart: try open.number(part))
    for dimension in 0..<rank {
      unsafe start[dimension] = Int64(region?.ranges[dimension].lowerBound ?? 0)
      unsafe count[dimension] = Int64(region?.ranges[dimension].count ?? 0)
    }
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_plan_mark_done(
  _ plan: OpaquePointer?, _ part: Int64, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe reporting(to: error, following: monitor) {
    let open = try unsafe openPlan(plan)
    try open.plan.markDone(open.number(part))
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_plan_missing(
  _ plan: OpaquePointer?, _ take: zarr_vlen_take_number?, _ context: UnsafeMutableRawPointer?,
  _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe reporting(to: error, following: monitor) {
    for part in try unsafe openPlan(plan).plan.missingParts() { unsafe take?(context, Int64(part)) }
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_plan_finish(
  _ plan: OpaquePointer?, _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe reporting(to: error, following: monitor) {
    try unsafe openPlan(plan).plan.finish()
    return true
  } ?? false
}

@c @implementation
public func zarr_vlen_plan_free(_ plan: OpaquePointer?) {
  unsafe free(plan, OpenPlan.self)
}
