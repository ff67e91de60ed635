import Foundation
import Testing

@Suite("Interruption")
struct InterruptionTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  @Test("A signal ends an import, and leaves what was there before", arguments: [SIGINT, SIGTERM])
  func signals(number: Int32) throws {
    try Tool.succeed("import", "-", "-o", "data.zarr", in: scratch, input: Array("old\n".utf8))
    let streams = try ScratchDirectory()
    let input = Pipe()
    let process = try Tool.start(
      ["import", "-", "-o", "data.zarr", "--overwrite", "--chunk-count", "1"], in: scratch, input: input,
      streams: streams)
    try input.fileHandleForWriting.write(contentsOf: Data(repeating: UInt8(ascii: "\n"), count: 10_000))
    try Tool.expectInterrupted(process, by: number, in: scratch, streams)
    #expect(try scratch.names() == ["data.zarr"])
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "old\n")
  }
}
