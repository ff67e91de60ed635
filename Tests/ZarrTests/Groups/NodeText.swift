import TestSupport
import Zarr

extension Store {
  /// Writes a document as it is.
  func putDocument(_ text: String, at key: String) throws {
    try put(Array(text.utf8), at: key)
  }
}

/// Documents of nodes as other libraries write them.
enum NodeText {
  /// The names of all documents.
  static let names = ["zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"]

  /// A group of Zarr v3.
  static let group = #"{"zarr_format":3,"node_type":"group","attributes":{}}"#

  /// An array of Zarr v3 without elements.
  static let array = #"""
    {"zarr_format":3,"node_type":"array","shape":[0],"data_type":"string","fill_value":"",
     "chunk_grid":{"name":"regular","configuration":{"chunk_shape":[2]}},
     "chunk_key_encoding":{"name":"default"},"codecs":[{"name":"vlen-utf8"}]}
    """#

  /// An array of an unknown data type.
  static let unknownArray = array.replacing(#""string""#, with: #""quaternion""#)

  /// A number that JSON does not have, and zarr-python writes.
  static var nan: JSONValue { (try? JSONParser().parse(Array("NaN".utf8))) ?? .null }
}
