import Testing
import Zarr

@Suite("Store keys")
struct StoreKeyTests {
  @Test(
    "Names with slashes between them are keys",
    arguments: ["a", "a/b/c", "c.0.1", "zarr.json", "...a", ".hidden", "é", " ", "a\\b", "-", "a:b", "a..b"])
  func valid(text: String) throws {
    #expect(try StoreKey(text).description == text)
  }

  @Test(
    "What could lead out of a store, or to no file, is no key",
    arguments: [
      "", "/", "/etc/passwd", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/.", "./a", "...",
      "a/....", "a\0b", "\0",
    ])
  func invalid(text: String) {
    let error = #expect(throws: StoreError.self) { try StoreKey(text) }
    guard case .invalidKey(text, let reason)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(!reason.isEmpty)
  }

  @Test("Keys are equal if their bytes are")
  func equality() throws {
    #expect(try StoreKey("a/b") == StoreKey("a/b"))
    #expect(try StoreKey("a/b") != StoreKey("a/c"))
    // The same text to Unicode.
    #expect(try StoreKey("\u{e9}") != StoreKey("e\u{301}"))
    #expect(try Set([StoreKey("\u{e9}"), StoreKey("e\u{301}")]).count == 2)
  }
}
