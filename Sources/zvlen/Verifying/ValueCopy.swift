import ChunkEngine
import Zarr

/// Copies a value from one store to another, however large it is.
struct ValueCopy {
  private let key: StoreKey
  private let source: any Store
  private let target: any Store

  /// The bytes that are read at a time.
  private static let blockByteCount = 4 << 20

  init(_ key: StoreKey, from source: any Store, to target: any Store) {
    self.key = key
    self.source = source
    self.target = target
  }

  /// Copies the value.
  ///
  /// - Throws: `StoreError`
  func run() throws {
    guard let value = try source.openValue(key) else { return }
    try target.write(key, byteCount: value.byteCount) { append in
      var arena = ByteArena()
      var start = 0
      while start < value.byteCount {
        arena.removeAll()
        let end = min(value.byteCount, start + Self.blockByteCount)
        try value.read(start..<end, into: &arena)
        guard arena.count > 0 else { return }
        try append(arena.bytes)
        start += arena.count
      }
    }
  }
}
