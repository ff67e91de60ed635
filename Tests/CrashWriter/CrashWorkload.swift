import ChunkEngine
public import Zarr

/// An array that a process writes until it is killed, and another one reads.
public enum CrashWorkload: String, CaseIterable, Sendable {
  case chunks
  case evenChunks
  case rows
  case sampled
  case shards
  case shardsOfRows

  /// The elements of a row along each dimension but the first.
  public var rowShape: [Int] {
    switch self {
    case .chunks, .evenChunks, .sampled, .shards: []
    case .rows, .shardsOfRows: [5]
    }
  }

  /// The number of elements of a row.
  public var rowCount: Int { rowShape.reduce(1, *) }

  /// The rows of the whole array.
  public var length: Int { 2000 }

  /// The options of the array.
  public var options: ArrayOptions {
    switch self {
    case .chunks: ArrayOptions(chunkSize: .rows(40), compressors: [.crc32c])
    case .evenChunks: ArrayOptions(chunkSize: .evenBytes(4000), compressors: [])
    case .rows: ArrayOptions(chunkSize: .shape([20, 2]), compressors: [])
    case .sampled: ArrayOptions(chunkSize: .bytes(4000), compressors: [.crc32c])
    case .shards: ArrayOptions(chunkSize: .rows(10), shardSize: .rows(200), compressors: [])
    case .shardsOfRows: ArrayOptions(chunkSize: .shape([4, 2]), shardSize: .shape([16, 4]), compressors: [])
    }
  }

  /// An element with unique bytes.
  public func element(_ index: Int) -> [UInt8] {
    let number = UInt64(truncatingIfNeeded: index) &* 0x9e37_79b9_7f4a_7c15
    return Array("\(index) ".utf8) + [UInt8](repeating: UInt8(number >> 56), count: Int(number >> 40) % 100)
  }

  /// The elements of some rows.
  public func elements(ofRows rows: Range<Int>) -> [[UInt8]] {
    (rows.lowerBound * rowCount..<rows.upperBound * rowCount).map(element)
  }
}
