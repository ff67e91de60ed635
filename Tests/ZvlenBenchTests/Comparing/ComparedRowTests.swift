import Testing

@testable import zvlen_bench

@Suite("Rows of the comparison")
struct ComparedRowTests {
  @Test("Quotients are of speeds, to zarr-vlen with the same layout and to the floor")
  func quotients() {
    let seconds: [(name: String, layout: Layout, seconds: Double)] = [
      ("floor", .own, 0.5), ("zarr-vlen", .own, 1), ("zarr-vlen", .objects, 2), ("Lance", .objects, 4),
    ]
    var row = ComparedRow(
      setting: ComparisonPlan.middle(cores: 2), work: .write, blobs: 10, payloadBytes: 1000, workBlobs: 10,
      workBytes: 1000,
      results: seconds.map { name, layout, seconds in
        var result = ComparedResult(name: name, layout: layout)
        result.setMedian(seconds, payload: 1000, blobs: 10)
        return result
      })
    row.addQuotients()

    #expect(row.result("zarr-vlen", .own)?.ofFloor == 0.5)
    #expect(row.result("Lance", .objects)?.ofZarrVlen == 0.5)
    #expect(row.result("Lance", .objects)?.bytesPerSecond == 250)
    #expect(row.bestRival(.objects)?.name == "Lance")
    #expect(row.bestRival(.own) == nil)
  }
}
