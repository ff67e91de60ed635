import CoreMetrics
import InMemoryLogging
import Logging
import MetricsTestKit
import Testing
import Zarr

@Suite("Logs and metrics")
struct ObservabilityTests {
  private let handler = InMemoryLogHandler()
  private let metrics = TestMetrics()

  private func makeArray() throws -> ZarrArray {
    var logger = Logger(label: "test") { _ in handler }
    logger.logLevel = .debug
    return try ZarrArray.create(
      in: MemoryStore(), shape: [10], options: ArrayOptions(dataType: .string, chunkSize: .rows(5)),
      access: ArrayAccess(observer: ArrayObserver(logger: logger, metrics: metrics)))
  }

  @Test("A call is a line in the log, and is counted")
  func calls() throws {
    let array = try makeArray()
    try array.write((0..<10).map { "element \($0)" })
    _ = try array.read()

    #expect(handler.entries.map(\.message) == ["write memory", "read memory"])
    #expect(handler.entries.allSatisfy { $0.level == .debug && $0.metadata["chunks"] == "2" })
    for call in ["write", "read"] {
      let dimensions = [("call", call)]
      #expect(try metrics.expectCounter("zarr.calls", dimensions).totalValue == 1)
      #expect(try metrics.expectCounter("zarr.errors", dimensions).totalValue == 0)
      #expect(try metrics.expectCounter("zarr.chunks", dimensions).totalValue == 2)
      #expect(try metrics.expectCounter("zarr.elements", dimensions).totalValue == 10)
      #expect(try metrics.expectCounter("zarr.element.bytes", dimensions).totalValue == 90)
      #expect(try metrics.expectTimer("zarr.duration", dimensions).values.count == 1)
    }
  }

  @Test("A failure is a warning, and is counted")
  func failures() throws {
    let array = try makeArray()
    #expect(throws: ZarrError.self) { try array.read([0..<11]) }
    #expect(handler.entries.map(\.level) == [.warning])
    #expect(handler.entries[0].metadata["error"] != nil)
    #expect(try metrics.expectCounter("zarr.errors", [("call", "read")]).totalValue == 1)
  }
}
