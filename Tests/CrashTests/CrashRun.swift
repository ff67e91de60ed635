import ChunkEngine
import CrashWriter
import Foundation
import Testing
import Zarr

/// A directory in which a writer works, is killed, and works again.
final class CrashRun: @unchecked Sendable {
  // SAFETY: Threads share only constants.
  let workload: CrashWorkload
  let durability: Durability
  let path: String

  init(_ workload: CrashWorkload, _ durability: Durability) throws {
    self.workload = workload
    self.durability = durability
    let url = FileManager.default.temporaryDirectory.appending(path: "zarr-crash-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path()
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Starts the writer, which is beside the tests.
  func start(seed: UInt64, limit: String? = nil) throws -> Process {
    let process = Process()
    process.executableURL = try testExecutable("CrashWriter")
    process.arguments =
      [path, workload.rawValue, durability.rawValue, "\(seed)"] + (limit.map { [$0] } ?? [])
    try process.run()
    return process
  }

  /// The lines of the writer's log.
  var log: [String] {
    get throws {
      guard let data = FileManager.default.contents(atPath: "\(path)/log") else { return [] }
      return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
  }

  /// The rows that the writer has reported as stored.
  var checkpointedRowCount: Int {
    get throws { try log.compactMap { Int($0) }.last ?? 0 }
  }

  /// Opens the array, or returns nil if it does not exist yet.
  func open() throws -> ZarrArray? {
    guard FileManager.default.fileExists(atPath: "\(path)/store") else { return nil }
    do {
      return try ZarrArray.open(in: FileStore(opening: "\(path)/store"))
    } catch ZarrError.notFound {
      return nil
    }
  }

  /// Checks all elements.
  func check(_ comment: Comment) throws {
    let count = try checkpointedRowCount
    guard let array = try open() else {
      #expect(count == 0, comment)
      return
    }
    let rows = array.shape[0]
    #expect(rows >= count, comment)
    let isEqual = try array.read().arrays() == workload.elements(ofRows: 0..<rows)
    #expect(isEqual, comment)
  }

  /// Reads the end of the array and earlier elements repeatedly until `isOver`.
  func readMeanwhile(_ isOver: () -> Bool) throws {
    var number = 0
    while !isOver() {
      number += 1
      guard let array = try open(), array.shape[0] > 0 else { continue }
      let rows = array.shape[0]
      for start in [max(0, rows - 3), number * 7919 % rows] {
        let range = start..<min(rows, start + 3)
        let found = try array.read(ArrayRegion([range] + workload.rowShape.map { 0..<$0 })).arrays()
        let isEqual = found == workload.elements(ofRows: range)
        #expect(isEqual, "rows \(range) of \(rows)")
      }
    }
  }
}

/// An executable beside the tests.
func testExecutable(_ name: String) throws -> URL? {
  let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  return [tests, CommandLine.arguments[0], Bundle.main.bundlePath + "/tests"]
    .map { URL(fileURLWithPath: $0).deletingLastPathComponent().appending(path: name) }
    .last { FileManager.default.isExecutableFile(atPath: $0.path()) }
}
