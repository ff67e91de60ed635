public import ArgumentParser
public import Zarr

/// The place of encoded chunks.
enum StoreChoice: Sendable, Hashable, ExpressibleByArgument, CustomStringConvertible {
  /// Memory.
  case memory
  /// Files below a directory.
  case directory(String)

  init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    self = argument == "memory" ? .memory : .directory(argument)
  }

  var description: String {
    switch self {
    case .memory: "memory"
    case .directory(let path): path
    }
  }
}

/// The place where arrays will be stored, which is slower than where settings are tried.
enum StoreSpeedChoice: String, Sendable, CaseIterable, ExpressibleByArgument {
  case memory, drive, network

  /// The assumed speed.
  var speed: StoreSpeed {
    switch self {
    case .memory: .memory
    case .drive: .drive
    case .network: .network
    }
  }

  /// The assumed speed in words.
  var summary: String {
    switch self {
    case .memory: "as fast as memory"
    case .drive: "1 GB/s and 0.1 ms a request"
    case .network: "100 MB/s and 20 ms a request"
    }
  }
}

extension TuningGoal: ExpressibleByArgument {
  /// The goal in words.
  var title: String {
    switch self {
    case .balanced: "a balance of speed and size"
    case .write: "the fastest write"
    case .read: "the fastest read of everything"
    case .size: "the smallest result"
    case .random: "the fastest read of single blobs"
    }
  }
}
