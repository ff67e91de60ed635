import ChunkEngine
public import Zarr

extension S3Store: DirectoryStore, KeyFindingStore {
  /// What the last name of a key begins with that is no value: a lock, or an object to try a server out.
  static let hiddenName = ".zarr-vlen."

  public func list(_ prefix: String) throws -> [StoreKey] {
    var keys: [StoreKey] = []
    try forEachPage(below: prefix, delimiter: nil) { page in
      keys += page.keys.compactMap(Self.key)
      return true
    }
    return keys
  }

  package func hasKey(below prefix: String) throws -> Bool {
    var isFound = false
    try forEachPage(below: prefix, delimiter: nil) { page in
      isFound = page.keys.contains { Self.key($0) != nil }
      return !isFound
    }
    return isFound
  }

  public func listDirectory(_ prefix: String) throws -> DirectoryListing {
    var listing = DirectoryListing()
    let start = prefix.isEmpty ? 0 : prefix.utf8.count + 1
    try forEachPage(below: prefix, delimiter: "/") { page in
      for key in page.keys where Self.key(key) != nil {
        listing.values.append(String(Substring(key.utf8.dropFirst(start))))
      }
      for name in page.prefixes where (try? StoreKey(String(name.dropLast()))) != nil {
        listing.prefixes.append(String(Substring(name.utf8.dropFirst(start).dropLast())))
      }
      return true
    }
    return listing
  }

  public func deleteAll(_ prefix: String) throws {
    var keys: [String] = []
    try forEachPage(below: prefix, delimiter: nil) { page in
      // What is hidden goes, too: nothing is left below the prefix that needs it.
      keys += page.keys.map(String.init)
      while keys.count >= options.pageCount {
        try deleteObjects(keys.prefix(options.pageCount))
        keys.removeFirst(options.pageCount)
      }
      return true
    }
    try deleteObjects(keys[...])
  }

  public func delete(_ keys: [StoreKey]) throws {
    var rest = keys[...]
    while !rest.isEmpty {
      try deleteObjects(ArraySlice(rest.prefix(options.pageCount).map(\.description)))
      rest = rest.dropFirst(options.pageCount)
    }
  }

  /// The key of an object, or nil if it is hidden or has a name that no value has.
  private static func key(_ text: Substring) -> StoreKey? {
    let name =
      text.utf8.lastIndex(of: UInt8(ascii: "/")).map { text.utf8[text.utf8.index(after: $0)...] } ?? text.utf8
    return name.starts(with: hiddenName.utf8) ? nil : try? StoreKey(String(text))
  }

  /// Keys and prefixes as a store has them, from one answer.
  struct Page {
    var keys: [Substring] = []
    var prefixes: [Substring] = []
    var next: String?
  }

  /// Asks for the pages of a listing, one after the other, until `body` returns `false`.
  private func forEachPage(below prefix: String, delimiter: String?, _ body: (Page) throws -> Bool) throws {
    let path = prefix.isEmpty ? location : "\(location)/\(prefix)"
    let start = self.prefix + (prefix.isEmpty ? "" : prefix + "/")
    var token: String?
    var limit = ListingLimit(path: path)
    while true {
      let page = try self.page(start, delimiter: delimiter, after: token, path)
      guard try body(page), let next = page.next else { return }
      try limit.count(page.keys.count + page.prefixes.count, isNew: next != token)
      token = next
    }
  }

  /// Asks for the keys that begin with some text.
  func page(
    _ start: String, delimiter: String?, after token: String?, _ path: String
  ) throws -> Page {
    var request = S3Request(.get)
    request.query = [("list-type", "2"), ("prefix", start)]
    if let delimiter { request.query.append(("delimiter", delimiter)) }
    if options.pageCount < 1000 { request.query.append(("max-keys", "\(options.pageCount)")) }
    if let token { request.query.append(("continuation-token", token)) }
    let (root, _) = try answer(to: request, named: "ListBucketResult", path)
    var page = Page()
    let own = prefix.utf8.count
    // A server may say more than it was asked for.
    func inStore(_ text: String?) -> Substring? {
      guard let text, text.utf8.starts(with: start.utf8), text.utf8.count > start.utf8.count else {
        return nil
      }
      return Substring(text.utf8.dropFirst(own))
    }
    for child in root.children {
      switch child.name {
      case "Contents": if let key = inStore(child["Key"]) { page.keys.append(key) }
      case "CommonPrefixes":
        if let name = inStore(child["Prefix"]), name.utf8.last == UInt8(ascii: "/") {
          page.prefixes.append(name)
        }
      default: break
      }
    }
    if root["IsTruncated"] == "true" {
      guard let next = root["NextContinuationToken"], !next.isEmpty else {
        throw StoreError.malformedAnswer(path: path, reason: "it does not tell how the listing goes on")
      }
      page.next = next
    }
    return page
  }

