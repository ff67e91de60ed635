import ChunkEngine
import Dispatch
import Synchronization
import TestSupport
import Testing
import Zarr

@testable import ZarrRemote

@Suite("Stores in buckets")
struct S3StoreTests {
  @Test("A store in SeaweedFS keeps the promises of stores")
  func seaweedfs() throws {
    let servers = try RemoteServers.shared
    try expectConforms(servers.makeStore(servers.seaweedfs))
  }

  @Test("A store of a whole bucket, over TLS with a certificate of one's own, keeps the promises of stores")
  func secure() throws {
    let servers = try RemoteServers.shared
    try expectConforms(servers.makeStore(servers.secure, prefix: ""))
  }
}
