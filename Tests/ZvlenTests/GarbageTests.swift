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

    let removed = try Tool.succeed("gc", "x.zarr", "--older-than", "0s", "--force", in: scratch)
    #expect(removed.lines.count == 1)
    #expect(try Tool.succeed("gc", "x.zarr", "--older-than", "0s", in: scratch).text == "")
    #expect(try scratch.files(below: "x.zarr").keys.allSatisfy { !$0.contains("segments") })
    #expect(throws: ZarrError.self) { try array.commit([segment]) }
  }

  @Test("A group, and what is no array, are errors")
  func otherNodes() throws {
    _ = try ZarrGroup.create(in: FileStore(creating: scratch.path("group.zarr")))
    try Tool.fail("gc", "group.zarr", in: scratch, saying: "is a group")
    try Tool.fail("gc", "nothing", in: scratch, saying: "no such directory")
  }
}
