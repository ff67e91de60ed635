import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// Compares every data type, in both versions of Zarr, with the installed zarr-python 2 and 3 and zarrs.
@Suite("Data types of other libraries")
struct DataTypeInteroperabilityTests {
  private static let documentNames = ["zarr.json", ".zarray"]

  private func document(_ path: String) throws -> JSONObject {
    for name in Self.documentNames {
      guard let bytes = FileManager.default.contents(atPath: "\(path)/\(name)") else { continue }
      return try #require(JSONParser().parse(Array(bytes)).objectValue)
    }
    throw CocoaError(.fileNoSuchFile)
  }

  @Test(
    "Arrays of every type are read here, and read by their writer after their metadata is rewritten here",
    arguments: [("zarr2", 80), ("zarr", 70), ("zarrs", 55)])
  func reading(library: String, count: Int) throws {
    let directory = try StoreDirectory()
    let arrays = try TypedArray.written(by: library, in: directory.path)
    #expect(arrays.count >= count)
    for expected in arrays {
      let array = try ZarrArray.open(in: FileStore(opening: expected.path))
      try expected.expectElements(array.read().arrays(), of: array.dataType)
      if let fillValue = expected.fillValue {
        #expect(array.metadata.fillValue == fillValue, "\(expected.testDescription)")
      }
      let original = try document(expected.path)
      try array.setAttributes(["rewritten": true])
      let rewritten = try document(expected.path)
      if array.metadata.zarrFormat == .version2 {
        #expect(rewritten == original, "\(expected.testDescription)")
      } else {
        #expect(rewritten["data_type"] == original["data_type"], "\(expected.testDescription)")
      }
    }
    let again = try TypedArray.read(arrays.map(\.path), by: library)
    // zarr-python 2 scrambles JSON in the order of Fortran when it reads what it wrote.
    for (array, expected) in zip(again, arrays) where expected.testDescription != "order-f-json.zarr" {
      let type = try ZarrArray.open(in: FileStore(opening: array.path)).dataType
      try expected.expectElements(array.elements, of: type)
    }
  }

  @Test(
    "Arrays that are written here are read",
    arguments: [
      (ZarrFormat.version2, "zarr2"), (.version2, "zarr"), (.version2, "zarrs"), (.version3, "zarr"),
      (.version3, "zarrs"),
    ])
  func writing(format: ZarrFormat, library: String) throws {
    let directory = try StoreDirectory()
    var written: [(path: String, type: DataType, elements: [[UInt8]])] = []
    var samples = TypeSample.samples(for: library, format)
    if format == .version3, try TypedArray.grids(of: library).contains("rectilinear") {
      samples += try TypeSample.rectilinear()
    }
    for sample in samples {
      var generator = SeededGenerator(seed: UInt64(written.count))
      let elements = sample.elements(35, using: &generator)
      let path = "\(directory.path)/\(written.count)-\(sample.type.name).zarr"
      var options = sample.options
      options.zarrFormat = format
      let array = try ZarrArray.create(
        in: FileStore(creating: path), shape: [5, 7], options: options)
      let region = ArrayRegion([0..<4, 0..<7])
      try array.write(blobs: Array(elements.prefix(28)), to: region)
      #expect(try array.read(region).arrays() == Array(elements.prefix(28)), "\(path)")
      written.append((path, sample.type, try array.read().arrays()))
    }
    let found = try TypedArray.read(written.map(\.path), by: library)
    #expect(found.count == written.count)
    for (expected, array) in zip(found, written) {
      #expect(expected.path == array.path)
      try expected.expectElements(array.elements, of: array.type)
    }
  }

  /// What zarr-python 2 could do with an array of objects.
  @Test(
    "Five objects that are set one by one are read, and the one that was not set is null",
    arguments: [
      ("zarr2", ZarrFormat.version2, DataType.json, "numcodecs.json2"),
      ("zarr2", .version2, .json, "numcodecs.msgpack2"),
      // No library reads the data type for JSON, and all have text.
      ("zarr", .version3, .string, "vlen-utf8"), ("zarrs", .version3, .string, "vlen-utf8"),
    ])
  func fiveObjects(library: String, format: ZarrFormat, type: DataType, codec: String) throws {
    let directory = try StoreDirectory()
    let path = directory.path("objects.zarr")
    let array = try ZarrArray.create(
      in: FileStore(creating: path), shape: [5],
      options: ArrayOptions(
        dataType: type, chunkSize: .rows(3), serializer: MetadataExtension(name: codec),
        fillValue: Array("null".utf8), zarrFormat: format))
    let values: [JSONValue] = [42, "foo", ["bar", "baz", "qux"], ["a": 1, "b": 2.2]]
    for (index, value) in values.enumerated() { try array.write(value, at: [index]) }
    let found = try #require(try TypedArray.read([path], by: library).first)
    try found.expectElements((values + [.null]).map { Array($0.description.utf8) }, of: .json)
    #expect(try array.read(as: JSONValue.self) == values + [.null])
  }
}