  /// Asks for a listing, and returns its first element and the answer that it came with.
  func answer(
    to request: S3Request, named name: String, _ path: String
  ) throws -> (root: XMLElement, response: HTTPResponse) {
    var request = request
    request.mayFailInBody = true
    var arena = ByteArena()
    let outcome = try client.perform(request, path: path, into: &arena)
    guard outcome.response.isSuccess, outcome.failure == nil else { throw outcome.refusal(path) }
    guard let root = XMLElement(parsing: arena.bytes), root.name == name else {
      throw StoreError.malformedAnswer(path: path, reason: "it is no listing")
    }
    return (root, outcome.response)
  }

  /// Removes up to a thousand objects in one request.
  private func deleteObjects(_ keys: ArraySlice<String>) throws {
    guard !keys.isEmpty else { return }
    // What XML cannot name is removed on its own.
    var single = keys.filter { (prefix + $0).xmlEscaped == nil }
    let named = keys.compactMap { (prefix + $0).xmlEscaped }
    if !named.isEmpty {
      let objects = named.map { "<Object><Key>\($0)</Key></Object>" }.joined()
      var request = S3Request(.post)
      request.query = [("delete", "")]
      let body = try sharedBytes("<Delete><Quiet>true</Quiet>\(objects)</Delete>")
      request.body = body
      request.headers = [
        HTTPHeader("Content-MD5", base64(Digest.md5(body.bytes))),
        HTTPHeader("Content-Type", "application/xml"),
      ]
      request.mayFailInBody = true
      request.stallTimeout = .seconds(120)
      var arena = ByteArena()
      let outcome = try client.perform(request, path: location, into: &arena)
      if [405, 501].contains(outcome.response.status) {
        single = Array(keys)
      } else {
        guard outcome.response.isSuccess, outcome.failure == nil else { throw outcome.refusal(location) }
        guard let root = XMLElement(parsing: arena.bytes) else {
          throw StoreError.malformedAnswer(path: location, reason: "it does not tell what was removed")
        }
        // What could not be removed in company may be alone, or says why not.
        single += root.children("Error").compactMap { $0["Key"] }.filter { $0.utf8.starts(with: prefix.utf8) }
          .map { String(Substring($0.utf8.dropFirst(prefix.utf8.count))) }
      }
    }
    for key in single {
      let outcome = try client.perform(S3Request(.delete, prefix + key), path: "\(location)/\(key)")
      guard outcome.response.isSuccess || outcome.response.status == 404 else {
        throw outcome.refusal("\(location)/\(key)")
      }
    }
  }
}

/// Notices a listing that has no end.
struct ListingLimit {
  /// What is listed, for errors.
  let path: String

  private var (itemCount, emptyPageCount) = (0, 0)

  /// The most pages without an item in a row.
  private static let emptyPageLimit = 1000

  /// The most items that are listed.
  private static let itemLimit = 50_000_000

  init(path: String) { self.path = path }

  /// Takes note of a page after which another one is to come.
  ///
  /// - Parameters:
  ///   - count: The number of items on the page.
  ///   - isNew: Whether the next page is another one than this.
  /// - Throws: `StoreError.malformedAnswer`
  mutating func count(_ count: Int, isNew: Bool) throws(StoreError) {
    itemCount += count
    emptyPageCount = count == 0 ? emptyPageCount + 1 : 0
    guard isNew, emptyPageCount <= Self.emptyPageLimit, itemCount <= Self.itemLimit else {
      throw .malformedAnswer(path: path, reason: "the listing has no end")
    }
  }
}
