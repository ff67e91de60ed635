package import ChunkEngine

/// What a server is asked for.
package struct HTTPRequest: Sendable {
  /// What is done with the resource.
  package enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
  }

  package var method: Method

  /// The address, which is sent as it is: the caller escapes what has to be.
  package var url: String

  /// The header fields that any server may see.
  package var headers: [HTTPHeader]

  /// The header fields that only the host of `url` may see.
  ///
  /// A redirect to another one leaves them out.
  package var credentials: [HTTPHeader] = []

  /// What is sent along, if anything.
  package var body: SharedBytes?

  /// How long the transfer may stand still, or nearly so.
  package var stallTimeout = Duration.seconds(30)

  /// How many redirects are followed.
  ///
  /// Only a GET or HEAD follows any, and none from HTTPS to HTTP.
  package var redirectLimit = 0

  /// Whether the proxy of the environment is used, if it has one.
  package var usesProxy = true

  /// The most bytes that are kept of the answer.
  ///
  /// More are an error, before memory is taken for them.
  package var bodyLimit = Int.max

  /// Says which bytes of a body are kept, once the head of the answer is there; nil for all.
  ///
  /// It is called on the thread of all transfers, and must not wait. The transfer ends where these bytes do.
  package var keeping: (@Sendable (HTTPResponse) -> Range<Int>)?

  package init(_ method: Method, _ url: String, headers: [HTTPHeader] = [], body: SharedBytes? = nil) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// A field of a head.
package struct HTTPHeader: Hashable, Sendable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  /// The line that is sent, or nil if the field would be more than one.
  var line: String? {
    let isSafe = [name, value].allSatisfy { !$0.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F } }
    guard isSafe, !name.isEmpty,
      !name.utf8.contains(UInt8(ascii: ":"))
    else { return nil }
    // That is how libcurl wants a field without a value.
    return value.isEmpty ? "\(name);" : "\(name): \(value)"
  }
}

/// What a server answered.
package struct HTTPResponse: Sendable {
  /// The status, such as 200.
  package internal(set) var status: Int

  package internal(set) var headers: HTTPHeaders

  /// The bytes that were appended to the arena: those of the body of an answer that says yes.
  package internal(set) var byteCount = 0

  /// The first bytes of the body of an answer that says no.
  package internal(set) var refusal: [UInt8] = []

  /// Where the server says that the resource is, if the answer is a redirect.
  package internal(set) var redirect: String?

  /// How often the request was sent.
  ///
  /// libcurl sends it again by itself if a connection that was used before ends without an answer.
  package internal(set) var sendingCount = 0

  /// Whether the server did what it was asked for.
  package var isSuccess: Bool { 200..<300 ~= status }

  /// The size of the body that the head announces, or nil if it does not.
  package var contentLength: Int? { headers["content-length"].flatMap(parseDecimal) }

  /// The part that a 206 says it is of, and the size of the whole if that is known.
  package var contentRange: (part: Range<Int>, byteCount: Int?)? {
    guard let fields = contentRangeFields, let (first, last) = parsePair(fields.part), last < Int.max,
      first <= last
    else { return nil }
    let byteCount = parseDecimal(fields.whole)
    if byteCount == nil && fields.whole != "*" { return nil }
    if let byteCount, last >= byteCount { return nil }
    return (first..<last + 1, byteCount)
  }

  /// The size of the whole that a 416 gives, or nil.
  package var unsatisfiedByteCount: Int? {
    guard let fields = contentRangeFields, fields.part == "*" else { return nil }
    return parseDecimal(fields.whole)
  }

  private var contentRangeFields: (part: Substring, whole: Substring)? {
    guard let text = headers["content-range"], text.lowercased().hasPrefix("bytes ") else { return nil }
    let fields = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
    return fields.count == 2 ? (fields[0], fields[1]) : nil
  }

  private func parsePair(_ text: Substring) -> (Int, Int)? {
    let numbers = text.split(separator: "-", omittingEmptySubsequences: false)
    guard numbers.count == 2, let first = parseDecimal(numbers[0]), let last = parseDecimal(numbers[1]) else {
      return nil
    }
    return (first, last)
  }
}

/// The fields of the head of an answer.
package struct HTTPHeaders: Sendable {
  /// The lines as they came, the status line first.
  private var bytes: [UInt8] = []

  /// Where each line begins, and where the last one ends.
  private var starts = [0]

  /// The status, or 0 if there is none.
  private(set) var status = 0

  /// Adds a line.
  ///
  /// A status line begins anew, as after `100 Continue`.
  mutating func append(_ line: UnsafeRawBufferPointer) {
    if unsafe line.starts(with: "HTTP/".utf8) {
      bytes.removeAll(keepingCapacity: true)
      starts = [0]
      let fields = unsafe String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 2)
      status = fields.count > 1 ? parseDecimal(fields[1].prefix(3)) ?? 0 : 0
    }
    unsafe bytes.append(contentsOf: line)
    starts.append(bytes.count)
  }

  /// The value of the first field of a name, which is given in lower case, or nil.
  ///
  /// - Complexity: O(*n*) where *n* is the number of fields.
  package subscript(name: String) -> String? {
    let byteCount = name.utf8.count
    for (start, end) in zip(starts, starts.dropFirst()) {
      let colon = start + byteCount
      guard colon < end, bytes[colon] == UInt8(ascii: ":"),
        bytes[start..<colon].elementsEqual(name.utf8, by: { (65...90 ~= $0 ? $0 | 0x20 : $0) == $1 })
      else { continue }
      var value = bytes[(colon + 1)..<end]
      while let first = value.first, Self.isBlank(first) { value.removeFirst() }
      while let last = value.last, Self.isBlank(last) { value.removeLast() }
      return String(decoding: value, as: UTF8.self)
    }
    return nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
}

/// A number without sign and blanks, or nil if it is none or too large.
package func parseDecimal(_ text: some StringProtocol) -> Int? {
  guard !text.isEmpty, text.utf8.allSatisfy({ 48...57 ~= $0 }) else { return nil }
  return Int(text)
}
