import ChunkEngine
import Foundation
import Zarr

/// The blobs as a caller has them, and how they get into an array.
enum EngineSource {
  /// One buffer and offsets.
  case arena(Corpus)
  /// One array of bytes for each blob.
  case objects([[UInt8]])
  /// One `Data` for each blob.
  case data([Data])
  /// One blob at a time through an appender.
  case stream(Corpus, memoryBudget: Int)

  /// Lays the blobs out in memory.
  init(_ corpus: Corpus, _ kind: SourceKind, memoryBudget: Int) {
    switch kind {
    case .arena: self = .arena(corpus)
    case .objects: self = .objects((0..<corpus.count).map { Array(corpus.bytes[corpus.range(of: $0)]) })
    case .data: self = .data((0..<corpus.count).map { Data(corpus.bytes[corpus.range(of: $0)]) })
    case .stream: self = .stream(corpus, memoryBudget: memoryBudget)
    }
  }

  /// The number of elements of an array before it is written.
  func initialCount(_ corpus: Corpus) -> Int {
    if case .stream = self { 0 } else { corpus.count }
  }

  /// Writes all blobs.
  func write(to array: ZarrArray) throws {
    switch self {
    case .arena(let corpus):
      // SAFETY: Bytes have no padding.
      try withContiguousBlobs(unsafe corpus.bytes.span.bytes, offsets: corpus.offsets.span) { blobs in
        try array.write(blobs: blobs)
      }
    case .objects(let blobs): try array.write(blobs: blobs)
    case .data(let blobs): try array.write(blobs: blobs)
    case .stream(_, let memoryBudget):
      let appender = try Appender(to: array, memoryBudget: memoryBudget)
      try append(to: appender)
      try appender.finish()
    }
  }

  /// Appends all blobs.
  func append(to appender: Appender) throws {
    switch self {
    case .arena(let corpus):
      // SAFETY: Bytes have no padding.
      try withContiguousBlobs(unsafe corpus.bytes.span.bytes, offsets: corpus.offsets.span) { blobs in
        try appender.append(blobs: blobs)
      }
    case .objects(let blobs): try appender.append(blobs: blobs)
    case .data(let blobs): try appender.append(blobs: blobs)
    case .stream(let corpus, _):
      for index in 0..<corpus.count {
        try appender.append(blob: corpus[index])
      }
    }
  }
}
