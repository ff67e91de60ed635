public import ChunkEngine
public import Zarr

/// A store that any web server has, which is only read.
///
/// A value is what the server has below the URL of the store under the names of a key. A part of a value is one
/// request with a range, and the entity tag of a value is its version. A web server does not tell what there is:
/// groups need consolidated metadata for their members to be found.
public final class HTTPStore: Store {
  /// What a store is opened with.
  public struct Options: Hashable, Sendable {
    /// The statuses that mean that there is no such value.
    ///
    /// A server that hides what there is says 403 for that. Take care: with 403 among them, values that you may
    /// not read seem not to be there.
    public var missingStatuses: Set<Int> = [404, 410]

    /// Header fields of every request, by their names, such as those with a token.
    ///
    /// Other hosts to which the server redirects do not get them.
    public var headers: [String: String] = [:]

    /// A file with the certificates to trust in, in place of the system's.
    public var certificateFile: String?

    /// How many requests are in flight at a time.
    public var requestConcurrency = 64

    /// Creates the default options.
    public init() {}
  }

  public let location: String
  private let root: String

  /// What follows the names of a key in a URL, such as a signature.
  private let query: String
  private let options: Options
  private let client: HTTPClient
  private let credentials: [HTTPHeader]

  /// Creates the store of a URL.
  ///
  /// - Parameters:
  ///   - url: The URL of what the keys are below, percent-encoded. Its query goes with every request, and errors do
  ///     not show it.
  ///   - options: What the store is opened with.
  /// - Throws: ``StoreError/invalidURL(_:reason:)``. No request is sent.
  public init(_ url: String, options: Options = Options()) throws(StoreError) {
    let parts = try HTTPAddress(url)
    location = parts.text
    root = parts.text
    query = parts.query
    self.options = options
    credentials = options.headers.sorted { $0.key < $1.key }.map { HTTPHeader($0.key, $0.value) }
    var settings = HTTPClient.Options()
    settings.certificateFile = options.certificateFile
    settings.concurrency = options.requestConcurrency
    client = HTTPClient(settings)
  }

  public var requestConcurrency: Int { options.requestConcurrency }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    let path = "\(location)/\(key)"
    var request = HTTPRequest(.get, "\(root)/\(PercentEncoding.encode(key.description))\(query)")
    request.credentials = credentials
    request.redirectLimit = 10
    return try request.read(
      part, ifVersion: version, limit: limit, path: path, into: &arena,
      isMissing: { options.missingStatuses.contains($0.status) },
      perform: { request, arena in
        do throws(HTTPError) {
          return try client.perform(request, into: &arena)
        } catch {
          throw error.forStore(path)
        }
      })
  }

  /// Throws ``StoreError/readOnly(path:)``.
  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    throw StoreError.readOnly(path: location)
  }

  /// Throws ``StoreError/readOnly(path:)``.
  public func delete(_ key: StoreKey) throws { throw StoreError.readOnly(path: location) }

  /// Throws ``StoreError/notListable(path:)``.
  public func list(_ prefix: String) throws -> [StoreKey] {
    throw StoreError.notListable(path: prefix.isEmpty ? location : "\(location)/\(prefix)")
  }
}

/// A URL of HTTP, without what may be secret in it.
struct HTTPAddress {
  /// The URL up to its query, without a slash at the end.
  let text: String

  /// The query with its question mark, or nothing.
  let query: String

  /// Splits a URL.
  ///
  /// - Throws: ``StoreError/invalidURL(_:reason:)``
  init(_ url: String) throws(StoreError) {
    let shown = PercentEncoding.redacted(url)
    let hasSecret = PercentEncoding.authority(of: url)?.contains("@") == true
    guard !hasSecret else {
      throw .invalidURL(
        shown,
        reason: "a user and a password do not belong into a URL, where others see them: give them as headers")
    }
    guard Origin(of: url) != nil else {
      throw .invalidURL(shown, reason: "it names no host, as https://host/path does")
    }
    // What follows is for browsers.
    let visible = url.prefix { $0 != "#" }
    let mark = visible.firstIndex(of: "?") ?? visible.endIndex
    var path = visible[..<mark]
    while path.last == "/" { path.removeLast() }
    text = PercentEncoding.encodeIllegal(String(path))
    query = PercentEncoding.encodeIllegal(String(visible[mark...]))
  }
}

/// Bytes in URLs as `%` and two digits.
enum PercentEncoding {
  private static let digits = Array("0123456789ABCDEF".utf8)

  /// Encodes all bytes of names but letters, digits and `-._~`, and keeps slashes.
  static func encode(_ text: String) -> String {
    encode(text) { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "/"):
        true
      default: false
      }
    }
  }

  /// Encodes what no URL may have: blanks, control characters, quotes, and all but ASCII.
  static func encodeIllegal(_ url: String) -> String {
    encode(url) { byte in
      0x21...0x7E ~= byte && !"\"<>\\^`{|}".utf8.contains(byte)
    }
  }

  private static func encode(_ text: String, _ isKept: (UInt8) -> Bool) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      bytes += isKept(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Decodes text, or returns nil if a `%` has no two digits after it, or what is decoded is not UTF-8.
  static func decode(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    let upper = byte >= UInt8(ascii: "a") ? byte - 32 : byte
    return digits.firstIndex(of: upper).map { UInt8($0) }
  }

  /// The part of a URL between `//` and the path, or nil if there is none.
  static func authority(of url: String) -> Substring? {
    guard let start = url.firstRange(of: "://")?.upperBound else { return nil }
    return url[start...].prefix { !"/?#".contains($0) }
  }

  /// A URL without users, passwords and query, for errors.
  static func redacted(_ url: String) -> String {
    var (shown, rest) = ("", url.prefix { $0 != "?" })
    while let start = rest.firstRange(of: "://")?.upperBound {
      let authority = rest[start...].prefix { !"/#".contains($0) }
      shown += rest[..<start]
      rest = authority.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest[start...]
    }
    return shown + rest
  }
}
