import Zarr

/// What a URL of a store says, before anything is opened.
///
///     base                     what has the bytes: a path, file:, s3:, http: or https:
///     base|zip:a/b             a/b in an archive there
///     zip://a/b::base          the same, as fsspec writes it
///     base|zarr3:a             the node a there, which is of Zarr v3; zarr2 is the other version
///
/// A path is taken as it is, and so is the key in a URL of S3, as the AWS tools do it. In the others `%` and two
/// digits stand for a byte.
struct StoreURL: Hashable, Sendable {
  /// Where the bytes are.
  enum Base: Hashable, Sendable {
    case path(String)
    case s3(bucket: String, prefix: String)
    case http(String)
  }

  /// What is made of the bytes.
  enum Layer: Hashable, Sendable {
    /// An archive, and the path of what is meant in it.
    case zip(String)
    /// A version of Zarr, and the path of a node.
    case zarr(ZarrFormat, String)
  }

  var base: Base
  var layers: [Layer]

  /// What a URL can begin with.
  static let schemes = ["file", "http", "https", "s3"]

  /// Reads a URL or a path.
  ///
  /// - Throws: `StoreError.invalidURL`
  init(_ text: String) throws(StoreError) {
    guard !text.isEmpty else { throw .invalidURL(text, reason: "it is empty") }
    guard !text.utf8.contains(0) else {
      throw .invalidURL(String(text.prefix { $0 != "\0" }), reason: "it has a NUL character")
    }
    var (first, layers) = try Self.splitPipeline(text)
    while let (layer, rest) = try Self.splitChain(first) {
      first = rest
      layers.insert(layer, at: 0)
    }
    base = try Self.base(first)
    self.layers = layers
  }

  /// Splits a URL at each `|` with a name and a colon after it; any other one is a part of a path.
  private static func splitPipeline(_ text: String) throws(StoreError) -> (base: String, layers: [Layer]) {
    var layers: [Layer] = []
    var base = text[...]
    while let bar = base.lastIndex(of: "|"), let scheme = scheme(of: base[base.index(after: bar)...]) {
      let path = base[base.index(after: bar)...].dropFirst(scheme.count + 1)
      let decoded = try decoded(path.drop { $0 == "/" }, of: text)
      layers.insert(try layer(scheme, decoded, text), at: 0)
      base = base[..<bar]
    }
    return (String(base), layers)
  }

  private static func layer(_ scheme: String, _ path: String, _ text: String) throws(StoreError) -> Layer {
    switch scheme {
    case "zip": .zip(path)
    case "zarr2": .zarr(.version2, path)
    case "zarr3": .zarr(.version3, path)
    default:
      throw .invalidURL(
        PercentEncoding.redacted(text), reason: "after | there can be zip:, zarr2: or zarr3:, not \(scheme):")
    }
  }

  /// Splits the first part of a chain of fsspec, such as `zip://a::s3://b/c`.
  private static func splitChain(_ text: String) throws(StoreError) -> (Layer, rest: String)? {
    guard let range = text.firstRange(of: "::") else { return nil }
    let (first, rest) = (text[..<range.lowerBound], String(text[range.upperBound...]))
    let name = first.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
    let path = first.dropFirst(name.count)
    guard !name.isEmpty, path.isEmpty || path.hasPrefix("://") else { return nil }
    if name.lowercased() == "zip" { return (.zip(String(path.drop { ":/".contains($0) })), rest) }
    // A path may have colons, and so does the address of a host.
    guard scheme(of: rest[...]) != nil else { return nil }
    throw .invalidURL(
      PercentEncoding.redacted(text), reason: "of the chains of fsspec only zip:: can be opened")
  }

  /// The name in front of the first colon, in lower case, if it can be that of a scheme.
  ///
  /// One letter is the name of a drive.
  private static func scheme(of text: Substring) -> String? {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    let name = text[..<colon]
    guard name.count > 1, let first = name.first, first.isASCII, first.isLetter,
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) })
    else { return nil }
    return name.lowercased()
  }

  private static func base(_ text: String) throws(StoreError) -> Base {
    guard let scheme = scheme(of: text[...]) else {
      guard !text.isEmpty else { throw .invalidURL(text, reason: "it has no path in front of |") }
      return .path(text)
    }
    let rest = text.dropFirst(scheme.count + 1)
    func invalid(_ reason: String) -> StoreError {
      .invalidURL(PercentEncoding.redacted(text), reason: reason)
    }
    switch scheme {
    case "file":
      guard rest.hasPrefix("//") else { return .path(try decoded(rest, of: text, canBeEmpty: false)) }
      let path = rest.dropFirst(2)
      let host = path.upTo("/")
      guard host.isEmpty || host.lowercased() == "localhost" else {
        throw invalid("a file is on this machine: write file:///path")
      }
      return .path(try decoded(path[host.endIndex...], of: text, canBeEmpty: false))
    case "http", "https":
      _ = try HTTPAddress(text)
      return .http(text)
    case "s3":
      guard rest.hasPrefix("//") else {
        throw invalid("a place in S3 is s3://bucket/prefix; a path is ./\(scheme):")
      }
      let bucket = rest.dropFirst(2).upTo("/")
      guard !bucket.hasUser else {
        throw invalid("secrets do not belong into a URL, where others see them: set them in the environment")
      }
      guard !bucket.isEmpty else { throw invalid("it names no bucket, as s3://bucket/prefix does") }
      let prefix = Substring(rest[bucket.endIndex...].utf8.dropFirst()).withoutSlashesAtEnd
      return .s3(bucket: String(bucket), prefix: String(prefix))
    default:
      // A file may have a colon in its name.
      guard rest.hasPrefix("//") else { return .path(text) }
      let known = schemes.map { "\($0):" }.joined(separator: ", ")
      throw invalid("\(scheme): is not known; there are \(known) and paths, and ./\(scheme): is one")
    }
  }

  private static func decoded(
    _ text: Substring, of url: String, canBeEmpty: Bool = true
  ) throws(StoreError) -> String {
    guard let decoded = PercentEncoding.decode(text), !decoded.utf8.contains(0) else {
      throw .invalidURL(
        PercentEncoding.redacted(url), reason: "a % in it has no two digits after it; itself it is %25")
    }
    guard canBeEmpty || !decoded.isEmpty else {
      throw .invalidURL(PercentEncoding.redacted(url), reason: "it has no path")
    }
    return decoded
  }
}
