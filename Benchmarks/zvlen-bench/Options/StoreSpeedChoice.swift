import ArgumentParser
import Zarr

/// Where arrays will be stored, which is slower than where settings are tried out.
enum StoreSpeedChoice: String, Sendable, CaseIterable, ExpressibleByArgument {
  case memory, drive, network

  /// How fast that is taken to be.
  var speed: StoreSpeed {
    switch self {
    case .memory: .memory
    case .drive: .drive
    case .network: .network
    }
  }

  /// The same in words.
  var summary: String {
    switch self {
    case .memory: "as fast as memory"
    case .drive: "1 GB/s and 0.1 ms a request"
    case .network: "100 MB/s and 20 ms a request"
    }
  }
}
