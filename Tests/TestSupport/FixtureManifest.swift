public import Foundation

/// The content of `Tests/Fixtures/manifest.json`.
public struct FixtureManifest: Decodable {
  /// Bytes that another library wrote, and their meaning.
  ///
  /// The fields depend on the kind.
  public struct Fixture: Decodable, Sendable {
    /// A unique name.
    public let name: String
    /// `"wire"`, `"chunk"` or `"array"`.
    public let kind: String
    /// The file or folder, relative to the folder of the fixtures.
    public let path: String
    /// The file with the elements.
    public let elements: String?
    /// The file with the decoded bytes.
    public let decoded: String?
    /// `"bytes"` or `"string"`.
    public let dataType: String?
    /// The number of elements.
    public let count: Int?
    /// The codecs in encoding order.
    public let codecs: [Codec]?

    private enum CodingKeys: String, CodingKey {
      case name, kind, path, elements, decoded, count, codecs
      case dataType = "data_type"
    }
  }

  /// A codec in the form of metadata.
  public struct Codec: Decodable, Sendable {
    /// The name in metadata.
    public let name: String
    /// The settings of this codec.
    public let configuration: Configuration?
  }

  /// The settings of all codecs together.
  public struct Configuration: Decodable, Sendable {
    /// The level of zstd, gzip and zlib.
    public let level: Int?
    /// Whether a zstd frame has a checksum.
    public let checksum: Bool?
    /// The acceleration of LZ4.
    public let acceleration: Int?
    /// The compressor of Blosc.
    public let cname: String?
    /// The level of Blosc.
    public let clevel: Int?
    /// The shuffle of Blosc.
    public let shuffle: String?
    /// The bytes of an item of Blosc.
    public let typesize: Int?
    /// The bytes of a block of Blosc.
    public let blocksize: Int?
    /// The place of a checksum.
    public let location: String?
    /// The initial value of a hash.
    public let initval: UInt32?
    /// The bytes of an item that is shuffled.
    public let elementsize: Int?
    /// The form of LZMA.
    public let format: Int?
    /// The checksum of LZMA.
    public let check: Int?
    /// The preset of LZMA.
    public let preset: Int?
    /// The filters of LZMA, each by the names of its settings.
    public let filters: [[String: Int]]?
  }

  /// All fixtures.
  public let fixtures: [Fixture]

  /// The folder of the fixtures.
  public static var folder: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
      path: "Fixtures")
  }

  /// Returns the fixtures of a kind.
  ///
  /// - Throws: Errors of reading and parsing the manifest.
  public static func fixtures(ofKind kind: String) throws -> [Fixture] {
    let data = try Data(contentsOf: folder.appending(path: "manifest.json"))
    return try JSONDecoder().decode(Self.self, from: data).fixtures.filter { $0.kind == kind }
  }

  /// Returns the bytes of the file at `path`, relative to the folder of the fixtures.
  public static func bytes(of path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: path)))
  }

  /// Returns the elements in the JSON Lines at `path`, relative to the folder of the fixtures.
  ///
  /// A `dataType` of `"bytes"` has elements in base64. Those of `"string"` are returned as their UTF-8.
  public static func elements(of path: String, dataType: String) throws -> [[UInt8]] {
    try Data(contentsOf: folder.appending(path: path)).split(separator: UInt8(ascii: "\n")).map { line in
      let text = try JSONDecoder().decode([String].self, from: Data("[".utf8) + line + Data("]".utf8))[0]
      return dataType == "bytes"
        ? Array(Data(base64Encoded: text) ?? Data("not base64".utf8)) : Array(text.utf8)
    }
  }
}

extension FixtureManifest.Fixture: CustomStringConvertible {
  public var description: String { name }
}
