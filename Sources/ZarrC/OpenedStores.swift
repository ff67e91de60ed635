public import CZarrVlen
import ChunkEngine
import Zarr
import ZarrRemote

// The functions of `zarr_vlen.h` for stores that are opened by their URLs.

/// A store, as the caller holds it.
@safe
final class OpenStore {
  /// Has the node that the URL names as its root.
  let store: any Store

  private let isListable: Bool
  private let hasToBeFinished: Bool
  private let location: UnsafeMutableBufferPointer<CChar>

  init(_ url: String, _ options: StoreOptions) throws {
    let opened = try Stores.open(url, options: options)
    store = try opened.rooted()
    isListable = !(opened.store is HTTPStore)
    hasToBeFinished = options.isWritable && opened.store is any FinishingStore
    let text = store.location.utf8CString
    unsafe location = .allocate(capacity: text.count)
    _ = unsafe location.initialize(from: text)
  }

  deinit {
    unsafe location.deallocate()
  }

  var description: zarr_vlen_store_description {
    unsafe zarr_vlen_store_description(
      location: UnsafePointer(location.baseAddress),
      request_concurrency: Int32(clamping: store.requestConcurrency),
      is_listable: isListable, has_to_be_finished: hasToBeFinished)
  }
}

@c @implementation
public func zarr_vlen_store_open(
  _ url: UnsafePointer<CChar>?, _ isWritable: Bool, _ options: UnsafePointer<zarr_vlen_option>?,
  _ optionCount: Int, _ settings: UnsafePointer<zarr_vlen_settings>?, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error, following: monitor) {
    guard let url = unsafe url else { throw InvalidArgument(reason: "there is no URL") }
    var texts: [(name: String, value: String)] = []
    for number in 0..<(unsafe options == nil ? 0 : max(0, optionCount)) {
      guard let option = unsafe options?[number], let name = unsafe option.name,
        let value = unsafe option.value
      else { throw InvalidArgument(reason: "an option has a name and a value") }
      unsafe texts.append((String(cString: name), String(cString: value)))
    }
    var options = StoreOptions()
    try options.set(texts)
    options.isWritable = isWritable
    options.durability = try durability(unsafe settings?.pointee)
    // Links are followed, as other programs do.
    options.followsLinksOut = true
    return unsafe handle(try OpenStore(String(cString: url), options))
  }
}

@c @implementation
public func zarr_vlen_store_describe(_ store: OpaquePointer?) -> zarr_vlen_store_description {
  unsafe object(store, OpenStore.self)?.description ?? zarr_vlen_store_description()
}

@c @implementation
public func zarr_vlen_store_finish(
  _ store: OpaquePointer?, _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe withStore(store, monitor, error) { try $0.finish() }
}

@c @implementation
public func zarr_vlen_store_free(_ store: OpaquePointer?) {
  unsafe free(store, OpenStore.self)
}

@c @implementation
public func zarr_vlen_set_fallback_certificates(_ path: UnsafePointer<CChar>?) {
  TrustedCertificates.setFallback(unsafe path.map { unsafe String(cString: $0) })
}

@c @implementation
public func zarr_vlen_array_open_at(
  _ store: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ settings: UnsafePointer<zarr_vlen_settings>?,
  _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> OpaquePointer? {
  unsafe reporting(to: error, following: monitor) {
    guard let path = unsafe path else { throw InvalidArgument(reason: "an array has a path") }
    let array = unsafe try ZarrArray.open(
      in: openStore(store).store, at: String(cString: path), access: ArrayAccess(settings?.pointee))
    return unsafe handle(array)
  }
}

// MARK: Values

/// A value, or a part of it, as the caller holds it.
private final class StoreValue {
  let bytes: SharedBytes
  let byteCount: Int

  init(_ bytes: SharedBytes, of byteCount: Int) {
    self.bytes = bytes
    self.byteCount = byteCount
  }
}

@c @implementation
public func zarr_vlen_store_get(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ first: Int64, _ count: Int64,
  _ value: UnsafeMutablePointer<OpaquePointer?>?, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe value?.pointee = nil
  return unsafe withStore(store, monitor, error) { store in
    var arena = ByteArena()
    let found = try unsafe store.read(
      part(from: first, count: count), of: storeKey(key), ifVersion: nil, limit: Int.max, into: &arena)
    guard let found else { return }
    unsafe value?.pointee = handle(StoreValue(try arena.takeBytes(), of: found.byteCount))
  }
}

@c @implementation
public func zarr_vlen_value_get(_ value: OpaquePointer?) -> zarr_vlen_bytes {
  guard let value = unsafe object(value, StoreValue.self) else {
    return unsafe zarr_vlen_bytes(data: nil, byte_count: 0)
  }
  // SAFETY: The value keeps the memory, which never moves.
  let bytes = value.bytes
  return unsafe bytes.bytes.withUnsafeBytes {
    unsafe zarr_vlen_bytes(data: $0.baseAddress, byte_count: $0.count)
  }
}

@c @implementation
public func zarr_vlen_value_size(_ value: OpaquePointer?) -> UInt64 {
  UInt64(unsafe object(value, StoreValue.self)?.byteCount ?? 0)
}

@c @implementation
public func zarr_vlen_value_free(_ value: OpaquePointer?) {
  unsafe free(value, StoreValue.self)
}

@c @implementation
public func zarr_vlen_store_set(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ data: UnsafeRawPointer?, _ byteCount: Int,
  _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe withStore(store, monitor, error) { store in
    let bytes = unsafe UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : byteCount)
    try unsafe store.write(storeKey(key), RawSpan(_unsafeBytes: bytes))
  }
}

