import ZarrPlatform

/// Why the tool could not do what it was asked for, in a line that says what to do.
struct ToolError: Error, CustomStringConvertible {
  let description: String

  /// The system's number for the error, if it comes from there.
  let code: Int32?

  /// Creates an error with its line.
  init(_ description: String) {
    self.description = description
    code = nil
  }

  /// Creates an error for a call to the system that failed.
  init(operation: String, path: String, code: Int32) {
    description = "could not \(operation) \(path): \(Platform.message(of: code))"
    self.code = code
  }
}

/// Nobody reads the output any more.
struct BrokenPipe: Error {}
