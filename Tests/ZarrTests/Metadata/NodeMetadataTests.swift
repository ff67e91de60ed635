import TestSupport
import Testing
import Zarr

@Suite("Group and node metadata")
struct NodeMetadataTests {
  private func decode(_ text: String) throws -> NodeMetadata {
    try NodeMetadata(decoding: Array(text.utf8))
  }

  @Test("A group is read, and rewritten byte for byte")
  func group() throws {
    let group = try GroupMetadata(decoding: Array(SampleDocument.group.utf8))
    #expect(group.attributes.count == 1)
    #expect(group.consolidatedMetadata?.objectValue?["kind"] == "inline")
    #expect(group.additionalFields == ["later": ["must_understand": false]])
    #expect(String(decoding: group.encoded(), as: UTF8.self) == SampleDocument.group)
  }

  @Test("A new group is written with what readers require")
  func newGroup() throws {
    let group = GroupMetadata(attributes: ["a": 1])
    #expect(
      try JSONParser().parse(group.encoded()) == [
        "attributes": ["a": 1], "zarr_format": 3, "node_type": "group",
      ])
    #expect(try GroupMetadata(decoding: group.encoded()) == group)
  }

  @Test(
    "A group need not have more than its kind",
    arguments: ["", #","attributes":{}"#, #","attributes":null"#, #","consolidated_metadata":null"#])
  func smallGroup(fields: String) throws {
    let node = try decode(#"{"zarr_format":3,"node_type":"group"\#(fields)}"#)
    guard case .group(let group) = node else {
      Issue.record("\(node) is no group")
      return
    }
    #expect(group.attributes.isEmpty)
  }

  @Test("A node is what its document says")
  func nodes() throws {
    let array = try decode(SampleDocument.array)
    let group = try decode(SampleDocument.group)
    #expect(array == .array(try ArrayMetadata(decoding: Array(SampleDocument.array.utf8))))
    #expect(group == .group(try GroupMetadata(decoding: Array(SampleDocument.group.utf8))))
    #expect(String(decoding: array.encoded(), as: UTF8.self) == SampleDocument.array)
    #expect(String(decoding: group.encoded(), as: UTF8.self) == SampleDocument.group)
  }

  @Test(
    "A broken document is an error that names the field",
    arguments: [
      (#"{"zarr_format":3}"#, "node_type"), (#"{"zarr_format":3,"node_type":"table"}"#, "node_type"),
      (#"{"zarr_format":3,"node_type":null}"#, "node_type"), (#"{"node_type":"group"}"#, "zarr_format"),
      (#"{"zarr_format":2,"node_type":"group"}"#, "zarr_format"),
      (#"{"zarr_format":3.0,"node_type":"group"}"#, "zarr_format"),
      (#"{"zarr_format":3,"node_type":"group","attributes":[]}"#, "attributes"),
      (#"{"zarr_format":3,"node_type":"group","consolidated_metadata":1}"#, "consolidated_metadata"),
      (#"{"zarr_format":3,"node_type":"group","shape":[1]}"#, "shape"),
      (#"{"zarr_format":3,"node_type":"group","extra":{"must_understand":true}}"#, "extra"),
      (#"{"zarr_format":3,"node_type":"array"}"#, "shape"), ("[]", ""), ("", ""),
    ])
  func broken(text: String, field: String) {
    let error = #expect(throws: MetadataError.self) { try decode(text) }
    #expect(error?.field == field)
  }

  @Test("A group is not read as an array, nor an array as a group")
  func mixedUp() {
    #expect(throws: MetadataError.self) { try ArrayMetadata(decoding: Array(SampleDocument.group.utf8)) }
    #expect(throws: MetadataError.self) { try GroupMetadata(decoding: Array(SampleDocument.array.utf8)) }
  }
}
