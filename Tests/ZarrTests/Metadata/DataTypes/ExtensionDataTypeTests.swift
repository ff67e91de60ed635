import ChunkEngine
import Testing
import Zarr

/// A data type that a package could add: a colour with so many channels, written as hexadecimal digits.
private struct Colour: ExtensionDataType {
  let channelCount: Int

  var name: String { "example.colour" }
  var configuration: JSONObject { ["channels": .integer(channelCount)] }
  var layout: ElementLayout { .fixed(byteCount: channelCount) }

  func fillValue(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    guard let text = value.stringValue, text.utf8.first == UInt8(ascii: "#"),
      let number = UInt64(text.dropFirst(), radix: 16)
    else { throw MetadataError(code: .unexpectedValue, field: "fill_value", message: "no colour") }
    return (0..<text.utf8.count / 2).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
  }

  func json(ofFillValue bytes: [UInt8]) throws(MetadataError) -> JSONValue {
    let digits = bytes.reversed().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return .string("#" + digits.joined())
  }
}

@Suite("Data types that other packages add")
struct ExtensionDataTypeTests {
  init() {
    DataTypeRegistry.register("example.colour") { settings throws(MetadataError) in
      try settings.checkOnly("channels")
      return Colour(channelCount: try settings.integer("channels", in: 1...8, default: 3))
    }
  }

  @Test("A type that was added is known by its name, with its settings")
  func metadata() throws {
    let type = try dataType(#"{"name":"example.colour","configuration":{"channels":4}}"#)
    #expect(type == .extension(AnyExtensionDataType(Colour(channelCount: 4))))
    #expect(type != .extension(AnyExtensionDataType(Colour(channelCount: 3))))
    #expect(type.layout == .fixed(byteCount: 4))
    #expect(type.scalarByteCounts == [1, 1, 1, 1])
    #expect(type.defaultCodec == MetadataExtension(name: "bytes"))
    #expect(try DataType(type.metadata) == type)
    #expect(throws: MetadataError.self) {
      try dataType(#"{"name":"example.colour","configuration":{"channels":9}}"#)
    }
    #expect(throws: MetadataError.self) {
      try dataType(#"{"name":"example.colour","configuration":{"x":9}}"#)
    }
  }

  @Test("Its values are read and written by itself, also inside of other types")
  func values() throws {
    let colour = DataType.extension(AnyExtensionDataType(Colour(channelCount: 3)))
    #expect(try colour.fillValue(from: "#0102ff") == [255, 2, 1])
    #expect(try colour.json(ofFillValue: [255, 2, 1]) == "#0102ff")
    let bytes: [UInt8] = [255, 2, 1]
    #expect(try colour.json(ofElement: bytes.span.bytes) == "#0102ff")
    let structure = DataType.structure([StructureField("c", .optional(colour))])
    #expect(try structure.fillValue(from: ["c": ["#0102ff"]]) == [1, 255, 2, 1])
    #expect(try structure.json(ofFillValue: [1, 255, 2, 1]) == ["c": ["#0102ff"]])
  }

  @Test("A value of another size than the layout says is refused")
  func wrongSize() {
    let colour = DataType.extension(AnyExtensionDataType(Colour(channelCount: 3)))
    #expect(throws: MetadataError.self) { try colour.fillValue(from: "#01020304") }
  }

  @Test("A type of the library cannot be replaced")
  func builtIn() throws {
    DataTypeRegistry.register("string") { _ in Colour(channelCount: 1) }
    #expect(try DataType(name: "string") == .string)
  }
}
