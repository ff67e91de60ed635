import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Leftovers")
struct GarbageTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  @Test("What a job has left is listed, and removed if that is asked for")
  func segments() throws {
    let store = try FileStore(creating: scratch.path("x.zarr"))
    let array = try ZarrArray.create(
      in: store, shape: [0], options: ArrayOptions(dataType: .string, chunkSize: .evenBytes(100)))
    let writer = try SegmentWriter(for: array)
    try writer.appender.append("left")
    let segment = try writer.finish()
    let before = try scratch.files(below: "x.zarr")

    #expect(try Tool.succeed("gc", "x.zarr", in: scratch).text == "")
    let listed = try Tool.succeed("gc", "x.zarr", "--older-than", "0s", in: scratch)
    #expect(listed.lines.count == 1)
    #expect(listed.lines[0].hasPrefix("segment\t\(segment.byteCount)\t"))
    #expect(listed.lines[0].hasSuffix("\t\(segment.id)"))
    #expect(try scratch.files(below: "x.zarr") == before)
    // It counts as sound.
    try Tool.succeed("verify", "x.zarr", in: scratch)

    let described = try Tool.succeed("gc", "x.zarr", "--older-than", "0s", "--json", in: scratch).lines
    let objects = try described.map { try #require(try JSONParser().parse(Array($0.utf8)).objectValue) }
    #expect(objects.count == 2 && objects[0]["kind"] == "segment")
    #expect(objects[0]["name"]?.stringValue == segment.id)
    #expect(objects[1]["leftovers"] == 1 && objects[1]["leftover_bytes"] == objects[0]["bytes"])
    let removed = try Tool.succeed("gc", "x.zarr", "--older-than", "0s", "--force", in: scratch)
    #expect(removed.lines.count == 1)
    #expect(try Tool.succeed("gc", "x.zarr", "--older-than", "0s", in: scratch).text == "")
    #expect(try scratch.files(below: "x.zarr").keys.allSatisfy { !$0.contains("segments") })
    #expect(throws: ZarrError.self) { try array.commit([segment]) }
  }

  @Test("What jobs have left beside the arrays of a group is found in all of them")
  func groups() throws {
    let store = try FileStore(creating: scratch.path("group.zarr"))
    _ = try ZarrGroup.create(in: store)
    #expect(try Tool.succeed("gc", "group.zarr", "--older-than", "0s", in: scratch).text == "")
    let segments = try ["a", "inner/b", "inner/c"].map { path in
      let array = try ZarrArray.create(
        in: store, at: path, shape: [0], options: ArrayOptions(dataType: .string, chunkSize: .evenBytes(100)))
      let writer = try SegmentWriter(for: array)
      try writer.appender.append("left")
      return "\(path)/\(try writer.finish().id)"
    }
    #expect(try Tool.succeed("gc", "group.zarr", in: scratch).text == "")
    let listed = try Tool.succeed("gc", "group.zarr", "--older-than", "0s", "--force", in: scratch)
    #expect(listed.lines.compactMap { $0.split(separator: "\t").last.map(String.init) } == segments)
    #expect(try Tool.succeed("gc", "group.zarr", "--older-than", "0s", in: scratch).text == "")
  }

  @Test("What is neither an array nor a group is an error")
  func otherNodes() throws {
    try Tool.fail("gc", "nothing", in: scratch, saying: "no such directory")
    try scratch.write("text", to: "file")
    try Tool.fail("gc", "file", in: scratch, saying: "is a file")
  }
}
