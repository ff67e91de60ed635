public import CZarrVlen
import ChunkEngine
import Zarr

// The functions of `zarr_vlen.h` for arrays in stores of the caller.

@c @implementation
public func zarr_vlen_array_open_in(
  _ store: UnsafePointer<zarr_vlen_store>?, _ path: UnsafePointer<CChar>?,
  _ settings: UnsafePointer<zarr_vlen_settings>?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error) {
    guard let calls = unsafe store?.pointee else { throw InvalidArgument(reason: "there is no store") }
    // It is released from here on, also if it is none.
    let store = unsafe CallerStore(calls)
    guard let path = unsafe path, store.isComplete else {
      throw InvalidArgument(reason: "a store has all functions, and an array has a path")
    }
    let array = unsafe try ZarrArray.open(
      in: store, at: String(cString: path), access: ArrayAccess(settings?.pointee))
    return unsafe handle(array)
  }
}

@c @implementation
public func zarr_vlen_sink_value(
  _ sink: OpaquePointer?, _ valueByteCount: UInt64, _ part: UnsafeRawPointer?, _ byteCount: Int
) {
  let bytes = unsafe UnsafeRawBufferPointer(start: part, count: part == nil ? 0 : byteCount)
  unsafe object(sink, ValueSink.self)?.take(RawSpan(_unsafeBytes: bytes), of: Int(clamping: valueByteCount))
}

@c @implementation
public func zarr_vlen_sink_key(_ sink: OpaquePointer?, _ key: UnsafePointer<CChar>?) {
  guard let key = unsafe key else { return }
  unsafe object(sink, KeySink.self)?.keys.append(String(cString: key))
}

/// A store whose four calls are functions of the caller.
@safe
private final class CallerStore: Store, @unchecked Sendable {
  // SAFETY: The caller says that its functions can be called from any thread until it is released.
  private let calls: zarr_vlen_store
  let location: String
  let requestConcurrency: Int

  init(_ calls: zarr_vlen_store) {
    unsafe self.calls = unsafe calls
    location = unsafe calls.location.map { unsafe String(cString: $0) } ?? "the store"
    requestConcurrency = unsafe Int(max(1, calls.request_concurrency))
  }

  deinit {
    unsafe calls.release?(calls.context)
  }

  var isComplete: Bool {
    unsafe calls.read != nil && calls.write != nil && calls.remove != nil && calls.list != nil
  }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    let (first, count): (Int64, Int64) =
      switch part {
      case .all: (0, -1)
      case .range(let range): (Int64(range.lowerBound), Int64(range.count))
      case .suffix(let count): (-1, Int64(max(0, count)))
      }
    return unsafe try withUnsafeMutablePointer(to: &arena) { arena in
      // SAFETY: The sink is used within the call only.
      let sink = unsafe ValueSink(arena, limit: limit, path: "\(location)/\(key)")
      let isDone = withExtendedLifetime(sink) {
        unsafe calls.read?(calls.context, key.description, first, count, unretained(sink)) ?? false
      }
      guard isDone else { throw Stopped() }
      if let failure = sink.failure { throw failure }
      return sink.info
    }
  }

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var arena = ByteArena()
    try arena.reserve(byteCount)
    try gather { part in try arena.append(copying: part) }
    let isDone = unsafe arena.bytes.withUnsafeBytes {
      unsafe calls.write?(calls.context, key.description, $0.baseAddress, $0.count) ?? false
    }
    guard isDone else { throw Stopped() }
  }

  func delete(_ key: StoreKey) throws {
    guard unsafe calls.remove?(calls.context, key.description) ?? false else { throw Stopped() }
  }

  func list(_ prefix: String) throws -> [StoreKey] {
    let sink = KeySink()
    let isDone = withExtendedLifetime(sink) {
      unsafe calls.list?(calls.context, prefix, unretained(sink)) ?? false
    }
    guard isDone else { throw Stopped() }
    return try sink.keys.map { try StoreKey($0) }
  }
}

/// Takes a part of a value while it is read.
@safe
private final class ValueSink {
  private let arena: UnsafeMutablePointer<ByteArena>
  private let limit: Int
  private let path: String
  private(set) var info: ValueInfo?
  private(set) var failure: (any Error)?

  init(_ arena: UnsafeMutablePointer<ByteArena>, limit: Int, path: String) {
    unsafe self.arena = unsafe arena
    self.limit = limit
    self.path = path
  }

  func take(_ part: RawSpan, of byteCount: Int) {
    info = ValueInfo(byteCount: byteCount)
    guard part.byteCount <= limit else {
      failure = StoreError.tooLarge(path: path, byteCount: part.byteCount, limit: limit)
      return
    }
    do {
      unsafe try arena.pointee.append(copying: part)
    } catch {
      failure = error
    }
  }
}

/// Takes keys while they are listed.
private final class KeySink {
  var keys: [String] = []
}

/// An object as a function of the caller gets it for the time of a call.
private func unretained(_ object: AnyObject) -> OpaquePointer {
  unsafe OpaquePointer(Unmanaged.passUnretained(object).toOpaque())
}
