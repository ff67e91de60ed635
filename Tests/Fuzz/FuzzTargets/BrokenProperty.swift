/// A broken promise of the library for an input.
public struct BrokenProperty: Error, CustomStringConvertible {
  public let description: String
}

/// Throws ``BrokenProperty`` unless `condition` holds.
func check(_ condition: Bool, _ description: @autoclosure () -> String) throws(BrokenProperty) {
  guard condition else { throw BrokenProperty(description: description()) }
}

/// Returns the result of `body`, and throws ``BrokenProperty`` in place of its errors.
func must<Result>(_ description: @autoclosure () -> String, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as BrokenProperty {
    throw error
  } catch {
    throw BrokenProperty(description: "\(description()): \(error)")
  }
}
