import TestSupport
import Testing
import Zarr

/// The document of a node as it is stored, parsed.
func storedDocument(at key: String = "zarr.json", in store: any Store) throws -> JSONObject {
  let bytes = try #require(try store.value(of: key))
  return try #require(try JSONParser().parse(bytes).objectValue)
}

/// A value that must be stored.
func storedValue(at key: String, in store: any Store) throws -> [UInt8] {
  try #require(try store.value(of: key))
}
