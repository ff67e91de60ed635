public import CZarrVlen
import ChunkEngine
import Zarr

@c @implementation
public func zarr_vlen_register_data_type(
  _ name: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<zarr_vlen_error>?
) -> Bool {
  unsafe reporting(to: error) {
    guard let name = unsafe name.map({ unsafe String(cString: $0) }), !name.isEmpty else {
      throw InvalidArgument(reason: "a data type has a name")
    }
    DataTypeRegistry.register(name) { settings in
      OpaqueDataType(name: name, configuration: settings.configuration)
    }
    return true
  } ?? false
}

/// A data type of the caller: its elements are bytes, and only the caller knows what they mean.
private struct OpaqueDataType: ExtensionDataType {
  let name: String
  let configuration: JSONObject

  var layout: ElementLayout { .variable }

  func fillValue(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    value == .null ? [] : try DataType.bytes.fillValue(from: value)
  }

  func json(ofFillValue bytes: [UInt8]) throws(MetadataError) -> JSONValue {
    bytes.isEmpty ? .null : try DataType.bytes.json(ofFillValue: bytes)
  }
}
