import ChunkEngine
import TestSupport
import Testing
import Zarr

@testable import ZarrRemote

@Suite("Parts of values over HTTP")
struct PartReadingTests {
  /// How a server answers ranges.
  enum Manner: CaseIterable {
    case usual, ignoresRanges, refusesLongSuffixes, refusesEmpty
  }

  private static func server(_ value: [UInt8], _ manner: Manner) throws -> ScriptedServer {
    try ScriptedServer { request in
      guard request.target == "/value" else { return .init(404) }
      let tag = ["ETag: \"tag\""]
      if let match = request.headers["if-match"], match != "\"tag\"" { return .init(412) }
      if request.method == "HEAD" { return .init(200, headers: tag, length: value.count) }
      guard manner != .ignoresRanges, let text = request.headers["range"] else {
        return .init(200, headers: tag, body: value)
      }
      let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      let range: Range<Int>
      if let first = ends[0] {
        let last = min(ends[1] ?? .max, value.count - 1)
        guard first <= last else { return .init(416, headers: ["Content-Range: bytes */\(value.count)"]) }
        range = first..<last + 1
      } else {
        let count = ends[1] ?? 0
        if count > value.count, manner == .refusesLongSuffixes || value.isEmpty { return .init(416) }
        range = value.count - min(count, value.count)..<value.count
      }
      return .init(
        206,
        headers: tag + ["Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(value.count)"],
        body: Array(value[range]))
    }
  }

  private func read(
    _ part: ValuePart, from url: String, ifVersion version: String? = nil, limit: Int = .max
  ) throws -> (bytes: [UInt8], info: ValueInfo)? {
    var arena = ByteArena()
    try arena.append(copying: ([99] as [UInt8]).span.bytes)
    let client = HTTPClientTests.hasty()
    let info = try HTTPRequest(.get, url).read(
      part, ifVersion: version.map { StoredVersion($0) }, limit: limit, path: "value", into: &arena
    ) { request, arena in
      do throws(HTTPError) {
        return try client.perform(request, into: &arena)
      } catch {
        throw error.forStore("value")
      }
    }
    let bytes = arena.bytes.withUnsafeBytes { Array($0) }
    #expect(bytes.first == 99)
    return info.map { (Array(bytes.dropFirst()), $0) }
  }

  @Test("Parts are the same, however a server answers ranges", arguments: Manner.allCases)
  func parts(manner: Manner) throws {
    for value in [[], [1], Array(0..<100)] as [[UInt8]] {
      let server = try Self.server(value, manner)
      for part in [
        .all, .range(0..<1), .range(3..<9), .range(90..<200), .range(1..<Int.max), .range(100..<101),
        .range(5..<5), .range(Int.max - 1..<Int.max), .suffix(0), .suffix(1), .suffix(60), .suffix(100),
        .suffix(5000),
      ] as [ValuePart] {
        let found = try #require(try read(part, from: server.url + "/value"), "\(part) of \(value.count)")
        #expect(found.bytes == Array(value[part.range(in: value.count)]), "\(part) of \(value.count)")
        #expect(found.info == ValueInfo(byteCount: value.count, version: StoredVersion("\"tag\"")))
      }
      #expect(try read(.suffix(4), from: server.url + "/other") == nil)
    }
  }

  @Test("A part takes one request")
  func oneRequest() throws {
    let server = try Self.server(Array(0..<100), .usual)
    let parts =
      [.all, .range(3..<9), .range(90..<200), .range(5..<5), .suffix(3), .suffix(500)] as [ValuePart]
    for part in parts { _ = try read(part, from: server.url + "/value") }
    #expect(server.requests.map(\.method) == ["GET", "GET", "GET", "HEAD", "GET", "GET"])
  }

  @Test("A part of another version is refused")
  func versions() throws {
    let server = try Self.server(Array(0..<100), .usual)
    for part in [.all, .range(0..<1), .range(200..<300), .suffix(7), .range(0..<0)] as [ValuePart] {
      #expect(throws: StoreError.changed(path: "value")) {
        try read(part, from: server.url + "/value", ifVersion: "\"old\"")
      }
      #expect(try read(part, from: server.url + "/value", ifVersion: "\"tag\"") != nil)
    }
  }

  @Test("A part above the limit is refused")
  func limit() throws {
    for manner in [.usual, .ignoresRanges] as [Manner] {
      let server = try Self.server(Array(0..<100), manner)
      for (part, count) in [(.all, 100), (.range(5..<15), 10), (.suffix(10), 10)] as [(ValuePart, Int)] {
        #expect(throws: StoreError.tooLarge(path: "value", byteCount: count, limit: count - 1)) {
          try read(part, from: server.url + "/value", limit: count - 1)
        }
        #expect(try read(part, from: server.url + "/value", limit: count)?.bytes.count == count)
      }
    }
  }

  @Test(
    "Another part than the one asked for is refused",
    arguments: [
      "Content-Range: bytes 0-9/100", "Content-Range: bytes 20-29/*", "Content-Range: bytes 20-39/100",
      "Content-Range: bytes 20-28/100", "X-Nothing: 1", "Content-Range: bytes 20-29/25",
    ])
  func anotherPartThanOne(field: String) throws {
    let server = try ScriptedServer { _ in
      .init(206, headers: [field], body: [UInt8](repeating: 1, count: 10))
    }
    #expect {
      try read(.range(20..<30), from: server.url)
    } throws: {
      switch $0 as? StoreError {
      case .malformedAnswer, .unavailable: true
      default: false
      }
    }
  }
}
