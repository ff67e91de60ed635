import Testing

@testable import zvlen_bench

@Suite("Synthetic blobs")
struct CorpusTests {
  private func corpus(
    _ distribution: Distribution = .lognormal, _ content: Content = .text, seed: UInt64 = 7
  ) -> Corpus {
    Corpus(count: 2000, meanByteCount: 300, distribution: distribution, content: content, seed: seed)
  }

  @Test("The same seed makes the same blobs", arguments: Distribution.allCases, Content.allCases)
  func determinism(distribution: Distribution, content: Content) {
    let first = corpus(distribution, content)
    let second = corpus(distribution, content)

    #expect(first.bytes == second.bytes)
    #expect(first.offsets == second.offsets)
    #expect(first.bytes != corpus(distribution, content, seed: 8).bytes)
  }

  @Test("Blobs have the mean size that was asked for", arguments: Distribution.allCases)
  func mean(distribution: Distribution) {
    #expect((270...330).contains(corpus(distribution).meanByteCount))
  }

  @Test("Text and JSON are ASCII", arguments: [Content.text, .json])
  func ascii(content: Content) {
    #expect(corpus(.uniform, content).bytes.allSatisfy { (0x20...0x7E).contains($0) })
  }

  @Test("A part that is spread has blobs from all over, in their order")
  func spread() {
    let corpus = Corpus(bytes: (0..<160).map { UInt8($0) }, offsets: (0...160).map { Int64($0) })

    let part = corpus.spread(byteCount: 32)
    let expected = stride(from: UInt8(0), to: 160, by: 10).flatMap { (first: UInt8) in [first, first + 1] }
    #expect(part.bytes == expected)
    #expect(part.offsets == (0...32).map { Int64($0) })
    #expect(corpus.spread(byteCount: 160).bytes == corpus.bytes)
    #expect(corpus.spread(byteCount: 1).count == 16)
  }

  @Test("A prefix has the blobs that fit, and at least one")
  func prefix() {
    let corpus = Corpus(bytes: [1, 2, 3, 4, 5, 6], offsets: [0, 3, 3, 6])

    #expect(corpus.prefix(byteCount: 1).count == 1)
    #expect(corpus.prefix(byteCount: 3).offsets == [0, 3, 3])
    #expect(corpus.prefix(byteCount: 5).bytes == [1, 2, 3])
    #expect(corpus.prefix(byteCount: 6).count == 3)
  }

  @Test("A checksum does not depend on the order of blobs, and on everything else")
  func checksum() {
    let blobs: [[UInt8]] = [[], [0], [0, 0], Array(0..<9), Array(0..<10), Array(1..<11)]
    let hashes = blobs.map { Checksum.hash($0.span.bytes) }
    let forwards = Checksum()
    let backwards = Checksum()

    for hash in hashes { forwards.add(hashes: hash, count: 1) }
    for hash in hashes.reversed() { backwards.add(hashes: hash, count: 1) }

    #expect(Set(hashes).count == blobs.count)
    #expect(forwards.value == backwards.value)
    #expect(forwards.count == blobs.count)
  }
}
