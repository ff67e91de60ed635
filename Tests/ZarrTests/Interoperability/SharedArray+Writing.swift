import ChunkEngine
import TestSupport
import Testing
import Zarr

extension SharedArray {
  /// The codecs behind the one that lays out elements, built from their settings one by one.
  private var stages: [CodecChain.Stage] {
    get throws { try codecs.dropFirst().map(stage) }
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
    default: return try #require(nil, "\(self.name) has a codec that is not known here: \(name)")
    }
  }

  /// Writes the array as other libraries are told to write it.
  func write() throws {
    let array = try ZarrArray.create(
      in: try FileStore(creating: try path), shape: try shape,
      options: ArrayOptions(
        dataType: try dataType, chunkSize: .shape(try chunkShape), codecs: try stages,
        fillValue: try fillValue, chunkKeyEncoding: try chunkKeyEncoding, attributes: try attributes,
        dimensionNames: try dimensionNames))
    var model = ArrayModel(shape: try shape, fillValue: try fillValue)
    model.write(try elements, to: ArrayRegion(allOf: try shape))
    for region in try writes {
      try array.write(model.read(region), to: region)
    }
    let stored = try array.store.list("").map(\.description).filter { $0 != "zarr.json" }.sorted()
    #expect(stored == (try storedChunkKeys), "\(name)")
  }
}
