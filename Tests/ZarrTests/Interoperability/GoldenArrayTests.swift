import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Arrays that other libraries wrote")
struct GoldenArrayTests {
  static let arrays: [SharedArray] = {
    let directory = PythonEnvironment.path("Tests/Fixtures")
    guard let bytes = FileManager.default.contents(atPath: "\(directory)/manifest.json"),
      let manifest = try? JSONParser().parse([UInt8](bytes)).objectValue,
      let fixtures = manifest["fixtures"]?.arrayValue
    else { return [] }
    return fixtures.compactMap(\.objectValue).filter { $0["kind"] == "array" }.compactMap {
      try? SharedArray($0, directory: directory)
    }
  }()

  @Test("The manifest names arrays of both libraries, and some with every codec")
  func manifest() throws {
    #expect(Self.arrays.count > 30)
    let codecs = Set(try Self.arrays.flatMap { try $0.codecs.compactMap { $0["name"]?.stringValue } })
    #expect(
      codecs.isSuperset(of: [
        "vlen-bytes", "vlen-utf8", "zstd", "gzip", "blosc", "crc32c", "numcodecs.lz4", "numcodecs.zlib",
        "sharding_indexed", "transpose",
      ]))
  }

  @Test("An array opens and has its elements", arguments: arrays)
  func array(_ array: SharedArray) throws {
    try array.expectReadable()
  }
}
