import ChunkEngine
import Foundation
import TestSupport
import Testing

@testable import Zarr

/// What numcodecs stores, byte by byte.
@Suite("Object codecs and numcodecs")
struct ObjectCodecTests {
  /// Expects a chunk to be encoded as numcodecs encoded it, and decoded to the same elements.
  private func expectSame(_ chunk: ObjectChunk) throws {
    let codec = try chunk.codec()
    let encoded = try codec.encode(chunk.elements, shape: chunk.shape)
    // Not the bytes themselves, which may be many.
    #expect(encoded == chunk.encoded, "\(chunk.name)")
    #expect(try codec.decode(chunk.encoded, shape: chunk.shape) == chunk.decoded, "\(chunk.name)")
  }

  @Test(
    "Chunks of numcodecs are read, and written with the same bytes", arguments: try ObjectChunk.fixtures())
  func fixtures(chunk: ObjectChunk) throws {
    try expectSame(chunk)
  }

  @Test(
    "Chunks that numcodecs writes now are the same", arguments: [["--random", "400", "2026"], ["--long"]])
  func live(arguments: [String]) throws {
    let directory = try StoreDirectory()
    let path = directory.path("chunks.jsonl")
    try PythonEnvironment.run("object_chunks.py", ["write", path] + arguments)
    let chunks = try ObjectChunk.read(path)
    #expect(chunks.count >= 4)
    for chunk in chunks {
      try expectSame(chunk)
    }
  }

  @Test("numcodecs reads what is written here")
  func written() throws {
    let directory = try StoreDirectory()
    let path = directory.path("chunks.jsonl")
    var text: [UInt8] = []
    for chunk in try ObjectChunk.fixtures() {
      let encoded = try chunk.codec().encode(chunk.elements, shape: chunk.shape)
      JSONWriter(style: .compact).append(.object(chunk.line(encoded: encoded)), to: &text)
      text.append(UInt8(ascii: "\n"))
    }
    try Data(text).write(to: URL(filePath: path))
    try PythonEnvironment.run("object_chunks.py", ["check", path])
  }

  @Test("The settings are written as numcodecs writes them", arguments: try ObjectChunk.fixtures())
  func settings(chunk: ObjectChunk) throws {
    var expected = chunk.settings
    expected["id"] = nil
    let codec = try #require(try chunk.codec() as? any MetadataCodec)
    #expect(codec.configuration == expected)
  }

  @Test("Pickles are refused, with what to do about them", arguments: ["pickle", "numcodecs.pickle"])
  func pickle(name: String) throws {
    let factory = try #require(CodecRegistry.factory(name))
    let settings = CodecSettings(MetadataExtension(name: name), field: "codecs[0]")
    let context = CodecContext(dataType: .bytes, fillValue: [], chunkShape: [1])
    let error = try #require(throws: MetadataError.self) { try factory(settings, context) }
    #expect(error.code == .unsupported)
    #expect(error.message.contains("NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE"))
  }

  @Test(
    "A codec is refused for elements of another type",
    arguments: [
      "json2", "numcodecs.json2", "msgpack2", "numcodecs.msgpack2", "categorize", "numcodecs.categorize",
    ])
  func otherTypes(name: String) throws {
    let factory = try #require(CodecRegistry.factory(name))
    let settings = CodecSettings(
      MetadataExtension(name: name, configuration: name.hasSuffix("categorize") ? ["labels": []] : [:]),
      field: "codecs[0]")
    for type: DataType in [.bytes, .number(.float64)] {
      #expect(throws: MetadataError.self) {
        try factory(settings, CodecContext(dataType: type, fillValue: [], chunkShape: [1]))
      }
    }
  }
}
