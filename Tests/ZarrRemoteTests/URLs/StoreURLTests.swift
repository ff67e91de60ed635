import TestSupport
import Testing
import Zarr

@testable import ZarrRemote

@Suite("URLs of stores")
struct StoreURLTests {
  private func base(_ text: String) throws -> StoreURL.Base {
    let url = try StoreURL(text)
    #expect(url.layers == [])
    return url.base
  }

  private func reason(_ text: String) -> String? {
    do {
      _ = try StoreURL(text)
      return nil
    } catch {
      guard case .invalidURL(_, let reason) = error else { return "another error: \(error)" }
      return reason
    }
  }

  @Test(
    "What has no scheme is a path as it is, whatever characters it has",
    arguments: [
      "a", "/a/b", "./a", "../a", ".", "~/a", "./s3:", "./s3://b", "/s3://b/a", "a b", "a%20b", "a?b#c",
      "a|b", "a::b",
      "C:\\data\\a", "C:/data", "c:", "12:30.zarr", "a:b", "user@host:/a", "é:ü", "a.zip", "-", "a|", "|a",
      "::", ":", "a::",
      "gs:bucket",
    ])
  func paths(text: String) throws {
    #expect(try base(text) == .path(text))
  }

  @Test("A file is named by a URL, too, whose bytes are decoded")
  func files() throws {
    for (text, path) in [
      ("file:///a/b", "/a/b"), ("file:/a", "/a"), ("file:a/b", "a/b"), ("FILE:///a", "/a"),
      ("file://localhost/a", "/a"), ("file:///a%20b%C3%A9", "/a bé"), ("file:///a|b", "/a|b"),
      ("file:///s3:", "/s3:"),
      ("file:///a%7Czip:", "/a|zip:"),
    ] {
      #expect(try base(text) == .path(path), "\(text)")
    }
    #expect(reason("file://host/a")?.contains("on this machine") == true)
    #expect(reason("file:")?.contains("no path") == true)
    for text in ["file:///%", "file:///%2", "file:///%zz", "file:///%FF", "file:///a%00"] {
      #expect(reason(text)?.contains("%25") == true, "\(text)")
    }
  }

