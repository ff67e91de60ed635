import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

/// Compares filters with those of the installed numcodecs.
@Suite("Filters of numcodecs")
struct NumcodecsFilterTests {
  private static let digits: [UInt8: UInt8] = Dictionary(
    uniqueKeysWithValues: zip("0123456789abcdef".utf8, 0...15))

  private func bytes(_ value: JSONValue?) throws -> [UInt8] {
    let text = Array(try #require(value?.stringValue).utf8)
    return try stride(from: 0, to: text.count, by: 2).map {
      try #require(Self.digits[text[$0]]) << 4 | #require(Self.digits[text[$0 + 1]])
    }
  }

  /// The bytes of numbers, with one form for all NaNs.
  private func normalized(_ bytes: [UInt8], _ type: NumberType) -> [UInt8] {
    switch type {
    case .float16: packedBytes(unpacked(bytes, as: Float16.self).map { $0.isNaN ? .nan : $0 })
    case .float32: packedBytes(unpacked(bytes, as: Float.self).map { $0.isNaN ? .nan : $0 })
    case .float64: packedBytes(unpacked(bytes, as: Double.self).map { $0.isNaN ? .nan : $0 })
    default: bytes
    }
  }

  private func type(after codec: JSONObject, of type: NumberType) -> NumberType {
    let settings = codec["configuration"]?.objectValue
    let name = settings?["astype"] ?? settings?["encode_dtype"]
    return name?.stringValue.flatMap(NumberType.init(numpy:)) ?? type
  }

  @Test("Each filter makes of numbers what numcodecs makes of them, bit by bit")
  func filters() throws {
    let lines = try PythonEnvironment.run("encode_filters.py", []).split(separator: "\n")
    #expect(lines.count > 500)
    for line in lines {
      let row = try #require(try JSONParser().parse(Array(line.utf8)).objectValue)
      let codec = try #require(row["codec"]?.objectValue)
      let type = try #require(row["data_type"]?.stringValue.flatMap(NumberType.init(numpy:)))
      let encodedType = self.type(after: codec, of: type)
      let values = try bytes(row["values"])
      let shape = [values.count / type.byteCount]
      let serializer: JSONValue = ["name": "bytes", "configuration": ["endian": "little"]]
      let chain = try CodecChain([.object(codec), serializer], for: .number(type), chunkShape: shape)
      let comment = "\(JSONValue.object(codec)) of \(type)"
      let stored = try bytes(row["encoded"])
      let encoded = try chain.encoded(values, shape: shape)
      let decoded = try chain.decoded(stored, shape: shape)
      expectEqual(encoded, stored, encodedType, "\(comment), encoded")
      expectEqual(decoded, try bytes(row["decoded"]), type, "\(comment), decoded")
    }
  }

  /// Compares numbers without putting all of them into a message.
  private func expectEqual(_ found: [UInt8], _ expected: [UInt8], _ type: NumberType, _ comment: String) {
    let (found, expected) = (normalized(found, type), normalized(expected, type))
    #expect(found.count == expected.count, "\(comment)")
    let different = zip(found, expected).enumerated().first { $1.0 != $1.1 }
    guard let different else { return }
    let range = different.offset / type.byteCount * type.byteCount..<found.count
    Issue.record(
      """
      \(comment): number \(different.offset / type.byteCount) is \(found[range].prefix(type.byteCount)) and should \
      be \(expected[range].prefix(type.byteCount))
      """)
  }
}
