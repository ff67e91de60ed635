public import Zarr
import ZarrPlatform

/// What a URL leads to.
public struct OpenedStore: Sendable {
  /// The store.
  public let store: any Store

  /// The node in the store that the URL names.
  public let path: NodePath

  /// The version of Zarr that the URL says the node is of, or nil.
  public let format: ZarrFormat?
}

/// How stores are opened by their URLs.
public struct StoreOptions: Sendable {
  /// Whether the store is opened to be written to, and made if it is not there.
  public var isWritable = false

  /// What of a value in a directory, or of an archive that is a file, survives when its writer is stopped.
  public var durability = Durability.atomic

  /// Whether symbolic links are followed out of a directory.
  public var followsLinksOut = false

  /// Whether writers of a directory keep those of other processes away.
  public var usesLocks = true

  /// How much memory an archive may ask for.
  public var zipLimits = ZipLimits()

  /// How buckets are reached: by default as the environment says, and the AWS tools do.
  public var s3 = S3Options()

  /// What stores of web servers are opened with.
  public var http = HTTPStore.Options()

  /// Creates the default options, which open a store for reading.
  public init() {}
}

/// Opens stores by their URLs.
public enum Stores {
  /// Opens the store of a URL or a path.
  ///
  ///     path, ./path, file:///path        a directory, or an archive that is a file
  ///     s3://bucket/prefix                what is in a bucket
  ///     https://host/path                 what a web server has, to be read
  ///     URL|zip:path                      an archive there, and a path in it
  ///     zip://path::URL                   the same, as fsspec writes it
  ///     URL|zarr3:path, URL|zarr2:path    a node of a version of Zarr
  ///
  /// - Parameters:
  ///   - url: The URL or the path.
  ///   - options: How the store is opened.
  /// - Returns: The store, and the node in it that is named.
  /// - Throws: `StoreError.invalidURL`, and errors of the store.
  @available(*, noasync)
  public static func open(_ url: String, options: StoreOptions = StoreOptions()) throws -> OpenedStore {
    let parsed = try StoreURL(url)
    var opened = Opened(parsed.base)
    for layer in parsed.layers {
      let inner: String
      switch layer {
      case .zip(let path):
        guard opened.format == nil else {
          throw StoreError.invalidURL(
            PercentEncoding.redacted(url), reason: "there is no archive in a Zarr node")
        }
        opened = try opened.zip(options)
        inner = path
      case .zarr(let format, let path):
        opened.format = format
        inner = path
      }
      opened.names += inner.split(separator: "/").map(String.init)
    }
    let store = try opened.store(options)
    do {
      return OpenedStore(
        store: store, path: try NodePath(existing: opened.names.joined(separator: "/")), format: opened.format
      )
    } catch {
      throw StoreError.invalidURL(PercentEncoding.redacted(url), reason: "\(error)")
    }
  }
}

extension Stores {
  /// Finds the value that a URL names, such as a file in a bucket or at a web server.
  ///
  /// - Returns: The store that has it and its key, or nil if the text is a path.
  /// - Throws: `StoreError.invalidURL`, and errors of the store.
  package static func value(
    of url: String, options: StoreOptions = StoreOptions()
  ) throws -> (store: any Store, key: StoreKey)? {
    let parsed = try StoreURL(url)
    if parsed.layers.isEmpty {
      if case .path = parsed.base { return nil }
      let (parent, key) = try parsed.base.split()
      return (try Opened(parent).store(options), key)
    }
    let opened = try open(url, options: options)
    guard opened.format == nil, opened.path != .root else {
      throw StoreError.invalidURL(PercentEncoding.redacted(url), reason: "it names no file")
    }
    return (opened.store, try StoreKey(opened.path.description))
  }

  /// A URL without what may be secret in it.
  package static func redacted(_ url: String) -> String { PercentEncoding.redacted(url) }
}

/// What a URL leads to so far.
private struct Opened {
  /// A place that is not opened yet, or an archive in which the names lead on.
  private enum Place {
    case base(StoreURL.Base)
    case archive(ZipStore)
  }

  private var place: Place
  var names: [String] = []
  var format: ZarrFormat?

  init(_ base: StoreURL.Base) {
    place = .base(base)
  }

  /// The archive at this place.
  func zip(_ options: StoreOptions) throws -> Opened {
    let store: ZipStore
    switch place {
    case .base(.path(let path)):
      store = try ZipStore(
        path, for: options.zipAccess, durability: options.durability, limits: options.zipLimits)
    case .base(let base):
      let (parent, key) = try base.split()
      store = try ZipStore(
        key, in: Opened(parent).store(options), for: options.zipAccess, limits: options.zipLimits)
    case .archive(let outer):
      // To finish it, all archives around it would have to be written anew.
      guard !options.isWritable else { throw StoreError.readOnly(path: outer.location) }
      store = try ZipStore(StoreKey(names.joined(separator: "/")), in: outer, limits: options.zipLimits)
    }
    var copy = self
    copy.place = .archive(store)
    copy.names = []
    return copy
  }

  func store(_ options: StoreOptions) throws -> any Store {
    switch place {
    case .archive(let store): return store
    case .base(.path(let path)):
      if stat(of: path)?.isRegularFile == true {
        return try ZipStore(
          path, for: options.zipAccess, durability: options.durability, limits: options.zipLimits)
      }
      return options.isWritable
        ? try FileStore(
          creating: path, durability: options.durability, followsLinksOut: options.followsLinksOut,
          usesLocks: options.usesLocks)
        : try FileStore(
          opening: path, durability: options.durability, followsLinksOut: options.followsLinksOut,
          usesLocks: options.usesLocks)
    case .base(.http(let url)):
      let store = try HTTPStore(url, options: options.http)
      guard !options.isWritable else { throw StoreError.readOnly(path: store.location) }
      return store
    case .base(.s3(let bucket, let prefix)):
      return try S3Store(bucket: bucket, prefix: prefix, options: options.s3)
    }
  }
}

extension StoreOptions {
  fileprivate var zipAccess: ZipStore.Access { isWritable ? .adding : .reading }
}

extension StoreURL.Base {
  /// What has the last name of the path, and the key of that name.
  fileprivate func split() throws -> (StoreURL.Base, StoreKey) {
    switch self {
    case .path(let path): return (.path("."), try StoreKey(path))
    case .http(let url):
      let (parent, key) = try HTTPAddress(url).split()
      return (.http(parent), key)
    case .s3(let bucket, let prefix):
      let slash = prefix.lastIndex(of: "/")
      let parent = slash.map { String(prefix[..<$0]) } ?? ""
      let name = slash.map { String(prefix[prefix.index(after: $0)...]) } ?? prefix
      return (.s3(bucket: bucket, prefix: parent), try StoreKey(name))
    }
  }
}

extension HTTPAddress {
  /// The URL of what has the last name of the path, with the query, and the key of that name.
  fileprivate func split() throws -> (parent: String, key: StoreKey) {
    guard let slash = text.lastIndex(of: "/"),
      PercentEncoding.authority(of: text)?.endIndex ?? slash <= slash,
      let name = PercentEncoding.decode(text[text.index(after: slash)...]), !name.isEmpty
    else { throw StoreError.invalidURL(text, reason: "it has no path to an archive") }
    return ("\(text[..<slash])\(query)", try StoreKey(name))
  }
}
