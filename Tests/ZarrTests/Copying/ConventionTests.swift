import ChunkEngine
import TestSupport
import Testing
import Zarr

/// What xarray finds in an array, by its fill value in Zarr v2 and by an attribute in v3.
///
/// The texts of
/// `_FillValue` are those that xarray writes.
@Suite("Missing values of copies")
struct ConventionTests {
  private func document(_ store: MemoryStore) throws -> (fields: JSONObject, attributes: JSONObject) {
    if try store.value(of: ".zarray") != nil {
      return (try storedDocument(at: ".zarray", in: store), try storedDocument(at: ".zattrs", in: store))
    }
    let document = try storedDocument(in: store)
    return (document, try #require(document["attributes"]?.objectValue))
  }

  private func store(
    version2 dtype: String, fill: String, attributes: String, shape: String = "[4]"
  ) throws -> MemoryStore {
    let store = MemoryStore()
    let filters = dtype == "|O" ? #"[{"id":"vlen-utf8"}]"# : "null"
    try store.putDocument(
      """
      {"zarr_format":2,"shape":\(shape),"chunks":\(shape),"dtype":"\(dtype)","fill_value":\(fill),"order":"C",
       "filters":\(filters),"compressor":null}
      """, at: ".zarray")
    try store.putDocument(attributes, at: ".zattrs")
    return store
  }

  private func copy(_ store: MemoryStore, to format: ZarrFormat) throws -> (MemoryStore, CopyReport) {
    let target = MemoryStore()
    let report = try ZarrNode.open(in: store).copy(
      to: target, options: CopyOptions(zarrFormat: format, validates: true))
    #expect(try ZarrNode.open(in: store).firstDifference(from: ZarrNode.open(in: target)) == nil)
    return (target, report)
  }

  private static let dimensions = #"{"_ARRAY_DIMENSIONS":["x"],"units":"m"}"#

  @Test(
    "A fill value of Zarr v2 becomes the attribute, and comes back",
    arguments: [
      ("<f4", "-9999.0", "AAAAAICHw8A="), ("<f8", "\"NaN\"", "AAAAAAAA+H8="), ("<i2", "2", 2),
      ("|u1", "255", 255),
      ("|b1", "true", true), ("<f8", "\"Infinity\"", "AAAAAAAA8H8="),
      ("<c16", "[3.0, 0.0]", ["AAAAAAAACEA=", "AAAAAAAAAAA="]),
    ] as [(String, String, JSONValue)])
  func version2(dtype: String, fill: String, attribute: JSONValue) throws {
    let source = try store(version2: dtype, fill: fill, attributes: Self.dimensions)
    let (copied, _) = try copy(source, to: .version3)
    let (fields, attributes) = try document(copied)
    #expect(attributes == ["units": "m", "_FillValue": attribute])
    #expect(fields["dimension_names"] == ["x"])
    let (back, _) = try copy(copied, to: .version2)
    #expect(try document(back).fields["fill_value"] == document(source).fields["fill_value"])
    #expect(try document(back).attributes == document(source).attributes)
  }

  @Test("Without a fill value, or without names of dimensions, there is no attribute")
  func nothingMissing() throws {
    for (fill, attributes) in [
      ("null", Self.dimensions), ("5", "{}"), ("5", #"{"_ARRAY_DIMENSIONS":["x","y"]}"#),
    ] {
      let (copied, report) = try copy(
        store(version2: "<i4", fill: fill, attributes: attributes), to: .version3)
      #expect(try document(copied).attributes["_FillValue"] == nil)
      #expect(report.arraysLosingMissingValue.isEmpty)
    }
  }

  @Test("A type of which Zarr v3 cannot say it is named")
  func unsayable() throws {
    let source = try store(version2: "|O", fill: "\"none\"", attributes: Self.dimensions)
    let target = MemoryStore()
    let report = try ZarrNode.open(in: source).copy(to: target, options: CopyOptions(zarrFormat: .version3))
    #expect(report.arraysLosingMissingValue == ["memory"])
    #expect(try document(target).attributes == ["units": "m"])
  }

  private func version3(
    _ type: String, fill: String, attributes: String, names: String = #","dimension_names":["x"]"#,
    shape: String = "[4]"
  ) throws -> MemoryStore {
    let store = MemoryStore()
    let chunk = shape == "[]" ? "[]" : "[2]"
    let codec = type == "string" ? #""vlen-utf8""# : #"{"name":"bytes","configuration":{"endian":"little"}}"#
    try store.putDocument(
      """
      {"zarr_format":3,"node_type":"array","shape":\(shape),"data_type":"\(type)","fill_value":\(fill),
       "chunk_grid":{"name":"regular","configuration":{"chunk_shape":\(chunk)}},
       "chunk_key_encoding":{"name":"default"},"codecs":[\(codec)],"attributes":\(attributes)\(names)}
      """, at: "zarr.json")
    return store
  }

  @Test("Without the attribute Zarr v2 has no fill value, and all chunks are stored")
  func version3NothingMissing() throws {
    for (type, fill) in [
      ("int64", "0"), ("int64", "7"), ("string", "\"\""), ("string", "\"x\""), ("float32", "0.5"),
    ] {
      let source = try version3(type, fill: fill, attributes: "{}")
      let (copied, _) = try copy(source, to: .version2)
      #expect(try document(copied).fields["fill_value"] == .null)
      #expect(try document(copied).attributes == ["_ARRAY_DIMENSIONS": ["x"]])
      // Nothing is left to readers, which have no fill value.
      #expect(try copied.keys("").count == 4)
    }
  }

  @Test("A fill value by which nothing is missing stays, and arrays without names are left alone")
  func harmless() throws {
    let source = try version3("float64", fill: "\"NaN\"", attributes: "{}")
    #expect(try document(copy(source, to: .version2).0).fields["fill_value"] == "NaN")
    let unnamed = try version3("int32", fill: "7", attributes: #"{"_FillValue":3}"#, names: "")
    let (copied, _) = try copy(unnamed, to: .version2)
    #expect(try document(copied).fields["fill_value"] == 7)
    #expect(try document(copied).attributes == ["_FillValue": 3])
  }

  @Test("The attribute becomes the fill value of Zarr v2, and what was not stored reads as before")
  func version3Missing() throws {
    let source = try version3("float32", fill: "\"NaN\"", attributes: #"{"_FillValue":"AAAAAICHw8A="}"#)
    let (copied, _) = try copy(source, to: .version2)
    let (fields, attributes) = try document(copied)
    #expect(fields["fill_value"]?.description == "-9999.0")
    #expect(attributes == ["_ARRAY_DIMENSIONS": ["x"]])
    #expect(try copied.keys("").count == 4)
    let (back, _) = try copy(copied, to: .version3)
    #expect(try document(back).attributes == ["_FillValue": "AAAAAICHw8A="])
  }

  @Test("An array without dimensions has no names in Zarr v3, and an empty list of them in v2")
  func scalar() throws {
    let source = try version3(
      "float64", fill: "\"NaN\"", attributes: #"{"_FillValue":"AAAAAAAA+H8="}"#, names: "", shape: "[]")
    let (copied, _) = try copy(source, to: .version2)
    #expect(try document(copied).attributes == ["_ARRAY_DIMENSIONS": []])
    #expect(try document(copied).fields["fill_value"] == "NaN")
    let (back, _) = try copy(copied, to: .version3)
    #expect(try document(back).attributes == ["_FillValue": "AAAAAAAA+H8="])
    #expect(try document(back).fields["dimension_names"] == nil)
  }

  @Test("Arrays that mean other things by the same elements differ")
  func difference() throws {
    let one = try version3("int32", fill: "0", attributes: #"{"_FillValue":3}"#)
    let other = try store(version2: "<i4", fill: "4", attributes: #"{"_ARRAY_DIMENSIONS":["x"]}"#)
    let third = try store(version2: "<i4", fill: "3", attributes: #"{"_ARRAY_DIMENSIONS":["x"]}"#)
    for (store, value) in [(one, 1), (other, 1), (third, 1)] as [(MemoryStore, Int32)] {
      try ZarrArray.open(in: store).write([Int32](repeating: value, count: 4), to: [0..<4])
    }
    #expect(
      try ZarrNode.open(in: one).firstDifference(from: ZarrNode.open(in: other)) == .attributes(path: .root))
    #expect(try ZarrNode.open(in: one).firstDifference(from: ZarrNode.open(in: third)) == nil)
  }
}
