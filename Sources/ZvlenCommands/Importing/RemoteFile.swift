import ChunkEngine
import Synchronization
import Zarr
import ZarrRemote

/// A file in a bucket, in an archive or at a web server, which is read once from its beginning or a later offset.
///
/// Some parts are on their way before they are asked for, so that reading runs at the bandwidth of the network.
final class RemoteFile {
  /// What errors call it: its URL without what may be secret.
  let name: String

  private let store: any Store
  private let key: StoreKey

  /// The parts that are on their way, in order.
  private var parts: [RemotePart] = []

  /// Where the part begins that is asked for next.
  private var next = 0

  /// What is known of the file, once its first part is there.
  private var info: ValueInfo?

  /// The bytes of the part in front, and how many of them were taken.
  private var current: (bytes: SharedBytes, position: Int)?

  private static let partByteCount = 8 << 20

  /// The most parts on their way.
  private static let partLimit = 4

  /// Finds the file of a URL, or returns nil if the text is a path.
  ///
  /// - Throws: `StoreError.invalidURL`, and errors of the store.
  init?(_ url: String) throws {
    guard url != LineImport.standardInputName, let (store, key) = try Stores.value(of: url) else {
      return nil
    }
    (self.store, self.key) = (store, key)
    name = Stores.redacted(url)
  }

  /// The size and a number that another version does not have, or nil if the server does not tell.
  var status: [Int]? {
    guard let info = try? store.info(of: key), let version = info.version?.text else { return nil }
    // SAFETY: Bytes have no padding.
    return [
      info.byteCount, Int(CRC32CCodec().checksum(of: unsafe version.utf8Span.span.bytes, continuing: 0)),
    ]
  }

  /// Begins at another offset.
  func seek(to offset: Int) {
    (parts, next, current, info) = ([], offset, nil, nil)
  }

  /// Reads the next bytes, at most as many as fit, and returns their number.
  ///
  /// It is 0 at the end.
  ///
  /// - Throws: ``ToolError`` if there is no such file, and errors of the store.
  func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      if let (bytes, position) = current, position < bytes.byteCount {
        let count = min(room.count, bytes.byteCount - position)
        // SAFETY: Both have so many bytes.
        unsafe bytes.bytes.withUnsafeBytes { bytes in
          unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
        }
        current = (bytes, position + count)
        return count
      }
      guard try advance() else { return 0 }
    }
  }

  /// Goes on to the next part, and returns whether there is one.
  private func advance() throws -> Bool {
    if info == nil {
      // Only the first part tells how many there are.
      parts = [RemotePart(store, key, next..<next + Self.partByteCount, of: nil)]
      next += Self.partByteCount
    }
    let byteCount = info?.byteCount ?? 0
    while parts.count < Self.partLimit, next < byteCount {
      parts.append(RemotePart(store, key, next..<next + Self.partByteCount, of: info?.version))
      next += Self.partByteCount
    }
    guard !parts.isEmpty else { return false }
    let part = parts.removeFirst()
    guard let found = try part.wait() else { throw ToolError("\(name): there is no such file") }
    info = info ?? found.info
    current = (found.bytes, 0)
    return found.bytes.byteCount > 0
  }
}

/// A part of a remote file, which another thread reads.
private final class RemotePart: Sendable {
  /// The bytes of the part, and what is known of the file.
  struct Found {
    let bytes: SharedBytes
    let info: ValueInfo
  }

  private let lock = WaitingLock()
  private let result = Locked<Result<Found?, any Error>?>(nil)

  /// Begins to read.
  init(_ store: any Store, _ key: StoreKey, _ range: Range<Int>, of version: StoredVersion?) {
    WorkerThreads.startOwn { [self] in
      let read = Result { () throws -> Found? in
        var arena = ByteArena()
        let info = try (Interruption.monitor as ProgressMonitor?).whileCurrent {
          try store.read(.range(range), of: key, ifVersion: version, limit: range.count, into: &arena)
        }
        guard let info else { return nil }
        return Found(bytes: try arena.takeBytes(), info: info)
      }
      lock.withLock { result.withLock { $0 = read } }
      lock.broadcast()
    }
  }

  /// Waits until it is there; nil if there is no such file.
  func wait() throws -> Found? {
    try lock.withLock {
      while true {
        if let result = result.withLock({ $0 }) { return try result.get() }
        try Interruption.check()
        lock.wait(atMost: WaitingLock.patience)
      }
    }
  }
}
