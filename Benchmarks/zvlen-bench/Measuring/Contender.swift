/// One side of a comparison.
struct Contender {
  /// What it is called in the table.
  let name: String

  /// Does the work once and returns the time that counts; what it prepares and clears away does not.
  let body: () throws -> Elapsed

  /// Creates a contender.
  init(_ name: String, body: @escaping () throws -> Elapsed) {
    self.name = name
    self.body = body
  }
}
