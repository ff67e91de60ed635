import Testing
import Zarr

@Suite("Node paths")
struct NodePathTests {
  @Test("The root has no name, and no folder in its keys", arguments: ["", "/"])
  func root(text: String) throws {
    let path = try NodePath(text)
    #expect(path == .root)
    #expect(path.name == nil)
    #expect(path.parent == nil)
    #expect(path.key("zarr.json") == "zarr.json")
  }

  @Test("A path has names", arguments: ["a/b.c/_d", "/a/b.c/_d"])
  func names(text: String) throws {
    let path = try NodePath(text)
    #expect(path.names == ["a", "b.c", "_d"])
    #expect(path.key("c/0/1") == "a/b.c/_d/c/0/1")
    #expect(path.parent == (try NodePath("a/b.c")))
    #expect(try path.parent?.appending("_d") == path)
    #expect(path.description == "a/b.c/_d")
  }

  @Test(
    "A name that Zarr does not allow is refused",
    arguments: [
      "//", "a/", "a//b", "//a", ".", "..", "...", "a/../b", "__a", "a/__", "zarr.json", "a/zarr.json", "a\0",
      ".zarray", ".zgroup", "a/.zattrs", ".zmetadata",
    ])
  func refused(text: String) {
    let error = #expect(throws: MetadataError.self) { try NodePath(text) }
    #expect(error?.code == .invalidPath)
  }

  @Test("A name with a slash cannot be appended", arguments: ["a/b", "", "/", "..", "a/\u{301}b"])
  func appending(name: String) {
    #expect(throws: MetadataError.self) { try NodePath.root.appending(name) }
  }

  @Test(
    "Names close to the forbidden ones are allowed",
    arguments: ["..a", "_", "a__", "zarr.json2", "Zarr.json", " ", "é"])
  func allowed(name: String) throws {
    #expect(try NodePath(name).names == [name])
  }

  @Test(
    "What others have named against the rules can be read", arguments: ["__a", "...a", "zarr.json", "a/__b"])
  func existing(text: String) throws {
    let path = try NodePath(existing: text)
    #expect(path.description == text)
    #expect(try path.parent?.appending(existing: path.name ?? "") == path)
  }

  @Test(
    "No path leads out of the store",
    arguments: ["//", "a/", "a//b", ".", "..", "...", "a/../b", "a/.", "a\0"])
  func unsafe(text: String) throws {
    let error = #expect(throws: MetadataError.self) { try NodePath(existing: text) }
    #expect(error?.code == .invalidPath)
    #expect(throws: MetadataError.self) { try NodePath.root.appending(existing: text) }
  }

  @Test("A path is below those that its names begin with")
  func below() throws {
    let path = try NodePath("a/b/c")
    for (other, isBelow) in [
      ("", true), ("a", true), ("a/b", true), ("a/b/c", true), ("a/b/c/d", false), ("b", false),
      ("a/bc", false),
    ] {
      #expect(path.isAt(orBelow: try NodePath(other)) == isBelow, "\(other)")
    }
    #expect(try NodePath("a").appending(NodePath("b/c")) == path)
  }

  @Test("Paths that differ in their bytes are different, even if they look alike")
  func bytes() throws {
    #expect(try NodePath("\u{E9}") != NodePath("e\u{301}"))
  }
}
