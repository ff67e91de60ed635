import ChunkEngine
import CommandLineOptions
import Foundation
import Testing
import Zarr

@testable import zvlen_bench

@Suite("The settings that tune tries, and how it names them")
struct TuneSettingTests {
  private static let sharded = TuneSetting(
    chunkBytes: ByteCount(clamping: 64 << 10), shardBytes: ByteCount(clamping: 64 << 20),
    codec: .zstd(level: 1), workers: 2)

  private static let single = TuneSetting(
    chunkBytes: ByteCount(clamping: 1000), shardBytes: nil, codec: .none, workers: 1)

  private func sizes(_ text: String) -> [ByteCount] {
    text.split(separator: " ").compactMap { ByteCount(argument: String($0)) }
  }

  private func layouts(_ chunkBytes: String, sample: Int) -> [String] {
    TuneSetting.combinations(
      chunkBytes: sizes(chunkBytes), shardBytes: ByteCount(clamping: 64 << 20), codecs: [.none], workers: [1],
      sampleByteCount: sample
    ).map { "\($0.chunkBytes)" + ($0.shardBytes == nil ? "" : " in shards") }
  }

  @Test("Small chunks are in shards, large ones in files, and those between are tried in both")
  func combinations() {
    #expect(
      layouts("16KiB 64KiB 1MiB 4MiB", sample: 1 << 30)
        == ["16KiB in shards", "64KiB in shards", "64KiB", "1MiB in shards", "1MiB", "4MiB"])
  }

  @Test("Chunks that are larger than the sample are left out, unless all are")
  func small() {
    #expect(layouts("64KiB 16KiB 4MiB", sample: 20_000) == ["16KiB in shards"])
    #expect(layouts("4MiB 64MiB", sample: 1000) == ["4MiB"])
    #expect(layouts("", sample: 1000) == [])
  }

  @Test("Every codec is tried with every number of workers, each once")
  func product() {
    let settings = TuneSetting.combinations(
      chunkBytes: sizes("4MiB"), shardBytes: ByteCount(clamping: 1), codecs: [.none, .zstd(level: 1)],
      workers: [2, 1, 1], sampleByteCount: 1 << 30)
    #expect(settings.map { "\($0.codec) \($0.workers)" } == ["none 2", "none 1", "zstd:1 2", "zstd:1 1"])
  }

  @Test("A setting in words")
  func words() {
    #expect(Self.sharded.words == "64 KiB inner chunks in 64 MiB shards, zstd 1, 2 workers")
    #expect(Self.single.words == "1000 byte chunks in files of their own, no compression, 1 worker")
  }

  @Test("A setting as flags")
  func flags() {
    #expect(
      Self.sharded.importFlags == "--chunk-bytes 64KiB --shard-bytes 64MiB --codec zstd:1 --workers 2")
    #expect(Self.single.importFlags == "--chunk-bytes 1000 --codec none --workers 1")
  }

  @Test("The setting in Swift is what this file has, so that it compiles", arguments: [sharded, single])
  func snippet(setting: TuneSetting) throws {
    let lines = { (text: String) in
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: "\n")
    }
    let source = try lines(String(contentsOfFile: #filePath, encoding: .utf8))
    let snippet = lines(setting.snippet)
    #expect(snippet.hasPrefix("import Zarr\n"))
    let code = snippet.dropFirst("import Zarr\n".count)
    #expect(source.contains(code))
    #expect(setting.candidate.chunkByteCount == setting.chunkBytes.value)
  }

  @Test("The Swift makes what the setting says")
  func compiled() {
    #expect(Self.shardedSnippet.options.chunkSize == .bytes(65_536))
    #expect(Self.shardedSnippet.options.shardSize == .bytes(67_108_864))
    #expect(Self.shardedSnippet.access.workerCount == 2)
    #expect(Self.singleSnippet.options.chunkSize == .bytes(1000))
    #expect(Self.singleSnippet.options.compressors.isEmpty)
  }

  private static var shardedSnippet: (options: ArrayOptions, access: ArrayAccess) {
    let options = ArrayOptions(
      chunkSize: .bytes(64 << 10), shardSize: .bytes(64 << 20),
      compressors: [.zstd(level: 1)])
    let access = ArrayAccess(workerCount: 2)
    return (options, access)
  }

  private static var singleSnippet: (options: ArrayOptions, access: ArrayAccess) {
    let options = ArrayOptions(
      chunkSize: .bytes(1000),
      compressors: [])
    let access = ArrayAccess(workerCount: 1)
    return (options, access)
  }
}
