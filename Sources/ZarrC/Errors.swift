import CZarrVlen
import ChunkEngine
import Zarr
import ZarrPlatform

/// Calls `body`, and describes its error to a caller in C.
///
/// - Parameters:
///   - error: Where the error is described.
///   - monitor: What the caller can stop the call with, or nil.
///   - body: The call.
/// - Returns: What `body` returns, or nil if it throws.
func reporting<Result>(
  to error: UnsafeMutablePointer<zarr_vlen_error>?, following monitor: OpaquePointer? = nil,
  _ body: () throws -> Result
) -> Result? {
  do {
    let result = try unsafe object(monitor, ProgressMonitor.self).whileCurrent(body)
    unsafe error?.pointee.code = Int32(ZARR_VLEN_NO_ERROR.rawValue)
    return result
  } catch let failure {
    guard let error = unsafe error else { return nil }
    let part = (failure as? PartFailure)?.part ?? (failure as? InvalidArgument)?.part ?? -1
    let reason = (failure as? PartFailure)?.reason ?? failure
    var described = zarr_vlen_error()
    described.code = Int32(bitPattern: code(of: reason).rawValue)
    described.system_code = (cause(of: reason) as? StoreError)?.systemCode ?? 0
    described.part = Int64(part)
    unsafe withUnsafeMutableBytes(of: &described.message) { message in
      var text = Substring(description(of: reason))
      // Whole characters, and the NUL that C expects.
      while text.utf8.count >= message.count { text.removeLast() }
      unsafe message.copyBytes(from: text.utf8)
    }
    unsafe error.pointee = described
    return nil
  }
}

private func description(of error: any Error) -> String {
  switch error {
  case let error as InvalidArgument: error.reason
  case is Stopped: "a function of the caller asked to stop"
  default: "\(error)"
  }
}

/// What went wrong, where an array says only in which chunk or store it did.
private func cause(of error: any Error) -> any Error {
  switch error {
  case ZarrError.metadata(_, let reason): reason
  case ZarrError.chunk(_, let reason): reason
  case ZarrError.store(_, let reason): reason
  case ZarrError.limit(_, let reason): reason
  default: error
  }
}

extension StoreError {
  /// The value of errno for what the system or a server refused, or the one that is most like it; nil for other errors.
  fileprivate var systemCode: Int32? {
    switch self {
    case .system(_, _, let code): code
    case .refused(_, let status, _):
      switch status {
      case 401, 403, 407: EACCES
      case 404, 410: ENOENT
      default: EIO
      }
    case .readOnly: EROFS
    case .locked: EBUSY
    case .changed, .lockLost, .replaced: ESTALE
    case .notLockable(_, let code): code
    case .outside: EACCES
    case .loop: ELOOP
    case .notFile: EINVAL
    case .unconditional: ENOTSUP
    case .malformedAnswer: EPROTO
    default: nil
    }
  }
}

private func code(of error: any Error) -> zarr_vlen_error_code {
  switch cause(of: error) {
  case ZarrError.cancelled: ZARR_VLEN_STOPPED
  case ZarrError.notFound, ZarrError.wrongNode, ZarrError.segmentsMissing, ZarrError.partsMissing:
    ZARR_VLEN_NOT_FOUND
  case ZarrError.outOfBounds, ZarrError.selection, ZarrError.elementCount: ZARR_VLEN_INVALID_ARGUMENT
  case ZarrError.element, ZarrError.chunkTooLarge: ZARR_VLEN_INVALID_ELEMENT
  case ZarrError.notWritable: ZARR_VLEN_UNSUPPORTED
  case StoreError.unavailable: ZARR_VLEN_UNAVAILABLE
  case let error as StoreError where error.systemCode != nil: ZARR_VLEN_SYSTEM
  case is InvalidArgument: ZARR_VLEN_INVALID_ARGUMENT
  case is Stopped: ZARR_VLEN_STOPPED
  case let error as MetadataError:
    error.code == .unsupported ? ZARR_VLEN_UNSUPPORTED : ZARR_VLEN_INVALID_METADATA
  case StoreError.invalidKey, StoreError.invalidURL, StoreError.notListable: ZARR_VLEN_INVALID_ARGUMENT
  case StoreError.unsupported: ZARR_VLEN_UNSUPPORTED
  case let error as ChunkError: code(of: error)
  default: ZARR_VLEN_DAMAGED
  }
}

private func code(of error: ChunkError) -> zarr_vlen_error_code {
  switch error {
  case .innerChunk(_, let reason): code(of: reason)
  case .outOfMemory: ZARR_VLEN_OUT_OF_MEMORY
  case .cancelled: ZARR_VLEN_STOPPED
  case .unsupported, .refused: ZARR_VLEN_UNSUPPORTED
  case .elementTooLarge, .tooManyElements, .chunkTooLarge, .invalidUTF8, .invalidOffsets, .unencodable,
    .compressionFailed:
    ZARR_VLEN_INVALID_ELEMENT
  default: ZARR_VLEN_DAMAGED
  }
}
