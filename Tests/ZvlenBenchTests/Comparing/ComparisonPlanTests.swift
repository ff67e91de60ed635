import Testing

@testable import zvlen_bench

@Suite("What is compared")
struct ComparisonPlanTests {
  @Test("The usual settings differ from the middle in one thing, and each value is in one of them")
  func usual() {
    let middle = ComparisonPlan.middle(cores: 8)
    let settings = ComparisonPlan.usual(works: Work.allCases, cores: 8).settings

    #expect(settings.first == middle)
    #expect(Set(settings).count == settings.count)
    for setting in settings.dropFirst() {
      let differences = [
        setting.blobs != middle.blobs, setting.chunkBytes != middle.chunkBytes, setting.codec != middle.codec,
        setting.workers != middle.workers,
      ]
      #expect(differences.filter(\.self).count == 1)
    }
    #expect(Set(settings.map(\.blobs)) == Set(BlobKind.synthetic))
    #expect(Set(settings.map(\.chunkBytes)) == Set(ComparisonPlan.chunkByteCounts))
    #expect(Set(settings.map(\.codec)) == Set(ComparisonPlan.codecs))
    #expect(Set(settings.map(\.workers)) == [1, 8])
  }

  @Test("A product has every combination")
  func product() {
    let plan = ComparisonPlan.product(
      blobs: BlobKind.synthetic, chunkBytes: ComparisonPlan.chunkByteCounts, codecs: ComparisonPlan.codecs,
      workers: [2, 1], works: Work.allCases)

    #expect(plan.settings.count == 5 * 5 * 4 * 2)
    #expect(Set(plan.settings).count == plan.settings.count)
  }

  @Test("Small chunks are in shards, which have a whole number of them")
  func shards() {
    let setting = ComparisonSetting(blobs: .text300, chunkBytes: 8 << 10, codec: "zstd:1", workers: 1)
    let corpus = Corpus(
      count: 200_000, meanByteCount: 126, distribution: .narrow, content: .json, seed: 7)
    let counts = ChunkCounts(corpus, setting)

    #expect(counts.blobsPerChunk == 63)
    #expect((counts.blobsPerShard ?? 0) % 63 == 0)
    #expect(
      ComparisonSetting(blobs: .text300, chunkBytes: 64 << 10, codec: "none", workers: 1).shardBytes == nil)
  }

  @Test("Real data is divided into nine tenths and one")
  func parts() {
    let corpus = ComparedCorpus(
      Corpus(count: 30, meanByteCount: 9, distribution: .uniform, content: .text, seed: 7))

    #expect(corpus.head.count == 27)
    #expect(corpus.tail.count == 3)
    #expect(corpus.head.bytes + corpus.tail.bytes == corpus.all.bytes)
  }
}
