import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// An array that another library has written or read, with the elements that it found, as `data_types.py`
/// says them.
struct TypedArray: CustomTestStringConvertible, Sendable {
  let path: String
  let elements: [[UInt8]]

  /// The fill value, or nil if it is not defined or the library does not tell.
  let fillValue: [UInt8]?

  private init(_ line: JSONObject) throws {
    path = try #require(line["array"]?.stringValue)
    elements = try #require(line["elements"]?.arrayValue).map { try Self.bytes($0) }
    let fillValue = line["fill_value"] ?? .null
    self.fillValue = fillValue == .null ? nil : try Self.bytes(fillValue)
  }

  var testDescription: String { String(path.split(separator: "/").last ?? "") }

  private static func bytes(_ value: JSONValue) throws -> [UInt8] {
    let digits = Array(try #require(value.stringValue).utf8)
    return try stride(from: 0, to: digits.count, by: 2).map { index in
      try #require(UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16))
    }
  }

  /// Lets a library write its arrays.
  static func written(by library: String, in directory: String) throws -> [TypedArray] {
    try run(["write", directory], library)
  }

  /// Lets a library read arrays.
  static func read(_ paths: [String], by library: String) throws -> [TypedArray] {
    try run(["read"] + paths, library)
  }

  /// The chunk grids that a library has: rectilinear ones came with version 3.2 of zarr-python.
  static func grids(of library: String) throws -> [String] {
    try said(["grids"], library).split(separator: "\n").map(String.init)
  }

  private static func said(_ arguments: [String], _ library: String) throws -> String {
    try PythonEnvironment.run(
      "data_types.py", arguments + ["--library", library], environment: library == "zarr2" ? "zarr2" : nil)
  }

  private static func run(_ arguments: [String], _ library: String) throws -> [TypedArray] {
    try said(arguments, library).split(separator: "\n").map { line in
      try TypedArray(try #require(try JSONParser().parse(Array(line.utf8)).objectValue))
    }
  }

  /// Compares elements; JSON is the same in any spelling.
  func expectElements(_ found: [[UInt8]], of type: DataType) throws {
    guard type == .json else {
      let different = zip(found, elements).enumerated().first { $1.0 != $1.1 }
      #expect(found.count == elements.count, "\(self.testDescription)")
      #expect(
        different == nil,
        "\(testDescription): element \(different?.offset ?? 0) is \(different?.element.0 ?? []), not \(different?.element.1 ?? [])"
      )
      return
    }
    let parser = JSONParser()
    #expect(try found.map(parser.parse) == elements.map(parser.parse), "\(testDescription)")
  }
}
