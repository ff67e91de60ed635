extension NodeDestination {
  /// An error in which a path is the one that was asked for, and not that where data is until it is whole.
  func named(_ error: any Error) -> any Error {
    let text = "\(error)"
    guard ownPaths[0] != ownPaths[1], text.contains(ownPaths[1]) else { return error }
    return ToolError(text.replacing(ownPaths[1], with: ownPaths[0]) + ReadingOptions.advice(for: error))
  }
}
