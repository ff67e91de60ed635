import Foundation
import TestSupport
import Testing

/// The tool with URLs where it takes paths.
@Suite("URLs")
struct URLTests {
  private let scratch: ScratchDirectory
  private static let text = (0..<2000).map { "line \($0)\n" }.joined()

  init() throws {
    scratch = try ScratchDirectory()
    try scratch.write(Self.text, to: "lines")
    for index in 0..<20 { try scratch.write("contents \(index)", to: "tree/\(index % 3)/\(index)") }
  }

  @Test("An archive is written as a whole, and read by every command")
  func archive() throws {
    try Tool.succeed("import", "lines", "-o", "a.zip|zip:", in: scratch)
    #expect(try scratch.names() == ["a.zip", "lines", "tree"])
    for url in ["a.zip|zip:", "a.zip", "file://\(scratch.path("a.zip"))|zip:", "zip://::a.zip"] {
      #expect(try Tool.succeed("export", url, "-o", "-", in: scratch).text == Self.text)
    }
    #expect(try Tool.succeed("cat", "a.zip", "17", in: scratch).text == "line 17")
    #expect(try Tool.succeed("info", "a.zip", in: scratch).text.contains("2000"))
    #expect(try Tool.succeed("verify", "--deep", "a.zip", in: scratch).text.hasPrefix("ok: "))
    #expect(try Tool.succeed("tree", "a.zip", in: scratch).text.contains("string [2000]"))
    try Tool.fail("import", "lines", "-o", "a.zip|zip:", in: scratch, saying: "exists already")
    try Tool.succeed("import", "lines", "-o", "a.zip|zip:", "--append", in: scratch)
    #expect(try Tool.succeed("export", "a.zip", "-o", "-", in: scratch).text == Self.text + Self.text)
    try scratch.write("new\n", to: "new")
    try Tool.succeed("import", "new", "-o", "a.zip|zip:", "--overwrite", in: scratch)
    #expect(try Tool.succeed("export", "a.zip", "-o", "-", in: scratch).text == "new\n")
    try Tool.fail("import", "new", "-o", "b.zip|zip:", "--resume", in: scratch, saying: "archive")
    #expect(try scratch.names() == ["a.zip", "lines", "new", "tree"])
  }

  @Test("What fails leaves an archive as it was")
  func failure() throws {
    try Tool.succeed("import", "lines", "-o", "a.zip|zip:", in: scratch)
    let before = try scratch.read("a.zip")
    try scratch.write([0xFF, 0x0A], to: "bad")
    try Tool.fail("import", "bad", "-o", "a.zip|zip:", "--overwrite", in: scratch, saying: "UTF-8")
    #expect(try scratch.read("a.zip") == before)
    try Tool.fail("import", "bad", "-o", "b.zip|zip:", in: scratch, saying: "UTF-8")
    #expect(try scratch.names() == ["a.zip", "bad", "lines", "tree"])
  }

  @Test("A node can be somewhere in an archive, and the groups above it hear of it")
  func member() throws {
    try Tool.succeed("import", "tree", "-o", "a.zip|zip:", in: scratch)
    try Tool.succeed("consolidate", "a.zip", in: scratch)
    try Tool.succeed("import", "lines", "-o", "a.zip|zip:run/lines", in: scratch)
    #expect(try Tool.succeed("export", "a.zip|zip:run/lines", "-o", "-", in: scratch).text == Self.text)
    #expect(try Tool.succeed("tree", "a.zip", in: scratch).text.contains("lines: string"))
    let verified = try Tool.succeed("verify", "a.zip", in: scratch)
    #expect(!verified.text.contains("out of date"), "\(verified.text)")
    try Tool.succeed("copy", "a.zip", "copy.zarr", in: scratch)
    try Tool.succeed("compare", "a.zip", "file://\(scratch.path("copy.zarr"))", in: scratch)
    try Tool.succeed("copy", "copy.zarr/blobs", "b.zip|zip:", "--zarr-format", "2", in: scratch)
    try Tool.succeed("compare", "b.zip", "copy.zarr/blobs", in: scratch)
    try Tool.fail("info", "b.zip|zip:|zarr3:", in: scratch, saying: "Zarr v2")
  }

