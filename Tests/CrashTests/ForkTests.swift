import Foundation
import Testing

@Suite("Forked processes")
struct ForkTests {
  @Test("After reads and writes a forked child can read, append and scan")
  func forkedChild() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "zarr-fork-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    let process = Process()
    process.executableURL = try testExecutable("ForkWriter")
    process.arguments = [url.path()]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0)
  }
}