@c @implementation
public func zarr_vlen_store_set_if_absent(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ data: UnsafeRawPointer?, _ byteCount: Int,
  _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe withStore(store, monitor, error) { store in
    let key = try unsafe storeKey(key)
    let bytes = unsafe UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : byteCount)
    guard let store = store as? any ConditionalStore else {
      guard try store.info(of: key) == nil else { return }
      return try unsafe store.write(key, RawSpan(_unsafeBytes: bytes))
    }
    do {
      try store.write(key, if: .absent, byteCount: bytes.count, durability: .immediate) { append in
        try unsafe append(RawSpan(_unsafeBytes: bytes))
      }
    } catch StoreError.changed {}
  }
}

@c @implementation
public func zarr_vlen_store_delete(
  _ store: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe withStore(store, monitor, error) { try unsafe $0.delete(storeKey(key)) }
}

@c @implementation
public func zarr_vlen_store_delete_all(
  _ store: OpaquePointer?, _ prefix: UnsafePointer<CChar>?, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe withStore(store, monitor, error) { try unsafe $0.deleteAll(storePrefix(prefix)) }
}

@c @implementation
public func zarr_vlen_store_list(
  _ store: OpaquePointer?, _ prefix: UnsafePointer<CChar>?, _ take: zarr_vlen_take?,
  _ context: UnsafeMutableRawPointer?, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe withStore(store, monitor, error) { store in
    for key in try unsafe store.list(storePrefix(prefix)) { unsafe take?(context, key.description) }
  }
}

@c @implementation
public func zarr_vlen_store_list_directory(
  _ store: OpaquePointer?, _ prefix: UnsafePointer<CChar>?, _ take: zarr_vlen_take?,
  _ context: UnsafeMutableRawPointer?, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe withStore(store, monitor, error) { store in
    let listing = try unsafe store.listDirectory(storePrefix(prefix))
    for name in Set(listing.values).union(listing.prefixes).union(listing.loops) {
      unsafe take?(context, name)
    }
  }
}

// MARK: Arguments

/// The store that the caller holds.
func openStore(_ handle: OpaquePointer?) throws(InvalidArgument) -> OpenStore {
  guard let store = unsafe object(handle, OpenStore.self) else {
    throw InvalidArgument(reason: "there is no store")
  }
  return store
}

/// Calls `body` with a store, while the monitor can stop it.
private func withStore(
  _ store: OpaquePointer?, _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<zarr_vlen_error>?,
  _ body: (any Store) throws -> Void
) -> Bool {
  unsafe reporting(to: error, following: monitor) {
    try unsafe body(openStore(store).store)
    return true
  } ?? false
}

private func storeKey(_ key: UnsafePointer<CChar>?) throws -> StoreKey {
  guard let key = unsafe key else { throw InvalidArgument(reason: "there is no key") }
  return try StoreKey(unsafe String(cString: key))
}

private func storePrefix(_ prefix: UnsafePointer<CChar>?) throws(InvalidArgument) -> String {
  guard let prefix = unsafe prefix else { throw InvalidArgument(reason: "there is no prefix") }
  return unsafe String(cString: prefix)
}