  @Test("Lines and files go into an archive, and lines come out of one")
  func filesInArchives() throws {
    try Tool.succeed("import", "lines", "-o", "a.zarr", in: scratch)
    try Tool.succeed("export", "a.zarr", "-o", "files.zip|zip:all/lines", in: scratch)
    try Tool.fail(
      "export", "a.zarr", "-o", "files.zip|zip:all/lines", in: scratch, saying: "exists already")
    try Tool.succeed("import", "files.zip|zip:all/lines", "-o", "b.zarr", in: scratch)
    try Tool.succeed("compare", "a.zarr", "b.zarr", in: scratch)
    try Tool.succeed("import", "tree", "-o", "tree.zarr", in: scratch)
    try Tool.succeed("export", "tree.zarr", "-o", "files.zip|zip:tree", in: scratch)
    try Tool.succeed("import", "files.zip|zip:tree/2/17", "-o", "c.zarr", in: scratch)
    #expect(try Tool.succeed("export", "c.zarr", "-o", "-", in: scratch).text == "contents 17\n")
    try Tool.fail(
      "import", "files.zip|zip:tree/none", "-o", "d.zarr", in: scratch, saying: "no such file")
    try Tool.fail("import", "files.zip|zip:", "-o", "d.zarr", in: scratch, saying: "names no file")
    #expect(
      try scratch.names() == ["a.zarr", "b.zarr", "c.zarr", "files.zip", "lines", "tree", "tree.zarr"])
  }

  @Test(
    "An array, and a group with consolidated metadata, are looked at and copied from a web server",
    arguments: [ServedDirectory.Server.python, .nginx])
  func served(server: ServedDirectory.Server) throws {
    let served = try ServedDirectory(server)
    try Tool.succeed("import", "lines", "-o", "a.zarr", "--chunk-count", "50", in: scratch)
    try Tool.succeed("import", "tree", "-o", "tree.zarr", "--chunk-count", "7", in: scratch)
    for name in ["a.zarr", "tree.zarr"] {
      try FileManager.default.copyItem(
        atPath: scratch.path(name), toPath: "\(served.directory.path)/\(name)")
    }
    let (array, tree) = ("\(served.url)/a.zarr", "\(served.url)/tree.zarr")
    func info(_ path: String) throws -> [String] {
      try Tool.succeed("info", path, in: scratch).lines.filter {
        $0.contains("stored") || $0.contains("chunks")
      }
    }
    #expect(try info(array) == info("a.zarr"))
    #expect(
      try Tool.succeed("verify", array, in: scratch).text
        == Tool.succeed("verify", "a.zarr", in: scratch).text.replacing("a.zarr", with: array))
    try Tool.succeed("copy", array, "b.zarr", in: scratch)
    #expect(try scratch.files(below: "b.zarr") == scratch.files(below: "a.zarr"))

    try Tool.fail("copy", tree, "none", in: scratch, saying: "consolidate the metadata")
    try Tool.succeed("consolidate", "\(served.directory.path)/tree.zarr", in: scratch)
    #expect(try Tool.succeed("cat", tree, "1/16", in: scratch).text == "contents 16")
    #expect(
      try Tool.succeed("ls", "-l", "-r", tree, in: scratch).text
        == Tool.succeed("ls", "-l", "-r", "tree.zarr", in: scratch).text)
    #expect(try Tool.succeed("tree", tree, in: scratch).text.contains("paths"))
    #expect(try Tool.succeed("verify", tree, in: scratch).lines.count == 4)
    try Tool.succeed("copy", tree, "copy.zarr", in: scratch)
    try Tool.succeed("compare", tree, "copy.zarr", in: scratch)
    try Tool.succeed("export", tree, "-o", "files", in: scratch)
    #expect(try scratch.files(below: "files") == scratch.files(below: "tree"))
  }

  @Test("A web server is only read from, and files may have URLs")
  func refused() throws {
    try Tool.fail(
      "import", "lines", "-o", "http://127.0.0.1:9/a", in: scratch, saying: "http://127.0.0.1:9/a")
    try Tool.succeed("import", "lines", "-o", "a.zarr", in: scratch)
    try Tool.fail(
      "export", "a.zarr", "-o", "http://127.0.0.1:9/lines", in: scratch, saying: "cannot be written")
    try Tool.succeed("export", "a.zarr", "-o", "file://\(scratch.path("again"))", in: scratch)
    #expect(try scratch.read("again") == Array(Self.text.utf8))
    #expect(try scratch.names() == ["a.zarr", "again", "lines", "tree"])
  }
}