  @Test("A place in S3 is a bucket and a prefix, which are taken as they are")
  func s3() throws {
    for (text, bucket, prefix) in [
      ("s3://b", "b", ""), ("s3://b/", "b", ""), ("s3://b/a/c", "b", "a/c"), ("S3://b/a/", "b", "a"),
      ("s3://b/a%20b?c#d", "b", "a%20b?c#d"), ("s3://b/a::c", "b", "a::c"), ("s3://b//a", "b", "/a"),
    ] {
      #expect(try base(text) == .s3(bucket: bucket, prefix: prefix), "\(text)")
    }
    for text in ["s3:", "s3:b", "s3:/b", "s3://", "s3:///a"] { #expect(reason(text) != nil, "\(text)") }
  }

  @Test("A URL of HTTP stays as it is")
  func http() throws {
    for text in [
      "http://h", "https://h:8/a/b.zarr?c=d&e", "HTTP://h/a%20b", "http://[::1]:80/a",
      "http://[fe80::1]/a::b",
    ] {
      #expect(try base(text) == .http(text))
    }
    for text in ["http:", "http:/a", "http://", "https:///a", "http://?a"] {
      #expect(reason(text) != nil, "\(text)")
    }
  }

  @Test("A scheme that is not known is an error that names those that are")
  func unknownSchemes() throws {
    for text in ["gs://b/a", "az://b", "ftp://h/a", "abfs+x://h", "memory://"] {
      let reason = try #require(self.reason(text))
      for scheme in StoreURL.schemes { #expect(reason.contains("\(scheme):"), "\(reason)") }
    }
  }

  @Test("Layers follow after bars, and fsspec's chains say the same")
  func layers() throws {
    for (text, base, layers) in [
      ("a.zip|zip:", .path("a.zip"), [.zip("")]),
      ("a.zip|zip:b/c", .path("a.zip"), [.zip("b/c")]),
      ("a.zip|ZIP://b/c", .path("a.zip"), [.zip("b/c")]),
      (
        "s3://b/a.zip|zip:c|zarr3:d/e", .s3(bucket: "b", prefix: "a.zip"),
        [.zip("c"), .zarr(.version3, "d/e")]
      ),
      ("a|zarr2:", .path("a"), [.zarr(.version2, "")]),
      ("a|b|zip:c", .path("a|b"), [.zip("c")]),
      ("a|zip:b%7C%25", .path("a"), [.zip("b|%")]),
      ("https://h/a.zip?t=1|zip:b.zip|zip:c", .http("https://h/a.zip?t=1"), [.zip("b.zip"), .zip("c")]),
      ("zip::a.zip", .path("a.zip"), [.zip("")]),
      ("zip://b/c::s3://d/a.zip", .s3(bucket: "d", prefix: "a.zip"), [.zip("b/c")]),
      ("zip:///b::file:///a%20.zip", .path("/a .zip"), [.zip("b")]),
      ("zip://c::zip://b.zip::a.zip", .path("a.zip"), [.zip("b.zip"), .zip("c")]),
      ("zip://b::a.zip|zarr3:", .path("a.zip"), [.zip("b"), .zarr(.version3, "")]),
      ("./zip::a", .path("./zip::a"), []),
    ] as [(String, StoreURL.Base, [StoreURL.Layer])] {
      let url = try StoreURL(text)
      #expect(url.base == base, "\(text)")
      #expect(url.layers == layers, "\(text)")
    }
    #expect(reason("a|tar:b")?.contains("zip:") == true)
    #expect(reason("|zip:a") != nil)
    #expect(reason("zip::") != nil)
    #expect(reason("simplecache::s3://b/a")?.contains("fsspec") == true)
    #expect(reason("tar://a::file:///b")?.contains("fsspec") == true)
    #expect(reason("a|zip:%") != nil)
    #expect(reason("") != nil)
    #expect(reason("a\0b") != nil)
  }

  @Test(
    "A secret in a URL is refused, and no error shows it",
    arguments: [
      "https://user:hunter2@host/a", "http://hunter2@host", "https://user:hunter2@host/a|zip:b",
      "s3://key:hunter2@bucket/a",
      "zip://a::https://u:hunter2@h/a.zip", "gs://u:hunter2@h/a", "ftp://h/a?token=hunter2",
      "simplecache::https://u:hunter2@h",
      "https://u:hunter2@h@i/a", "https:///a?hunter2", "file://u:hunter2@h/a", "a|tar:b?hunter2",
      "zip://%::gs://u:hunter2@h", "https://u:hunter2@\u{301}h/a", "https://h@\u{301}?\u{301}hunter2",
      "gs://u?\u{301}hunter2",
    ])
  func secrets(text: String) throws {
    let error = #expect(throws: StoreError.self) { try StoreURL(text) }
    #expect(error.map { "\($0)".contains("hunter2") } == false)
  }

  @Test("Any text is a URL or refused, and a path with ./ in front of it stays one")
  func anyText() throws {
    var generator = SeededGenerator(seed: 15)
    let pieces = [
      "s3", "http", "file", "zip", "zarr3", ":", "::", "/", "//", "|", "%", "%2", "%41", "@", "?", "#", "a",
      "é", ".", "..", "[",
    ]
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
        pieces.randomElement(using: &generator) ?? ""
      }
      .joined()
      do {
        let url = try StoreURL(text)
        if case .path(let path) = url.base { #expect(!path.isEmpty, "\(text)") }
      } catch {
        guard case .invalidURL = error else { throw error }
      }
      // No layer, no chain.
      let plain = text.filter { $0 != "|" }
      #expect(try StoreURL("./\(plain)").base == .path("./\(plain)"))
      #expect(try StoreURL("./\(plain)").layers == [])
      let encoded = plain.percentEncoded(keepsSlashes: true)
      #expect(PercentEncoding.decode(encoded) == plain)
      #expect(try StoreURL("file:///\(encoded)").base == .path("/\(plain)"), "\(plain)")
      #expect(try StoreURL("a|zip:x\(encoded)|zarr3:").layers == [.zip("x\(plain)"), .zarr(.version3, "")])
    }
  }
}
