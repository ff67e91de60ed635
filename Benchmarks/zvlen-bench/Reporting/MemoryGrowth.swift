/// How far resident memory rises above where it was when a piece of work began, in bytes.
///
/// The blobs that are written are there before and not part of it; the views that a read returns are.
struct MemoryGrowth: Encodable, Sendable {
  let writeBytes: Int?
  let readBytes: Int?
  let scanBytes: Int?

  /// The three in one line.
  var summary: String {
    [("write", writeBytes), ("read with views kept", readBytes), ("scan", scanBytes)]
      .map { "\($0.0) \($0.1.map(Figure.megabytes) ?? "-")" }
      .joined(separator: ", ")
  }
}
