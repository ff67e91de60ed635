import CKernels
import TestSupport
import Testing

@Suite("UTF-8 validation of elements in wire form")
struct WireUTF8Tests {
  /// The elements in wire form, without the count before them.
  private func wireForm(_ elements: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    for element in elements {
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: element.count >> shift)) }
      bytes += element
    }
    return bytes
  }

  private func failure(_ elements: [[UInt8]]) -> Int {
    let bytes = wireForm(elements)
    return withAllocation(bytes) { ckernels_wire_utf8_failure($0, bytes.count, elements.count) }
  }

  /// What the standard library says of one element after the other.
  private func expectedFailure(_ elements: [[UInt8]]) -> Int {
    elements.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? elements.count
  }

  @Test("No elements have no failure, also without an address")
  func noElements() {
    #expect(ckernels_wire_utf8_failure(nil, 0, 0) == 0)
  }

  @Test("Elements without bytes are well-formed", arguments: [1, 100, 10_000])
  func emptyElements(count: Int) {
    #expect(failure([[UInt8]](repeating: [], count: count)) == count)
  }

  @Test("A character may not go on over the end of an element")
  func splitCharacter() {
    #expect(failure([[0x61], [0xc3], [0xa9], [0x62]]) == 1)
    #expect(failure([[0x61], [0xe4, 0xb8], [0xad], [0x62]]) == 1)
  }

  /// The length 128 is the byte 80 and three zeros, so it would complete a character cut after C3.
  @Test("A length is not read as the rest of a character", arguments: [128, 191, 0x8080])
  func lengthThatLooksLikeContinuation(count: Int) {
    #expect(failure([[0x61, 0xc3], [UInt8](repeating: 0x62, count: count)]) == 0)
  }

  /// The length 195 is the byte C3, and the lengths are not looked at as text.
  @Test("A length is not read as text of its own", arguments: [128, 195, 255, 0xc3c3, 40_000])
  func lengthThatIsNotASCII(count: Int) {
    let element = [UInt8](repeating: 0x62, count: count)
    #expect(failure([element, element, [0xc3, 0xa9], element]) == 4)
  }

  @Test("The first ill-formed element is found wherever it is", arguments: [0, 3, 100, 4094, 20_000])
  func placeOfFailure(byteCountBefore: Int) {
    let illFormed = [UInt8](repeating: 0x63, count: byteCountBefore) + [0xf0, 0x9f]
    let lengths = [0, 5, 300, 4095, 17, 4096, 128, 9, 16_380, 2, 1000, 31, 20_000, 64]
    for place in lengths.indices {
      var elements = lengths.map { [UInt8](repeating: 0x61, count: $0) }
      elements[place] = illFormed
      if place + 2 < elements.count { elements[place + 2] = [0xff] }
      #expect(failure(elements) == place)
    }
  }

  @Test("Random elements fail where one of them fails alone", arguments: 0..<60)
  func randomElements(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let text = Array(SampleText.random(characterCount: 4000, using: &generator).utf8)
    let limit = [8, 40, 300, 3000, 9000][Int(seed % 5)]
    for round in 0..<10 {
      var elements = (0..<Int.random(in: 1...200, using: &generator)).map { _ in
        let start = Int.random(in: 0..<text.count, using: &generator)
        let bytes = text[start...].prefix(Int.random(in: 0...limit, using: &generator))
        // Repaired, as most elements would else begin or end within a character.
        return Array(String(decoding: bytes, as: UTF8.self).utf8)
      }
      for _ in 0..<round % 3 {
        let index = Int.random(in: 0..<elements.count, using: &generator)
        guard let place = elements[index].indices.randomElement(using: &generator) else { continue }
        elements[index][place] = .random(in: 0...255, using: &generator)
      }
      #expect(failure(elements) == expectedFailure(elements), "seed \(seed), round \(round)")
    }
  }

  @Test("An element that does not fit the buffer fails, and is not read")
  func elementsThatDoNotFit() {
    let bytes = wireForm([Array("one".utf8), Array("three".utf8)])
    for count in 0..<bytes.count {
      let failure = withAllocation(bytes.prefix(count)) { ckernels_wire_utf8_failure($0, count, 2) }
      #expect(failure == (count < 7 ? 0 : 1), "\(count) bytes")
    }
    let largest = [UInt8](repeating: 0xff, count: 6)
    #expect(withAllocation(largest) { ckernels_wire_utf8_failure($0, 6, 1) } == 0)
  }

  @Test("Bytes after the last element are not looked at")
  func bytesAfterLastElement() {
    let bytes = wireForm([Array("one".utf8), [0xff]])
    #expect(withAllocation(bytes) { ckernels_wire_utf8_failure($0, bytes.count, 1) } == 1)
  }
}
