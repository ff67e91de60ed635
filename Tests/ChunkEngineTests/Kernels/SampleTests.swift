import CKernels
import TestSupport
import Testing

@Suite("Samples of bytes")
struct SampleTests {
  @Test(
    "Nothing outside of the bytes is looked at", arguments: [0, 1, 1023, 1024, 1025, 16_384, 16_385, 99_999])
  func bounds(byteCount: Int) {
    var generator = SeededGenerator(seed: 1)
    var sample = [UInt8](repeating: 0, count: ckernels_sample_byte_count)
    withAllocation(generator.bytes(count: byteCount)) { bytes in
      #expect(!ckernels_repeats(bytes, byteCount))
      if byteCount >= sample.count { #expect(ckernels_sample(bytes, byteCount, &sample)) }
    }
  }

  @Test("Bytes of few values are seen early, wherever others are", arguments: 0..<8)
  func values(part: Int) {
    var generator = SeededGenerator(seed: 2)
    var bytes = generator.bytes(count: 1 << 20)
    var sample = [UInt8](repeating: 0, count: ckernels_sample_byte_count)
    #expect(ckernels_sample(bytes, bytes.count, &sample))
    for index in part << 17..<(part + 1) << 17 { bytes[index] = 7 }
    #expect(!ckernels_sample(bytes, bytes.count, &sample))
  }

  @Test("Repetitions are found at any distance", arguments: [1024, 5000, 70_001, 400_000])
  func repetitions(distance: Int) {
    var generator = SeededGenerator(seed: 3)
    let once = generator.bytes(count: distance)
    var bytes: [UInt8] = []
    while bytes.count < 900_000 { bytes += once }
    #expect(ckernels_repeats(bytes, bytes.count))
    let random = generator.bytes(count: bytes.count)
    #expect(!ckernels_repeats(random, random.count))
  }
}
