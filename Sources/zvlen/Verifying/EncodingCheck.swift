import ChunkEngine
import Zarr

/// Encodes the elements of an array again, in memory, and sees that they come back.
struct EncodingCheck {
  private let array: ZarrArray

  /// An array in memory that is described by the same documents.
  private let copy: ZarrArray

  /// Whether elements come back as they were, which codecs that round do not promise.
  private let isExact: Bool

  /// The codecs that compute with numbers, without what numcodecs has in front of their names.
  private static let computing: Set<String> = [
    "astype", "bitround", "cast_value", "delta", "fixedscaleoffset", "quantize", "scale_offset",
  ]

  /// The bytes that a document has at most.
  private static let documentLimit = MetadataLimits().byteCount

  /// Prepares for an array, or returns nil if it cannot be written.
  ///
  /// - Throws: `ZarrError` and `StoreError`
  init?(of array: ZarrArray) throws {
    let store = MemoryStore()
    for name in ["zarr.json", ".zattrs", ".zarray"] {
      guard
        let document = try array.store.bytes(
          of: try StoreKey(array.path.key(name)), limit: Self.documentLimit)
      else { continue }
      // SAFETY: Bytes have no padding.
      try store.write(try StoreKey(name), unsafe document.span.bytes)
    }
    var access = array.access
    access.damageReport = nil
    copy = try ZarrArray.open(in: store, access: access)
    guard copy.readingObstacle == nil else { return nil }
    self.array = array
    isExact = array.metadata.codecs.allSatisfy { codec in
      !Self.computing.contains(codec.name.split(separator: ".").last.map(String.init) ?? "")
    }
  }

  /// Encodes the elements of a chunk, and decodes them again.
  ///
  /// - Throws: `ZarrError`, and ``ToolError`` if other elements come back.
  func check(_ region: ArrayRegion, ofChunkAt position: [Int]) throws {
    let elements = try array.read(region)
    defer { try? copy.store.delete(copy.key(ofChunkAt: position)) }
    do {
      try copy.write(checked: elements, to: region)
    } catch ZarrError.notWritable {
      // A codec that is not known was left out.
      return
    } catch {
      try Self.checkDamage(error)
      throw ToolError("cannot be encoded again: \(Self.reason(error))")
    }
    let again: BlobView
    do {
      again = try copy.read(region)
    } catch {
      try Self.checkDamage(error)
      throw ToolError("cannot be read when it is encoded again: \(Self.reason(error))")
    }
    guard isExact else { return }
    for index in elements.indices where !elements.blobs[index].isEqual(to: again.blobs[index]) {
      throw ToolError("element \(index) of the chunk is another one when it is encoded again")
    }
  }

  /// Throws an error again that says nothing of the elements.
  private static func checkDamage(_ error: any Error) throws {
    if [.limit, .unavailable].contains(FailureKind(of: error)) { throw error }
  }

  private static func reason(_ error: any Error) -> any Error {
    (error as? ZarrError)?.chunkError ?? error
  }
}
