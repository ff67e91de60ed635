import ChunkEngine
import TestSupport
import Testing
import Zarr

@testable import ZarrRemote

@Suite("Clusters in buckets")
struct S3ClusterTests {
  /// The place of an array, and a store of it for each process.
  private func makePlace(seed: UInt64?) throws -> (base: S3Store, makeStore: @Sendable () throws -> S3Store) {
    let servers = try RemoteServers.shared
    let base = try servers.makeStore(servers.seaweedfs)
    let proxy = try seed.map {
      try FaultProxy(port: RemoteServers.port(of: servers.seaweedfs), .bad(seed: $0))
    }
    let options = servers.options(proxy?.url ?? servers.seaweedfs)
    return (base, { try withExtendedLifetime(proxy) { try S3Store(like: base, options) } })
  }

  @Test(
    "Appenders with stores of their own lose and double nothing, whatever fails on the way",
    arguments: [nil, 1, 2])
  func appenders(seed: UInt64?) throws {
    let (base, makeStore) = try makePlace(seed: seed)
    _ = try ZarrArray.create(
      in: base, shape: [0], options: ArrayOptions(dataType: .string, chunkSize: .evenBytes(64)))
    try onThreads(3) { number in
      let appender = SegmentAppender(to: try ZarrArray.open(in: makeStore()), evenChunkByteCount: 64)
      for batch in 0..<3 {
        try appender.append { (appender) throws(ZarrError) in
          for row in 0..<10 { try appender.append("\(number).\(batch).\(row)") }
        }
        #expect(try appender.checkpoint().count == 10)
      }
    }
    let found = try ZarrArray.open(in: base).read().strings()
    for number in 0..<3 {
      #expect(
        found.filter { $0.hasPrefix("\(number).") }
          == (0..<3).flatMap { batch in (0..<10).map { "\(number).\(batch).\($0)" } })
    }
    #expect(found.count == 90)
    #expect(try base.list(".zvlen/segments").isEmpty)
  }

  @Test("Planned parts are written by stores of their own", arguments: [nil, 3])
  func parts(seed: UInt64?) throws {
    let (base, makeStore) = try makePlace(seed: seed)
    let options = ArrayOptions(dataType: .string, chunkSize: .rows(10))
    try onThreads(3) { part in
      let plan = try PartPlan.create(in: makeStore(), shape: [100], partCount: 3, options: options)
      let region = try #require(plan.region(ofPart: part))
      try plan.array.write(region.ranges[0].map { "\($0)" }, to: region)
      try plan.markDone(part)
      if try plan.missingParts().isEmpty { try plan.finish() }
    }
    #expect(try ZarrArray.open(in: base).read().strings() == (0..<100).map { "\($0)" })
    #expect(try base.list(".zvlen").isEmpty)
  }

  @Test("A server that ignores conditions takes no commits, and the error says why")
  func unconditional() throws {
    let servers = try RemoteServers.shared
    let store = try servers.makeStore(servers.rclone)
    let key = try StoreKey("zarr.json")
    let model = MemoryStore()
    _ = try ZarrArray.create(
      in: model, shape: [0], options: ArrayOptions(dataType: .string, chunkSize: .evenBytes(64)))
    try store.put(try #require(try model.value(of: key.description)), at: key.description)
    let array = try ZarrArray.open(in: store)
    let writer = try SegmentWriter(for: array)
    try writer.appender.append("a")
    let segment = try writer.finish()
    let error = #expect(throws: ZarrError.self) { try array.commit([segment]) }
    guard case .unconditional? = error?.storeError else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try ZarrArray.open(in: store).shape == [0])
  }
}
