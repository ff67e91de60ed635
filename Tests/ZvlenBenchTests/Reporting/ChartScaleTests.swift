import Testing

@testable import zvlen_bench

@Suite("Axes of charts")
struct ChartScaleTests {
  @Test(
    "All values lie between the first tick and the last, in their order",
    arguments: [
      (ChartScale.Kind.linear, [0.0, 3, 7.1]), (.linear, [0]), (.linear, []), (.linear, [1e9, 2.5e9]),
      (.logarithmic, [0.02, 1, 980]), (.logarithmic, [5]), (.logarithmic, []), (.logarithmic, [10, 100]),
      (.bytes, [1024, 67_108_864]), (.bytes, [8192]), (.bytes, []),
    ])
  func enclosing(kind: ChartScale.Kind, values: [Double]) {
    let scale = ChartScale(kind, fitting: values)

    #expect(scale.ticks.count >= 2)
    #expect(scale.ticks.count <= 9)
    #expect(scale.ticks == scale.ticks.sorted())
    #expect(values.allSatisfy { scale.ticks[0] <= $0 && $0 <= scale.ticks[scale.ticks.count - 1] })
    let positions = values.map(scale.position)
    #expect(positions == positions.sorted())
    #expect(positions.allSatisfy { (0...1).contains($0) })
  }

  @Test("Equal factors are equal distances on a logarithmic axis")
  func factors() {
    let scale = ChartScale(.logarithmic, fitting: [1, 10_000])

    #expect(scale.position(1) == 0)
    #expect(abs(scale.position(100) - 0.5) < 1e-12)
    #expect(scale.position(10_000) == 1)
  }

  @Test(
    "Ticks are short", arguments: [(0.5, "0.5"), (20, "20"), (2500, "2,500"), (30_000, "30 k"), (2e6, "2 M")])
  func labels(value: Double, label: String) {
    #expect(ChartScale(.linear, fitting: [1]).label(value) == label)
  }

  @Test("Chunk sizes are written in powers of two")
  func bytes() {
    let scale = ChartScale(.bytes, fitting: [8192, 16_777_216])

    #expect(scale.ticks.map(scale.label) == ["8KiB", "32KiB", "128KiB", "512KiB", "2MiB", "8MiB", "32MiB"])
  }
}
