import ChunkEngine

/// What a write-back view has of a chunk.
struct WriteBackChunk {
  /// The elements that were there when the chunk was read.
  private enum Stored {
    /// The chunk was not read.
    case unknown
    /// The chunk is not stored, and all elements are the fill value.
    case absent
    /// The elements.
    case elements(BlobView)
  }

  /// The position of the chunk in the grid.
  let indices: [Int]

  /// The elements that are to be stored, by their index in the chunk.
  private(set) var changed: [Int: [UInt8]] = [:]

  private var stored = Stored.unknown

  /// The memory that this takes, about.
  private(set) var byteCount = Self.overheadByteCount

  /// When the chunk was used last, as the number of that use.
  var lastUse = 0

  private static let overheadByteCount = 256
  private static let elementOverheadByteCount = 64

  init(indices: [Int]) {
    self.indices = indices
  }

  /// Whether there is something to store.
  var isChanged: Bool { !changed.isEmpty }

  /// Sets an element.
  mutating func write(_ element: [UInt8], at index: Int) {
    let previous = changed.updateValue(element, forKey: index)
    byteCount += element.count - (previous.map(\.count) ?? -Self.elementOverheadByteCount)
  }

  /// Reads an element, and the chunk if that is not there yet.
  mutating func read(
    at index: Int, fillValue: [UInt8], _ read: () throws -> BlobView?
  ) throws -> [UInt8] {
    if let element = changed[index] { return element }
    if case .unknown = stored {
      if let view = try read() {
        byteCount += try view.byteCount(of: view.indices) + view.count * 12
        stored = .elements(view)
      } else {
        stored = .absent
      }
    }
    if case .elements(let view) = stored { return view.bytes(at: index) }
    return fillValue
  }

  /// Forgets what was changed, since it is stored, and what was read before that.
  mutating func markStored() {
    changed = [:]
    stored = .unknown
    byteCount = Self.overheadByteCount
  }
}
