public import ChunkEngine

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Data: BlobConvertible {
  public var blobByteCount: Int { count }

  public func withBlobBytes(_ body: (RawSpan) throws(ChunkError) -> Void) throws(ChunkError) {
    try body(bytes)
  }
}

extension BlobView {
  /// Copies of the elements.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the elements. Allocates once an element.
  public func data() -> [Data] {
    indices.map { index in
      unsafe self[index].withUnsafeBytes { unsafe Data($0) }
    }
  }
}
