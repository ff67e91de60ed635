import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Text and bytes of a fixed width")
struct FixedWidthTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  @Test("Copies to text and bytes of any size are what zarr-python has, and lines are without padding")
  func python() throws {
    try PythonEnvironment.run("fixed_width.py", ["write", scratch.path])
    /// What zarr-python reads, as JSON.
    func read(_ name: String) throws -> String {
      try PythonEnvironment.run("fixed_width.py", ["read", scratch.path(name)])
    }
    for (name, type) in [("u", "string"), ("s", "bytes"), ("v", "bytes")] {
      for (version, other) in [("2", "3"), ("3", "2")] {
        let source = name + version
        try Tool.succeed(
          "copy", source, "\(source).copy", "--type", type, "--zarr-format", other, "--validate", in: scratch)
        #expect(try read("\(source).copy") == read(source))
        try Tool.succeed("compare", source, "\(source).copy", in: scratch)
      }
    }
    // Six bytes, without zeros at the end.
    let text = ["", "a", "ab\0c", "Zürich", "😀", "12"]
    let bytes = ["", "a", "ab\0c", "\"x\"", "123456", "12"]
    for version in ["2", "3"] {
      for (name, elements) in [("u", text), ("s", bytes)] {
        for (index, element) in elements.enumerated() {
          let place = "\(index / 3),\(index % 3)"
          #expect(try Tool.succeed("cat", name + version, place, in: scratch).text == element)
        }
        let lines = try Tool.run(["export", name + version, "-o", "-", "--null"], in: scratch)
        #expect(lines.exitCode == 1 && lines.errors.contains("element 2 has a NUL byte"))
        #expect(
          lines.text.utf8.count { $0 == 0 } == elements.count && lines.text.hasSuffix("\0\(elements[5])\0"))
        #expect(
          try Tool.succeed("export", name + version, "-o", "-", in: scratch).text
            == elements.map { $0 + "\n" }.joined())
        try Tool.succeed("copy", name + version, "as-string", "--type", "string", in: scratch)
        #expect(
          try Tool.succeed("dump", "as-string", in: scratch).lines.map {
            try JSONParser().parse(Array($0.utf8))
          }
            == elements.map { .string($0) })
        try FileManager.default.removeItem(atPath: scratch.path("as-string"))
      }
      try Tool.succeed("copy", "j\(version)", "as-json", "--type", "json", "--validate", in: scratch)
      #expect(
        try Tool.succeed("dump", "as-json", in: scratch).lines == [
          "null", "1", "[1,2]", "\"ü\"", "true", "{}",
        ])
      try FileManager.default.removeItem(atPath: scratch.path("as-json"))
      try Tool.fail(
        "copy", "l\(version)", "no", "--type", "string", in: scratch,
        saying: "l\(version): element 2: no value of String: byte 3 is not UTF-8; --type bytes")
      for type in ["string", "bytes", "json"] {
        try Tool.fail(
          "copy", "n\(version)", "no", "--type", type, in: scratch,
          saying: "elements of float64 cannot become elements of \(type); zvlen dump writes them as JSON")
      }
    }
    #expect(try !scratch.names().contains("no"))
  }
}
