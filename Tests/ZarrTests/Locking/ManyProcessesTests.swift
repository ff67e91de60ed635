import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Many writers in several processes", .timeLimit(.minutes(10)))
struct ManyProcessesTests {
  private let directory: StoreDirectory

  init() throws {
    directory = try StoreDirectory()
  }

  @Test(
    "Processes that write elements of one chunk or one shard lose none",
    arguments: ManyWritersTests.Division.allCases)
  func elements(division: ManyWritersTests.Division) async throws {
    let store = try await FileStore(opening: directory.path)
    let array = try await ZarrArray.create(in: store, shape: [100], options: division.options)
    let path = directory.path
    await withTaskGroup { group in
      for number in 0..<4 {
        group.addTask {
          await #expect(processExitsWith: .success) { [path = path as String, number = number as Int] in
            try blocking {
              let array = try ZarrArray.open(in: FileStore(opening: path))
              for round in 0..<4 {
                for index in stride(from: number, to: 100, by: 4) {
                  try array.write(Array("\(index) \(round)".utf8), at: [index])
                }
              }
            }
          }
        }
      }
    }
    #expect(try await array.read().strings() == (0..<100).map { "\($0) 3" })
    #expect(try directory.leftLocks() == [])
  }

  @Test("Processes that write through views lose no element of a shard")
  func views() async throws {
    let store = try await FileStore(opening: directory.path)
    let array = try await ZarrArray.create(
      in: store, shape: [400], options: ManyWritersTests.Division.shards.options)
    let path = directory.path
    await withTaskGroup { group in
      for number in 0..<3 {
        group.addTask {
          await #expect(processExitsWith: .success) { [path = path as String, number = number as Int] in
            try blocking {
              let array = try ZarrArray.open(in: FileStore(opening: path))
              try array.withWriteBack(as: [UInt8].self, memoryBudget: 1000) { view in
                for index in stride(from: number, to: 400, by: 3) {
                  try view.write(Array("\(index)".utf8), at: index)
                }
              }
            }
          }
        }
      }
    }
    #expect(try await array.read().strings() == (0..<400).map(String.init))
  }

  @Test("Processes that write regions of their own need no lock")
  func regions() async throws {
    let store = try await FileStore(opening: directory.path)
    let array = try await ZarrArray.create(
      in: store, shape: [20, 30], options: ArrayOptions(chunkSize: .shape([3, 4])))
    let path = directory.path
    await withTaskGroup { group in
      for number in 0..<3 {
        group.addTask {
          await #expect(processExitsWith: .success) { [path = path as String, number = number as Int] in
            try blocking {
              // Where locks cannot be had.
              let store = try FileStore(opening: path, usesLocks: false)
              let array = try ZarrArray.open(in: store)
              let region = array.alignedRegions(count: 3)[number]
              try array.write(region.allIndices.map { Array("\($0)".utf8) }, to: region)
            }
          }
        }
      }
    }
    #expect(try await array.read().strings() == ArrayRegion(allOf: [20, 30]).allIndices.map { "\($0)" })
  }

  @Test(
    "Processes that append to one array lose no element, and readers see only what is stored",
    arguments: SharedAppendingTests.Division.allCases)
  func appending(division: SharedAppendingTests.Division) async throws {
    let store = try await FileStore(opening: directory.path)
    try await AsyncAppender.create(in: store, options: division.options).finish()
    let path = directory.path
    await withTaskGroup { group in
      for number in 0..<4 {
        group.addTask {
          await #expect(processExitsWith: .success) { [path = path as String, number = number as Int] in
            try blocking {
              let appender = try Appender(to: ZarrArray.open(in: FileStore(opening: path)))
              for round in 0..<10 {
                for index in 0..<10 { try appender.append(contentsOf: ["\(number) \(round) \(index)"]) }
                try appender.checkpoint()
              }
              try appender.finish()
            }
          }
        }
      }
      group.addTask {
        await #expect(processExitsWith: .success) { [path = path as String] in
          try blocking {
            var count = 0
            for _ in 0..<30 {
              let elements = try ZarrArray.open(in: FileStore(opening: path)).read().strings()
              #expect(elements.count >= count && elements.count.isMultiple(of: 10) && !elements.contains(""))
              count = elements.count
              usleep(5000)
            }
          }
        }
      }
    }
    let elements = try await ZarrArray.open(in: store).read().strings()
    #expect(elements.count == 400)
    for number in 0..<4 {
      let expected = (0..<100).map { "\(number) \($0 / 10) \($0 % 10)" }
      #expect(elements.filter { $0.hasPrefix("\(number) ") } == expected)
    }
    #expect(try directory.leftLocks() == [])
    #expect(try directory.files().filter { $0.hasSuffix(".partial") } == [])
  }

  @Test("Processes that append much to one array take no more memory than their budget")
  func memory() async throws {
    let store = try await FileStore(opening: directory.path)
    try await AsyncAppender.create(in: store, options: ArrayOptions(chunkSize: .rows(100))).finish()
    let path = directory.path
    await withTaskGroup { group in
      for number in 0..<4 {
        group.addTask {
          await #expect(processExitsWith: .success) { [path = path as String, number = number as Int] in
            try blocking {
              let appender = try Appender(
                to: ZarrArray.open(in: FileStore(opening: path)), memoryBudget: 4 << 20)
              let elements = [[UInt8]](
                repeating: [UInt8](repeating: UInt8(number), count: 10_000), count: 100)
              let growth = try PeakMemory.growth {
                for round in 0..<160 {
                  try appender.append(contentsOf: elements)
                  if round % 20 == 19 { try appender.checkpoint() }
                }
                try appender.finish()
              }
              // 160 MB go through each of them.
              #expect(growth < 40 << 20 + Sanitizer.keptByteCount, "it took \(growth >> 20) MiB")
            }
          }
        }
      }
    }
    #expect(try await ZarrArray.open(in: store).shape == [64_000])
  }
}
