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

    /// How often a request is made, the first time included.
    public var attemptLimit = 10

    /// How long a request is tried.
    public var timeLimit = Duration.seconds(180)

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
  /// - Throws: `StoreError.invalidURL`. No request is sent.
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
    settings.retries.attemptLimit = options.attemptLimit
    settings.retries.timeLimit = options.timeLimit
    client = HTTPClient(settings)
  }

  public var requestConcurrency: Int { options.requestConcurrency }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    let path = "\(location)/\(key)"
    var request = HTTPRequest(.get, "\(root)/\(key.description.percentEncoded(keepsSlashes: true))\(query)")
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

  /// Throws `StoreError.readOnly`.
  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    throw StoreError.readOnly(path: location)
  }

  /// Throws `StoreError.readOnly`.
  public func delete(_ key: StoreKey) throws { throw StoreError.readOnly(path: location) }

  /// Throws `StoreError.notListable`.
  public func list(_ prefix: String) throws -> [StoreKey] {
    throw StoreError.notListable(path: prefix.isEmpty ? location : "\(location)/\(prefix)")
  }
}
