import ArgumentParser

/// Where encoded chunks go.
enum StoreChoice: Sendable, Hashable, ExpressibleByArgument, CustomStringConvertible {
  /// Into memory.
  case memory
  /// Into files below a directory.
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
