import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

/// What holds for every JSON value, with values made by chance.
@Suite("JSON values by chance")
struct JSONPropertyTests {
  private static let seeds: [UInt64] = [1, 2, 3, 4]

  private func values(_ seed: UInt64, count: Int = 300) -> [JSONValue] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in generator.jsonValue() }
  }

  private func spelled(_ bytes: [UInt8], as spelling: JSONSpelling) throws -> [UInt8] {
    var scanner = JSONScanner(bytes.span, maximumDepth: 64)
    var text: [UInt8] = []
    try scanner.spell(as: spelling, depth: 0, level: 0, to: &text)
    return text
  }

  @Test("A value that is written is read again, however it is laid out", arguments: seeds)
  func writing(seed: UInt64) throws {
    for value in values(seed) {
      for style in [JSONSpelling.compact, .pretty] {
        #expect(try JSONParser().parse(JSONWriter(style: style).bytes(of: value)) == value)
      }
    }
  }

  @Test("Text that is spelled anew stands for the same value", arguments: seeds)
  func spelling(seed: UInt64) throws {
    let spellings = [
      JSONSpelling(escapesNonASCII: true, sortsKeys: true, mergesRepeatedKeys: true),
      JSONSpelling(mergesRepeatedKeys: true, itemSeparator: Array(" , ".utf8), indentation: Array("\t".utf8)),
      JSONSpelling(escapesNonASCII: true, keySeparator: Array(" : ".utf8), indentation: []),
    ]
    for value in values(seed) {
      let compact = JSONWriter(style: .compact).bytes(of: value)
      #expect(try spelled(JSONWriter(style: .pretty).bytes(of: value), as: .compact) == compact)
      for spelling in spellings {
        let text = try spelled(compact, as: spelling)
        #expect(try JSONParser().parse(text) == value)
        #expect(try spelled(text, as: spelling) == text, "spelling text twice changes it")
        if spelling.escapesNonASCII { #expect(text.allSatisfy { $0 < 0x7F }) }
      }
      let sorted = try spelled(compact, as: spellings[0])
      let resorted = try spelled(try spelled(sorted, as: .compact), as: spellings[0])
      #expect(resorted == sorted)
    }
  }

  @Test("The fast check accepts the text that the parser accepts, and no other", arguments: seeds)
  func fastCheck(seed: UInt64) throws {
    let parser = JSONParser(maximumDepth: 63)
    // Without the instructions for it, all texts are left to the parser.
    let isThere = parser.surelyAccepts(Array("0".utf8).rawSpan)
    func compare(_ text: [UInt8]) {
      var scratch: [UInt8] = []
      let isAccepted =
        (try? parser.append(
          text.rawSpan, as: JSONSpelling(allowsNaN: false), allowsByteOrderMark: false, to: &scratch)) != nil
      #expect(
        parser.surelyAccepts(text.rawSpan) == (isThere && isAccepted),
        "\(String(decoding: text, as: UTF8.self))")
    }
    var generator = SeededGenerator(seed: seed)
    let marks = Array("{}[],:\"\\ \n\u{0}\u{C}\u{1F}dtfnu019-+.eE\u{7F}".utf8) + [0x80, 0xC3, 0xFF]
    for value in values(seed) {
      for style in [JSONSpelling.compact, .pretty, JSONSpelling(escapesNonASCII: true)] {
        let text = JSONWriter(style: style).bytes(of: value)
        compare(text)
        for _ in 0..<20 {
          var damaged = text
          let place = Int.random(in: 0..<max(1, damaged.count), using: &generator)
          if let mark = marks.randomElement(using: &generator), place < damaged.count {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: damaged[place] = mark
            case 1: damaged.insert(mark, at: place)
            default: damaged.remove(at: place)
            }
          }
          compare(damaged)
        }
      }
    }
    for depth in [1, 62, 63, 64, 65] {
      let (opening, closing) = (String(repeating: "[", count: depth), String(repeating: "]", count: depth))
      compare(Array((opening + closing).utf8))
    }
  }

  @Test("Every short text is accepted by the fast check as by the parser")
  func fastCheckOfShortTexts() {
    let parser = JSONParser(maximumDepth: 63)
    let isThere = parser.surelyAccepts(Array("0".utf8).rawSpan)
    let marks = Array("[]{},:\"10-.e ".utf8)
    var texts: [[UInt8]] = [[]]
    var scratch: [UInt8] = []
    for _ in 0..<4 {
      texts = texts.flatMap { text in marks.map { text + [$0] } }
      for text in texts {
        scratch.removeAll()
        let isAccepted = (try? parser.appendCompact(text.rawSpan, to: &scratch)) != nil
        if parser.surelyAccepts(text.rawSpan) != (isThere && isAccepted) {
          Issue.record("\(String(decoding: text, as: UTF8.self)): the parser accepts it: \(isAccepted)")
        }
      }
    }
  }

  @Test("Every codec of objects gives back what it was given", arguments: seeds)
  func codecs(seed: UInt64) throws {
    // Numbers that MessagePack has not are not among these.
    let values = values(seed, count: 60)
    let elements = values.map { JSONWriter(style: .compact).bytes(of: $0) }
    let codec = JSON2Codec(sortsKeys: false)
    for shape in [[60], [3, 20], [2, 1, 30]] {
      #expect(try codec.decode(codec.encode(elements, shape: shape), shape: shape) == elements)
    }
    let sorted = try JSON2Codec().decode(JSON2Codec().encode(elements, shape: [60]), shape: [60])
    #expect(try sorted.map { try JSONParser().parse($0) } == values)
  }

  @Test("Damaged chunks are errors or other elements, and nothing else", arguments: seeds)
  func mutations(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let elements = values(seed, count: 6).map { JSONWriter(style: .compact).bytes(of: $0) }
    let packed: [[UInt8]] = ["null", "[1,2.5]", #"{"a":"é"}"#, "-7", #""text""#, "[[],{}]"].map {
      Array($0.utf8)
    }
    let chunks: [(any ArrayToBytesCodec, [UInt8])] = [
      (JSON2Codec(), try JSON2Codec().encode(elements, shape: [2, 3])),
      (MessagePack2Codec(), try MessagePack2Codec().encode(packed, shape: [2, 3])),
    ]
    for (codec, encoded) in chunks {
      for _ in 0..<400 {
        var damaged = encoded
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
          let index = Int.random(in: 0..<damaged.count, using: &generator)
          switch Int.random(in: 0...2, using: &generator) {
          case 0: damaged[index] = UInt8.random(in: 0...255, using: &generator)
          case 1: damaged.remove(at: index)
          default: damaged.insert(damaged[Int.random(in: 0..<damaged.count, using: &generator)], at: index)
          }
        }
        do throws(ChunkError) {
          var arena = ByteArena()
          try codec.makeDecoder().decode(
            damaged.span.bytes, of: ChunkRepresentation(shape: [2, 3], layout: .variable), into: &arena,
            limit: 1 << 20)
        } catch {
          #expect(!error.description.isEmpty)
        }
      }
    }
  }
}
