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

  @Test("Paths that differ in their bytes are different, even if they look alike")
  func bytes() throws {
    #expect(try NodePath("\u{E9}") != NodePath("e\u{301}"))
  }
}
