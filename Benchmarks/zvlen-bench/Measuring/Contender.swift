/// One side of a comparison.
struct Contender {
  /// What it is called in the table.
  let name: String

  /// Does the work once and returns the seconds that count; what it prepares and clears away does not.
  let body: () throws -> Double

  /// Creates a contender.
  init(_ name: String, body: @escaping () throws -> Double) {
    self.name = name
    self.body = body
  }
}
