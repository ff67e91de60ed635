import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// An array that all libraries write and read, as `cases.json` and the manifest of the fixtures describe it.
struct SharedArray: CustomTestStringConvertible, Sendable {
  let name: String
  private let description: JSONObject
  private let directory: String

  /// Reads a description; paths in it are relative to `directory`.
  init(_ description: JSONObject, directory: String) throws {
    name = try #require(description["name"]?.stringValue)
    self.description = description
    self.directory = directory
  }

  /// Reads all arrays of `cases.json` in a directory.
  static func cases(in directory: String) throws -> [SharedArray] {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(directory)/cases.json")))
    let cases = try #require(try JSONParser().parse(bytes).objectValue?["cases"]?.arrayValue)
    return try cases.map { try SharedArray(try #require($0.objectValue), directory: directory) }
  }

  var testDescription: String { name }

  private func field(_ name: String) throws -> JSONValue {
    try #require(description[name], "\(self.name) has no field \(name)")
  }

  private func text(_ name: String) throws -> String { try #require(try field(name).stringValue) }

  private func integers(_ value: JSONValue) throws -> [Int] {
    try #require(value.arrayValue).map { try #require($0.integerValue) }
  }

  /// The path of the array, which the manifest of the fixtures calls otherwise.
  var path: String {
    get throws { "\(directory)/\(try description["array"] == nil ? text("path") : text("array"))" }
  }

  var dataType: DataType {
    get throws { try DataType(name: text("data_type")) }
  }

  var shape: [Int] {
    get throws { try integers(field("shape")) }
  }

  var chunkShape: [Int] {
    get throws { try integers(field("chunk_shape")) }
  }

  var codecs: [JSONObject] {
    get throws { try #require(try field("codecs").arrayValue).map { try #require($0.objectValue) } }
  }

  var attributes: JSONObject {
    get throws { try #require(try JSONParser().parse(Array(try text("attributes_json").utf8)).objectValue) }
  }

  var dimensionNames: [String?]? {
    get throws { try field("dimension_names").arrayValue?.map(\.stringValue) }
  }

  var storedChunkKeys: [String] {
    get throws {
      try #require(try field("stored_chunk_keys").arrayValue).map { try #require($0.stringValue) }
    }
  }

  /// The libraries that can read it.
  var readers: [String] {
    get throws { try #require(try field("readers").arrayValue).map { try #require($0.stringValue) } }
  }

  /// The regions that are written, one after the other.
  var writes: [ArrayRegion] {
    get throws {
      try #require(try field("writes").arrayValue).map { region in
        ArrayRegion(
          try #require(region.arrayValue).map { range in
            let bounds = try integers(range)
            return bounds[0]..<bounds[1]
          })
      }
    }
  }

  var chunkKeyEncoding: ChunkKeyEncoding {
    get throws {
      let encoding = try #require(try field("chunk_key_encoding").objectValue)
      let separator = encoding["configuration"]?.objectValue?["separator"]?.stringValue
      return ChunkKeyEncoding(
        try #require(ChunkKeyEncoding.Kind(rawValue: encoding["name"]?.stringValue ?? "")),
        separator: ChunkKeyEncoding.Separator(rawValue: separator ?? ""))
    }
  }

  private func element(_ value: JSONValue) throws -> [UInt8] {
    let text = try #require(value.stringValue)
    return try dataType == .string ? Array(text.utf8) : [UInt8](try #require(Data(base64Encoded: text)))
  }

  var fillValue: [UInt8] {
    get throws { try element(try field("fill_value")) }
  }

  /// All elements in C order.
  var elements: [[UInt8]] {
    get throws {
      let file = [UInt8](try Data(contentsOf: URL(filePath: "\(directory)/\(try text("elements"))")))
      let parser = JSONParser()
      return try file.split(separator: UInt8(ascii: "\n")).map { try element(try parser.parse(Array($0))) }
    }
  }

  /// Opens the array and compares all that is known of it.
  func expectReadable() throws {
    let store = try FileStore(opening: try path)
    let array = try ZarrArray.open(in: store)
    #expect(array.shape == (try shape), "\(name)")
    // Of shards the shape of the shard.
    #expect(array.shardShape ?? array.chunkShape == (try chunkShape), "\(name)")
    #expect(array.dataType == (try dataType), "\(name)")
    #expect(array.metadata.fillValue == (try fillValue), "\(name)")
    #expect(array.metadata.chunkKeyEncoding == (try chunkKeyEncoding), "\(name)")
    #expect(array.metadata.dimensionNames == (try dimensionNames), "\(name)")
    var attributes = array.metadata.attributes
    attributes["_zarrs"] = nil  // zarrs signs what it creates.
    #expect(attributes == (try self.attributes), "\(name)")
    let expected = try elements
    let view = try array.read()
    try expectEqual(view.arrays(), expected)
    if array.dataType == .string {
      let texts = expected.map { String(decoding: $0, as: UTF8.self) }
      #expect(try view.strings().elementsEqual(texts) { $0.utf8.elementsEqual($1.utf8) }, "\(name)")
    }
    let scanned = Collected<[Int: [UInt8]]>([:])
    let shape = array.shape
    try array.scan { region, elements in
      for (position, indices) in region.allIndices.enumerated() {
        let index = zip(indices, shape).reduce(0) { $0 * $1.1 + $1.0 }
        let element = elements[position].withUnsafeBytes { Array($0) }
        scanned.change { $0[index] = element }
      }
    }
    try expectEqual(scanned.value.sorted { $0.key < $1.key }.map(\.value), expected)
  }

  /// Compares elements without putting all of them into a message.
  private func expectEqual(_ found: [[UInt8]], _ expected: [[UInt8]]) throws {
    #expect(found.count == expected.count, "\(name)")
    let different = zip(found, expected).enumerated().first { $1.0 != $1.1 }
    #expect(different?.offset == nil, "\(name): element \(different?.offset ?? 0) differs")
  }
}
