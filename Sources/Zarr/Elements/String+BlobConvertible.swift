public import ChunkEngine

/// A string is the bytes of its UTF-8, and makes an array of text.
extension String: BlobConvertible {
  public static var isText: Bool { true }

  public var blobByteCount: Int { utf8.count }

  public func withBlobBytes(_ body: (RawSpan) throws(ChunkError) -> Void) throws(ChunkError) {
    // Twice as fast as a span of the string; it has no storage to show only where it came from another
    // runtime.
    var failure: ChunkError?
    let isShown: Void? = unsafe utf8.withContiguousStorageIfAvailable { bytes in
      do throws(ChunkError) {
        try body(unsafe RawSpan(_unsafeElements: bytes))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if isShown == nil {
      try Array(utf8).withBlobBytes(body)
    }
  }
}
