import ChunkEngine
import Foundation
import TestSupport
import Testing

@testable import Zarr

/// A chunk of objects that numcodecs stored, as `Tests/Interoperability/object_chunks.py` describes it.
struct ObjectChunk: CustomTestStringConvertible, Sendable {
  let name: String
  let settings: JSONObject
  let shape: [Int]
  let elements: [[UInt8]]
  let encoded: [UInt8]
  let decoded: [[UInt8]]

  var testDescription: String { name }

  /// The data type of the elements in memory.
  var isText: Bool { settings["id"] == "categorize" }

  /// Reads a file with a chunk a line.
  static func read(_ path: String) throws -> [ObjectChunk] {
    let parser = JSONParser(maximumByteCount: .max)
    return try Array(Data(contentsOf: URL(filePath: path))).split(separator: UInt8(ascii: "\n")).map { line in
      try ObjectChunk(try parser.parse(Array(line)).objectValue ?? [:])
    }
  }

  /// The chunks of the fixtures.
  static func fixtures() throws -> [ObjectChunk] {
    try read(FixtureManifest.folder.appending(path: "objects/chunks.jsonl").path())
  }

  init(_ line: JSONObject) throws {
    name = line["name"]?.stringValue ?? ""
    settings = line["codec"]?.objectValue ?? [:]
    shape = (line["shape"]?.arrayValue ?? []).compactMap(\.integerValue)
    elements = (line["elements"]?.arrayValue ?? []).map { Array(($0.stringValue ?? "").utf8) }
    decoded = (line["decoded"]?.arrayValue ?? []).map { Array(($0.stringValue ?? "").utf8) }
    let digits = Array((line["encoded"]?.stringValue ?? "").utf8)
    encoded = stride(from: 0, to: digits.count, by: 2).map {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
    }
  }

  /// The codec of the settings, by the name that it has in numcodecs.
  func codec() throws -> any ArrayToBytesCodec {
    var configuration = settings
    let id = settings["id"]?.stringValue ?? ""
    configuration["id"] = nil
    let settings = CodecSettings(
      MetadataExtension(name: id, configuration: configuration), field: "codecs[0]")
    switch id {
    case "json2": return try JSON2Codec(settings)
    case "msgpack2": return try MessagePack2Codec(settings)
    default: return try CategorizeCodec(settings)
    }
  }

  /// A line of a file like that of the fixtures.
  func line(encoded: [UInt8]) -> JSONObject {
    let digits = encoded.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return [
      "name": .string(name), "codec": .object(settings), "shape": .array(shape.map(JSONValue.integer)),
      "encoded": .string(digits),
      "decoded": .array(decoded.map { .string(String(decoding: $0, as: UTF8.self)) }),
    ]
  }
}

extension ArrayToBytesCodec {
  /// Encodes a chunk of elements of any size.
  func encode(_ elements: [[UInt8]], shape: [Int]) throws -> [UInt8] {
    let chunk = referenceWireForm(elements)
    var arena = ByteArena()
    try makeEncoder().encode(
      chunk.span.bytes, of: ChunkRepresentation(shape: shape, layout: .variable), into: &arena)
    return Array(copying: arena.bytes)
  }

  /// Encodes a chunk of elements that are given as text.
  func encode(_ texts: [String], shape: [Int]? = nil) throws -> String {
    String(
      decoding: try encode(texts.map { Array($0.utf8) }, shape: shape ?? [texts.count]), as: UTF8.self)
  }

  /// Decodes a chunk of elements of any size.
  func decode(_ bytes: [UInt8], shape: [Int], limit: Int = 1 << 30) throws -> [[UInt8]] {
    var arena = ByteArena()
    let chunk = try ChunkRepresentation(shape: shape, layout: .variable)
    try makeDecoder().decode(bytes.span.bytes, of: chunk, into: &arena, limit: limit)
    var elements: [[UInt8]] = []
    var reader = try WireFormReader(arena.bytes, expectedCount: chunk.elementCount, codec: Self.name)
    while let element = try reader.next() {
      elements.append(Array(copying: element))
    }
    return elements
  }

  /// Decodes a chunk that is given as text to elements that are text.
  func decode(_ text: String, shape: [Int], limit: Int = 1 << 30) throws -> [String] {
    try decode(Array(text.utf8), shape: shape, limit: limit).map { String(decoding: $0, as: UTF8.self) }
  }
}
