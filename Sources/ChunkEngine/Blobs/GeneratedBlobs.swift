/// Elements that are made when they are needed, straight in the memory that they are encoded in.
///
///     let numbers = GeneratedBlobs(count: 1000, byteCount: { _ in 8 }) { index, output in
///       for byte in withUnsafeBytes(of: index, Array.init) { output.append(byte) }
///     }
public struct GeneratedBlobs: BlobSource {
  public let count: Int
  private let byteCount: @Sendable (Int) throws(ChunkError) -> Int
  private let initializer: @Sendable (Int, inout OutputRawSpan) throws(ChunkError) -> Void

  /// Creates a source.
  ///
  /// Both closures are called from several threads at once.
  ///
  /// - Parameters:
  ///   - count: The number of elements.
  ///   - byteCount: The bytes that the element of an index has. Called twice for each element.
  ///   - initializer: Appends exactly these bytes to its argument.
  /// - Precondition: `count` is not negative. Both closures give the same each time that they are called.
  public init(
    count: Int, byteCount: @escaping @Sendable (Int) throws(ChunkError) -> Int,
    initializingWith initializer: @escaping @Sendable (Int, inout OutputRawSpan) throws(ChunkError) -> Void
  ) {
    precondition(count >= 0, "a source cannot have \(count) elements")
    self.count = count
    self.byteCount = byteCount
    self.initializer = initializer
  }

  public func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    var total = 0
    for index in range {
      total = try sum(total, byteCount(index))
    }
    return total
  }

  public func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    for index in range {
      try writer.append(byteCount: byteCount(index)) { output throws(ChunkError) in
        try initializer(index, &output)
      }
    }
  }
}
