import TestSupport
import Testing
import Zarr

@Suite("Damaged metadata")
struct MetadataMutationTests {
  /// Reads a document, which may fail but not trap, and writes it again if it is valid.
  private func read(_ bytes: [UInt8]) throws {
    guard let node = try? NodeMetadata(decoding: bytes) else { return }
    #expect(try NodeMetadata(decoding: node.encoded()) == node)
  }

  @Test("A document with a changed byte is valid or an error", arguments: 0..<10, [false, true])
  func changedByte(seed: Int, isCompact: Bool) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for document in [SampleDocument.array, SampleDocument.group] {
      var bytes = Array(document.utf8)
      if isCompact {
        bytes = JSONWriter(style: .compact).bytes(of: try JSONParser().parse(bytes))
      }
      for _ in 0..<250 {
        var damaged = bytes
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        // Bytes that mean something to JSON do more harm than others.
        let meaningful = Array("{}[]\",:\\-.eE019NItfnu \n".utf8).randomElement(using: &generator) ?? 0
        damaged[index] =
          Bool.random(using: &generator) ? meaningful : UInt8(truncatingIfNeeded: generator.next())
        try read(damaged)
      }
    }
  }

  @Test("A document that is cut off is an error", arguments: [SampleDocument.array, SampleDocument.group])
  func cutOff(document: String) {
    let bytes = Array(document.utf8)
    for count in 0..<bytes.count {
      #expect(throws: MetadataError.self) { try NodeMetadata(decoding: Array(bytes[..<count])) }
    }
  }
}
