import Zarr

extension NodeDestination {
  /// An error of the library with the path that was asked for, in place of the one where data is until it is
  /// whole.
  ///
  /// Errors of the tool name that one on purpose, as what to remove.
  func named(_ error: any Error) -> any Error {
    let text = "\(error)"
    guard error is ZarrError || error is StoreError, ownPaths[0] != ownPaths[1], text.contains(ownPaths[1])
    else { return error }
    return ToolError(text.replacing(ownPaths[1], with: ownPaths[0]) + ReadingOptions.advice(for: error))
  }
}
