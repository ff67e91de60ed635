import ChunkEngine
import TestSupport
import Testing
import Zarr

extension SharedArray {
  /// The codecs that turn elements into bytes, with others before and after them.
  private static let serializers: Set<String> = [
    "bytes", "vlen-bytes", "vlen-utf8", "packbits", "sharding_indexed", "zarrs.vlen", "zarrs.vlen_v2",
  ]

  /// The position of the codec that turns elements into bytes.
  private var serializerPosition: Int {
    get throws {
      try #require(try codecs.firstIndex { Self.serializers.contains($0["name"]?.stringValue ?? "") })
    }
  }

  /// The codecs in front of that one, and that one itself.
  private var elementCodecs: [MetadataExtension] {
    get throws {
      try codecs[...serializerPosition].map { try MetadataExtension(.object($0), field: "codecs") }
    }
  }

  /// The codecs after it, built from their settings.
  private var stages: [CodecChain.Stage] {
    get throws { try codecs[(serializerPosition + 1)...].map(stage) }
  }

  private func stage(_ codec: JSONObject) throws -> CodecChain.Stage {
    let settings = codec["configuration"]?.objectValue ?? [:]
    let name = try #require(codec["name"]?.stringValue)
    let level = settings["level"]?.integerValue
    switch name {
    case "zstd": return .zstd(level: level ?? 0, hasChecksum: settings["checksum"] == true)
    case "gzip": return .gzip(level: level ?? 5)
    case "numcodecs.zlib": return .zlib(level: level ?? 1)
    case "numcodecs.lz4": return .lz4(acceleration: settings["acceleration"]?.integerValue ?? 1)
    case "crc32c": return .crc32c
    case "blosc":
      return .transform(
        BloscCodec(
          compressor: try #require(BloscCodec.Compressor(rawValue: settings["cname"]?.stringValue ?? "")),
          level: try #require(settings["clevel"]?.integerValue),
          shuffle: try #require(BloscCodec.Shuffle(rawValue: settings["shuffle"]?.stringValue ?? "")),
          itemByteCount: try #require(settings["typesize"]?.integerValue),
          blockByteCount: try #require(settings["blocksize"]?.integerValue)))
    default: return try numcodecsStage(name, settings)
    }
  }

  /// A codec of numcodecs.
  private func numcodecsStage(_ name: String, _ settings: JSONObject) throws -> CodecChain.Stage {
    let location = settings["location"]?.stringValue.flatMap(StoredLocation.init(rawValue:))
    switch name {
    case "numcodecs.bz2": return .transform(BZ2Codec(level: settings["level"]?.integerValue ?? 1))
    case "numcodecs.shuffle":
      return .transform(ShuffleCodec(itemByteCount: try #require(settings["elementsize"]?.integerValue)))
    case "numcodecs.crc32": return .checksum(CRC32Codec(location: location ?? .start))
    case "numcodecs.adler32": return .checksum(Adler32Codec(location: location ?? .start))
    case "numcodecs.crc32c": return .checksum(NumcodecsCRC32CCodec(location: location ?? .end))
    case "numcodecs.fletcher32": return .checksum(Fletcher32Codec())
    case "numcodecs.jenkins_lookup3":
      return .checksum(JenkinsLookup3Codec(initialValue: UInt32(settings["initval"]?.integerValue ?? 0)))
    default: return try #require(nil, "\(self.name) has a codec that is not known here: \(name)")
    }
  }

  /// The codecs that are written only under a name, or with settings, that a document already has.
  private var hasForeignCodecs: Bool {
    get throws {
      let names: Set = ["numcodecs.zstd", "numcodecs.gzip", "numcodecs.blosc", "numcodecs.lzma"]
      return try codecs.contains { names.contains($0["name"]?.stringValue ?? "") }
    }
  }

  /// Creates the array, from options or with the codecs as the description has them.
  private func create() throws -> ZarrArray {
    let store = try FileStore(creating: try path)
    let isForeign = try hasForeignCodecs
    let array = try ZarrArray.create(
      in: store, shape: try shape,
      options: ArrayOptions(
        dataType: try dataType, chunkSize: .shape(try chunkShape), compressors: isForeign ? [] : try stages,
        filters: try elementCodecs.dropLast(), serializer: try elementCodecs.last, fillValue: try fillValue,
        chunkKeyEncoding: try chunkKeyEncoding, attributes: try attributes,
        dimensionNames: try dimensionNames))
    guard isForeign else { return array }
    var document = try storedDocument(in: store)
    document["codecs"] = .array(try codecs.map(JSONValue.object))
    try store.put(JSONWriter().bytes(of: .object(document)), at: "zarr.json")
    return try ZarrArray.open(in: store)
  }

  /// Writes the array as other libraries are told to write it.
  func write() throws {
    let array = try create()
    var model = ArrayModel(shape: try shape, fillValue: try fillValue)
    model.write(try elements, to: ArrayRegion(allOf: try shape))
    for region in try writes {
      try array.write(blobs: model.read(region), to: region)
    }
    let stored = try array.store.list("").map(\.description).filter { $0 != "zarr.json" }.sorted()
    #expect(stored == (try storedChunkKeys), "\(name)")
  }
}
