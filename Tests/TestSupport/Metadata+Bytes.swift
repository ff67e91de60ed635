public import Zarr

extension ArrayMetadata {
  /// Reads a document of Zarr v3.
  public init(decoding bytes: [UInt8]) throws(MetadataError) { try self.init(document(bytes)) }

  /// The bytes of the document.
  public func encoded() -> [UInt8] { JSONWriter().bytes(of: .object(json)) }
}

extension GroupMetadata {
  /// Reads a document of Zarr v3.
  public init(decoding bytes: [UInt8]) throws(MetadataError) { try self.init(document(bytes)) }

  /// The bytes of the document.
  public func encoded() -> [UInt8] { JSONWriter().bytes(of: .object(json)) }
}

extension NodeMetadata {
  /// Reads a document of Zarr v3.
  public init(decoding bytes: [UInt8]) throws(MetadataError) { try self.init(document(bytes)) }

  /// The bytes of the document.
  public func encoded() -> [UInt8] {
    switch self {
    case .array(let metadata): return metadata.encoded()
    case .group(let metadata): return metadata.encoded()
    @unknown default: return []
    }
  }
}

private func document(_ bytes: [UInt8]) throws(MetadataError) -> JSONObject {
  do throws(JSONError) {
    if let document = try JSONParser().parse(bytes).objectValue { return document }
  } catch {
    throw MetadataError(code: .malformedText, field: "", message: error.description)
  }
  throw MetadataError(code: .unexpectedValue, field: "", message: "expected an object")
}
