import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// Arrays that a library has written, copied here, and read by a library.
@Suite("Copies of other libraries' arrays")
struct CopyInteroperabilityTests {
  /// What is copied, how, and who reads it.
  struct Case {
    let writer: String
    let reader: String
    var format: ZarrFormat?
    var areSharded = false
    var codecs: [CodecChain.Stage]?
    /// Parts of the names of arrays that are copied, or nil for all.
    var only: [String]?
    /// Parts of the names of arrays that the reader does not read.
    var except: [String] = []
    /// The names that data types get, by parts of the names of arrays.
    var dataTypeNames: [String: String] = [:]
    let leastCount: Int

    var description: String {
      "\(writer) to \(reader), Zarr \(format?.rawValue ?? 0)\(areSharded ? ", shards" : "")"
        + (dataTypeNames.isEmpty ? "" : ", \(dataTypeNames)")
    }
  }

  /// Arrays that not every version of zarr-python reads: arrays of arrays, structures, which had another name
  /// once, and complex fill values that are not a number.
  private static let unread = ["object-array", "struct", "fill-complex"]

  /// What zarrs has no data type for, and what its script does not read: an array without elements.
  private static let unreadByZarrs = [
    "object-array", "struct", "fill-bytes", "type-nS", "type-nV", "no-elements",
    // zarr-python 2 scrambles JSON in the order of Fortran when it reads what it wrote.
    "order-f-json",
  ]

  private static let compressed: [CodecChain.Stage] = [.gzip(level: 1), .crc32c]

  static let cases = [
    Case(writer: "zarr2", reader: "zarr", format: .version3, except: unread, leastCount: 70),
    Case(writer: "zarr", reader: "zarr", format: .version3, only: ["v2-"], except: unread, leastCount: 30),
    Case(writer: "zarr", reader: "zarr2", format: .version2, only: ["v3-"], except: unread, leastCount: 30),
    Case(
      writer: "zarr2", reader: "zarrs", format: .version3, codecs: [.zstd()], except: unreadByZarrs,
      leastCount: 70),
    Case(
      writer: "zarr2", reader: "zarrs", format: .version3, areSharded: true, codecs: compressed,
      except: unreadByZarrs, leastCount: 70),
    Case(
      writer: "zarr2", reader: "zarr", format: .version3, areSharded: true, codecs: compressed,
      except: unread + ["type-nV"], leastCount: 70),
    Case(
      writer: "zarr", reader: "zarr", areSharded: true, codecs: compressed, only: ["v3-"],
      except: unread + ["type-nV"], leastCount: 30),
    Case(
      writer: "zarr", reader: "zarrs", areSharded: true, codecs: compressed, only: ["v3-"],
      except: unreadByZarrs, leastCount: 28),
    // zarrs does not read elements that may be absent from shards.
    Case(
      writer: "zarrs", reader: "zarrs", areSharded: true, codecs: compressed, except: ["optional"],
      leastCount: 60),
    Case(
      writer: "zarrs", reader: "zarr", areSharded: true, codecs: compressed,
      except: [
        "bfloat16", "complex_", "r8", "r24", "int2", "int4", "float4", "float6", "float8", "optional",
      ],
      leastCount: 30),
    Case(
      writer: "zarrs", reader: "zarr", only: ["bytes"], dataTypeNames: ["bytes": "variable_length_bytes"],
      leastCount: 1),
    Case(
      writer: "zarr", reader: "zarrs", only: ["v3-bytes"], dataTypeNames: ["bytes": "binary"], leastCount: 1),
    Case(
      writer: "zarr2", reader: "zarrs", format: .version3, only: ["type-nV"], dataTypeNames: ["nV3": "r24"],
      leastCount: 1),
    Case(
      writer: "zarrs", reader: "zarr", only: ["r24"], dataTypeNames: ["r24": "raw_bytes"], leastCount: 1),
    Case(
      writer: "zarr2", reader: "zarr", format: .version3, only: ["struct-flat", "struct-nested"],
      dataTypeNames: ["struct": "structured"], leastCount: 3),
  ]

  @Test("Copies are read, and have the same elements", arguments: ["zarr2", "zarr", "zarrs"])
  func copying(writer: String) throws {
    let directory = try StoreDirectory()
    let originals = try TypedArray.written(by: writer, in: directory.path("originals"))
    for (number, test) in Self.cases.enumerated() where test.writer == writer {
      try expectCopied(originals, test, to: directory.path("copies/\(number)"))
    }
  }

  private func expectCopied(_ arrays: [TypedArray], _ test: Case, to directory: String) throws {
    var originals: [TypedArray] = []
    var copies: [String] = []
    for array in arrays {
      let name = array.testDescription
      guard test.only?.contains(where: name.contains) ?? true, !test.except.contains(where: name.contains),
        case .array(let original) = try ZarrNode.open(in: FileStore(opening: array.path)),
        original.metadata.zarrFormat != test.format
      else { continue }
      let newName = test.dataTypeNames.first { name.contains($0.key) }?.value
      let options = CopyOptions(
        zarrFormat: test.format, chunkSize: test.areSharded ? .bytes(64) : nil,
        shards: test.areSharded ? .size(.bytes(256)) : .kept, compressors: test.codecs,
        // Few libraries know the data type for JSON, and all have text.
        dataType: original.dataType == .json ? .string : nil, dataTypeName: newName, validates: true)
      let store = try FileStore(creating: "\(directory)/\(name)")
      try ZarrNode.array(original).copy(to: store, options: options)
      let metadata = try ZarrArray.open(in: store).metadata
      if let newName { #expect(metadata.dataTypeName == newName) }
      if test.areSharded { #expect(metadata.codecs.map(\.name) == [ShardingCodec.name]) }
      originals.append(array)
      copies.append("\(directory)/\(name)")
    }
    #expect(originals.count >= test.leastCount, "\(test.description)")
    for (expected, found) in zip(originals, try TypedArray.read(copies, by: test.reader)) {
      try expected.expectElements(
        found.elements, of: try ZarrArray.open(in: FileStore(opening: expected.path)).dataType)
    }
  }
}
