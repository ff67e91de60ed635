import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// Elements that may be absent, which only zarrs has as well.
@Suite("Optional elements of zarrs")
struct OptionalInteroperabilityTests {
  /// An array that zarrs wrote, as `optional_arrays.py` describes it.
  private struct Written: Decodable {
    let name: String
    let shape: [Int]
    let isExact: Bool
    let isReadable: Bool

    private enum CodingKeys: String, CodingKey {
      case name, shape
      case isExact = "is_exact"
      case isReadable = "is_readable"
    }
  }

  /// The elements of an array in memory: each after a byte that says whether it is there.
  private func elements(_ path: String, byteCount: Int?) throws -> [[UInt8]] {
    let lines = try Data(contentsOf: URL(filePath: path)).split(separator: UInt8(ascii: "\n"))
    return try lines.map { line in
      let text = try JSONDecoder().decode([String?].self, from: Data("[".utf8) + line + Data("]".utf8))[0]
      guard let text else { return [UInt8](repeating: 0, count: byteCount ?? 1) }
      return [1] + [UInt8](try #require(Data(base64Encoded: text)))
    }
  }

  @Test("What zarrs writes is read, written again as the same bytes, and read by zarrs")
  func bothWays() throws {
    let directory = try StoreDirectory()
    let said = try PythonEnvironment.run("optional_arrays.py", ["write", directory.path])
    let arrays = try said.split(separator: "\n").map {
      try JSONDecoder().decode(Written.self, from: Data($0.utf8))
    }
    #expect(arrays.count > 10)
    let ours = try StoreDirectory()
    for array in arrays {
      let theirs = try ZarrArray.open(in: FileStore(opening: directory.path("\(array.name).zarr")))
      let expected = try elements(
        directory.path("\(array.name).jsonl"), byteCount: theirs.dataType.layout.fixedByteCount)
      let found = try theirs.read().arrays()
      #expect(found == expected, "\(array.name)")

      let store = try FileStore(creating: ours.path("\(array.name).zarr"))
      try store.put(storedValue(at: "zarr.json", in: theirs.store), at: "zarr.json")
      let copy = try ZarrArray.open(in: store)
      try copy.write(blobs: expected)
      #expect(try copy.read().arrays() == expected, "\(array.name)")
      for key in try theirs.store.list("").map(\.description) where array.isExact && key != "zarr.json" {
        #expect(
          try storedValue(at: key, in: store) == storedValue(at: key, in: theirs.store),
          "\(array.name), \(key)")
      }
      try FileManager.default.copyItem(
        atPath: directory.path("\(array.name).jsonl"), toPath: ours.path("\(array.name).jsonl"))
    }
    let readable = arrays.filter(\.isReadable).map(\.name)
    let read = try PythonEnvironment.run("optional_arrays.py", ["read", ours.path] + readable)
    #expect(read.split(separator: "\n").count == readable.count)
  }
}