private func part(from first: Int64, count: Int64) throws(InvalidArgument) -> ValuePart {
  if first == 0, count == -1 { return .all }
  if first == -1, count >= 0 { return .suffix(Int(count)) }
  let (end, overflow) = count == -1 ? (Int64.max, false) : first.addingReportingOverflow(count)
  guard first >= 0, count >= -1, !overflow else {
    throw InvalidArgument(reason: "a value has no \(count) bytes from \(first) on")
  }
  return .range(Int(first)..<Int(end))
}

/// What of a value in a directory survives.
func durability(_ settings: zarr_vlen_settings?) throws(InvalidArgument) -> Durability {
  switch UInt32(bitPattern: settings?.durability ?? 0) {
  case ZARR_VLEN_ATOMIC.rawValue: .atomic
  case ZARR_VLEN_UNPROTECTED.rawValue: .none
  case ZARR_VLEN_DURABLE.rawValue: .durable
  default: throw InvalidArgument(reason: "there is no such durability")
  }
}

// MARK: Options

extension StoreOptions {
  /// The names of the options, as `zarr_vlen.h` lists them.
  private static let names = [
    "access_key", "addressing", "anonymous", "attempt_limit", "certificate_file", "endpoint", "header",
    "is_shared",
    "lease_duration", "missing_statuses", "profile", "region", "request_concurrency", "secret_key",
    "session_token",
    "time_limit", "uses_checksums",
  ]

  /// Sets options that a caller gives as text.
  fileprivate mutating func set(_ texts: [(name: String, value: String)]) throws(InvalidArgument) {
    var keys: [String: String] = [:]
    for (name, value) in texts {
      switch name {
      case "access_key", "secret_key", "session_token": keys[name] = value
      case "addressing":
        switch value {
        case "path": s3.addressing = .path
        case "virtual_host": s3.addressing = .virtualHost
        default:
          throw InvalidArgument(reason: "addressing is \"path\" or \"virtual_host\", found \"\(value)\"")
        }
      case "anonymous": if try Self.flag(name, value) { s3.signing = .anonymous }
      case "attempt_limit":
        s3.attemptLimit = try Self.number(name, value)
        http.attemptLimit = s3.attemptLimit
      case "certificate_file":
        s3.certificateFile = value
        http.certificateFile = value
      case "endpoint": s3.endpoint = value
      case "header":
        guard let colon = value.firstIndex(of: ":") else {
          throw InvalidArgument(reason: "a field of a request is \"name: value\"")
        }
        http.headers[String(value[..<colon])] = String(value[value.index(after: colon)...].drop { $0 == " " })
      case "is_shared": s3.isShared = try Self.flag(name, value)
      case "lease_duration": s3.leaseDuration = try Self.seconds(name, value)
      case "missing_statuses":
        http.missingStatuses = []
        for status in value.split(separator: ",") {
          http.missingStatuses.insert(try Self.number(name, String(status)))
        }
      case "profile": s3.profile = value
      case "region": s3.region = value
      case "request_concurrency":
        s3.requestConcurrency = try Self.number(name, value)
        http.requestConcurrency = s3.requestConcurrency
      case "time_limit":
        s3.timeLimit = try Self.seconds(name, value)
        http.timeLimit = s3.timeLimit
      case "uses_checksums": s3.usesChecksums = try Self.flag(name, value)
      default:
        throw InvalidArgument(
          reason: "there is no option \"\(name)\"; there are \(Self.names.joined(separator: ", "))")
      }
    }
    guard !keys.isEmpty else { return }
    guard let accessKey = keys["access_key"], let secretKey = keys["secret_key"] else {
      throw InvalidArgument(reason: "access_key and secret_key belong together, and session_token to them")
    }
    s3.signing = .credentials(
      S3Credentials(accessKey: accessKey, secretKey: secretKey, sessionToken: keys["session_token"]))
  }

  private static func flag(_ name: String, _ value: String) throws(InvalidArgument) -> Bool {
    switch value {
    case "true": true
    case "false": false
    default: throw InvalidArgument(reason: "\(name) is true or false, found \"\(value)\"")
    }
  }

  private static func number(_ name: String, _ value: String) throws(InvalidArgument) -> Int {
    guard let number = Int(value), 1...1_000_000 ~= number else {
      throw InvalidArgument(reason: "\(name) is a number from 1 on, found \"\(value)\"")
    }
    return number
  }

  private static func seconds(_ name: String, _ value: String) throws(InvalidArgument) -> Duration {
    guard let seconds = Double(value), seconds > 0, seconds <= 1_000_000 else {
      throw InvalidArgument(reason: "\(name) is a number of seconds above 0, found \"\(value)\"")
    }
    return .seconds(seconds)
  }
}
