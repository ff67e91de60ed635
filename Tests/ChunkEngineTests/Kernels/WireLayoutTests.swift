import CKernels
import TestSupport
import Testing

/// Either path: with what the processor has, or with nothing but C.
enum KernelPath: CaseIterable {
  case fastest
  case portable
}

@Suite("Kernels between elements back to back and wire form")
struct WireLayoutTests {
  /// Bytes that may be touched after what is written, and then some that may not.
  private static let slack = 64
  private static let canary = [UInt8](repeating: 0xaa, count: 100)

  /// Lengths around the borders of blocks and of `memcpy`, and empty ones.
  private static let lengths = [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 300, 1023, 1024, 1025, 5000]

  private static func elements(seed: UInt64) -> [[UInt8]] {
    var generator = SeededGenerator(seed: seed)
    return (0..<Int.random(in: 0...100, using: &generator)).map { _ in
      let length = lengths.randomElement(using: &generator) ?? 0
      return (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
  }

  private static func wireForm(_ elements: some Sequence<[UInt8]>) -> [UInt8] {
    elements.flatMap { element in
      [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: element.count >> $0) } + element
    }
  }

  private static func ends(_ elements: [[UInt8]]) -> [Int] {
    elements.reduce(into: []) { $0.append(($0.last ?? 0) + $1.count) }
  }

  /// Lays elements out, and returns what the kernel wrote and how many elements that were.
  private func layOut<Offset: FixedWidthInteger>(
    _ bytes: [UInt8], _ offsets: [Offset], largest: UInt32 = .max, room: Int, _ path: KernelPath
  ) -> (count: Int, bytes: [UInt8]) {
    var output = [UInt8](repeating: 0, count: room + Self.slack) + Self.canary
    let done = withAllocation(bytes) { start in
      offsets.withUnsafeBufferPointer { offsets in
        let elements = CKernelsElements(
          bytes: start?.assumingMemoryBound(to: UInt8.self), byte_count: bytes.count,
          offsets: offsets.baseAddress,
          has_64_bit_offsets: Offset.bitWidth == 64, count: offsets.count - 1, largest: largest)
        return path == .fastest
          ? ckernels_lay_out(elements, &output, room) : ckernels_lay_out_portable(elements, &output, room)
      }
    }
    #expect(output.suffix(Self.canary.count) == Self.canary[...])
    return (done.element_count, Array(output.prefix(done.byte_count)))
  }

  @Test("Elements are laid out, but for those at the very end of their bytes", arguments: KernelPath.allCases)
  func layOut(path: KernelPath) {
    for seed in 0..<UInt64(60) {
      let elements = Self.elements(seed: seed)
      let bytes = elements.flatMap { $0 }
      let ends = Self.ends(elements)
      let wireForm = Self.wireForm(elements)
      for spare in [0, 1, Self.slack, 1000] {
        let count = ends.count { $0 + Self.slack <= bytes.count + spare }
        let expected = Self.wireForm(elements.prefix(count))
        let padded = bytes + [UInt8](repeating: 0x55, count: spare)
        let wide = layOut(padded, [0] + ends.map(Int64.init), room: wireForm.count, path)
        #expect(wide.count == count && wide.bytes == expected)
        let narrow = layOut(padded, [0] + ends.map(UInt32.init), room: wireForm.count, path)
        #expect(narrow.count == count && narrow.bytes == expected)
      }
    }
  }

  @Test("The first element that is not in order is left", arguments: KernelPath.allCases)
  func disorder(path: KernelPath) {
    let bytes = [UInt8](repeating: 7, count: 1000)
    let expected = Self.wireForm([[UInt8](repeating: 7, count: 10), [UInt8](repeating: 7, count: 90)])
    func expect(_ offsets: [Int64], largest: UInt32 = .max, room: Int = 5000) {
      let done = layOut(bytes, offsets, largest: largest, room: room, path)
      #expect(done.count == 2 && done.bytes == expected, "\(offsets)")
    }
    for third: Int64 in [99, 0, -1, Int64.min, 937, 1001, Int64.max, 1 << 32 + 100, -(1 << 32) + 200] {
      expect([0, 10, 100, third, 300])
    }
    expect([0, 10, 100, 191], largest: 90)
    for room in [expected.count, expected.count + 3, expected.count + 4, expected.count + 53] {
      expect([0, 10, 100, 150], room: room)
    }
    for first: Int64 in [-1, Int64.min, 1001, Int64.max] {
      #expect(layOut(bytes, [first, 10, 100], room: 5000, path).count == 0)
    }
    #expect(layOut(Array(bytes.prefix(63)), [Int64(0), 0, 1], room: 5000, path).count == 0)
  }

  @Test(
    "Elements are taken apart, up to one that is larger than all that is left", arguments: KernelPath.allCases
  )
  func takeApart(path: KernelPath) {
    for seed in 0..<UInt64(60) {
      let elements = Self.elements(seed: seed)
      let bytes = elements.flatMap { $0 }
      let wireForm = Self.wireForm(elements) + [UInt8](repeating: 0x55, count: Self.slack)
      // In full, and one byte less than all elements have.
      for room in [bytes.count, max(0, bytes.count - 1)] {
        let ends = Self.ends(elements)
        let count = ends.firstIndex { $0 > room } ?? ends.count
        var output = [UInt8](repeating: 0, count: room + Self.slack) + Self.canary
        var found = [Int64](repeating: -1, count: elements.count + 1)
        let done =
          path == .fastest
          ? ckernels_take_apart(wireForm, elements.count, room, &output, &found, 1 << 40)
          : ckernels_take_apart_portable(wireForm, elements.count, room, &output, &found, 1 << 40)
        let byteCount = count == 0 ? 0 : ends[count - 1]
        #expect(done.element_count == count && done.byte_count == byteCount)
        #expect(output.prefix(byteCount) == bytes.prefix(byteCount))
        #expect(found.prefix(count).elementsEqual(ends.prefix(count).map { 1 << 40 + Int64($0) }))
        #expect(found[count] == -1)
        #expect(output.suffix(Self.canary.count) == Self.canary[...])
      }
    }
  }
}
