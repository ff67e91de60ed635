import Testing

@testable import zvlen_bench

@Suite("Order statistics")
struct StatisticsTests {
  @Test("The median is the sample in the middle, or between the two there")
  func median() {
    #expect(Statistics([3, 1, 2]).median == 2)
    #expect(Statistics([4, 1, 3, 2]).median == 2.5)
    #expect(Statistics([5]).median == 5)
  }

  @Test(
    "A percentile is the smallest sample that so many do not exceed",
    arguments: [(0.0, 1.0), (1, 1), (50, 50), (50.5, 51), (99, 99), (99.9, 100), (100, 100)])
  func percentile(percent: Double, expected: Double) {
    #expect(Statistics((1...100).map(Double.init).shuffled()).percentile(percent) == expected)
  }

  @Test("Turns alternate their order after one round that does not count")
  func turns() throws {
    var calls: [String] = []
    let contenders = ["a", "b"].map { name in
      Contender(name) {
        calls.append(name)
        return Elapsed(seconds: Double(calls.count), processorSeconds: 0)
      }
    }

    let times = try Comparison.run(contenders, repeats: 2)

    #expect(calls == ["a", "b", "a", "b", "b", "a"])
    #expect(times.map { $0.map(\.seconds) } == [[3, 6], [4, 5]])
  }

  @Test("The quotient to the floor is that of the medians")
  func quotient() {
    func times(_ seconds: [Double]) -> [Elapsed] {
      seconds.map { Elapsed(seconds: $0, processorSeconds: 2 * $0) }
    }

    let measurement = Measurement(times([2, 4, 9]), floor: times([1, 3, 8]), payloadBytes: 400, blobs: 8)

    #expect(measurement.medianSeconds == 4)
    #expect(measurement.payloadBytesPerSecond == 100)
    #expect(measurement.blobsPerSecond == 2)
    #expect(measurement.floorMedianSeconds == 3)
    #expect(measurement.floorQuotient == 0.75)
    #expect(measurement.floorProcessorQuotient == 0.75)
  }
}
