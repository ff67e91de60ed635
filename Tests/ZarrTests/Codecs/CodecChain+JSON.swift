import ChunkEngine
import Testing

@testable import Zarr

extension CodecChain {
  /// Builds the chain of a list of codecs as documents hold it.
  init(
    _ codecs: [JSONValue], for dataType: DataType, chunkShape: [Int]?, fillValue: [UInt8]? = nil
  ) throws {
    let codecs = try codecs.map { try MetadataExtension($0, field: "codecs") }
    let fillValue = fillValue ?? dataType.defaultFillValue
    try self.init(
      codecs, CodecContext(dataType: dataType, fillValue: fillValue, chunkShape: chunkShape))
  }
}

/// Expects codecs not to make a chain, and the error to name a field.
func expectRefused(
  _ codecs: [JSONValue], for dataType: DataType, chunkShape: [Int]?, field: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = #expect(throws: MetadataError.self, sourceLocation: sourceLocation) {
    try CodecChain(codecs, for: dataType, chunkShape: chunkShape)
  }
  #expect(error?.field == field, sourceLocation: sourceLocation)
}
