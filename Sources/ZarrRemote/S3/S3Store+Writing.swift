import ChunkEngine
import Zarr
import ZarrPlatform

/// Values are sent as a whole if they are small, and in parts while they are still gathered if they are large.
extension S3Store {
  /// The bytes of a part, unless that makes too many of them.
  private static let partByteCount = 8 << 20

  /// The most parts that a server takes.
  private static let partLimit = 10_000

  /// The field by which a writer knows its own value again: the names of the last writes of a value, each of
  /// which replaced what the one after it had written.
  ///
  /// The newest comes first.
  static let writeName = "x-amz-meta-zarr-vlen-write"

  /// Gathers a value and sends it.
  func send(
    _ key: StoreKey, if condition: WriteCondition?, byteCount: Int,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    let path = path(of: key)
    let write = ConditionalWrite(condition, before: history.writes(of: objectKey(of: key)), options)
    if let condition, !options.isShared { try compare(key, condition) }
    var arena = ByteArena()
    try arena.reserve(min(max(byteCount, 0), Self.multipartThreshold))
    var upload: MultipartUpload?
    do {
      let partByteCount = max(Self.partByteCount, (byteCount / (Self.partLimit - 1000) + 1023) & ~1023)
      try gather { part in
        var rest = part
        while rest.byteCount > 0 {
          // Until it is clear that the value is large, it is kept as a whole.
          let room = (upload == nil ? Self.multipartThreshold : partByteCount) - arena.count
          try arena.append(copying: rest.extracting(first: room))
          rest = rest.extracting(droppingFirst: room)
          guard rest.byteCount > 0 else { return }
          if upload == nil {
            let started = try MultipartUpload(self, key, write)
            upload = started
            let whole = try arena.takeBytes()
            for start in stride(from: 0, to: whole.byteCount, by: partByteCount) {
              var copy = ByteArena()
              try copy.append(
                copying: whole.bytes.extracting(start..<min(start + partByteCount, whole.byteCount)))
              if start + partByteCount <= whole.byteCount {
                try started.send(try copy.takeBytes())
              } else {
                swap(&arena, &copy)
              }
            }
          } else {
            try upload?.send(try arena.takeBytes())
            try arena.reserve(partByteCount)
          }
        }
      }
      if let upload {
        if arena.count > 0 { try upload.send(try arena.takeBytes()) }
        try upload.finish()
        return
      }
    } catch {
      upload?.abort()
      throw error
    }

    var request = S3Request(.put, objectKey(of: key))
    let body = try arena.takeBytes()
    request.body = body
    if client.usesChecksums {
      request.headers.append(HTTPHeader("x-amz-checksum-crc32c", Digest.crc32c(body.bytes)))
    }
    request.headers += write.headers + write.conditions
    let outcome = try client.perform(request, path: path)
    try settle(outcome, write, key)
  }

  /// Looks at the answer to a write.
  fileprivate func settle(_ outcome: S3Client.Outcome, _ write: ConditionalWrite, _ key: StoreKey) throws {
    let path = path(of: key)
    let status = outcome.response.status
    if outcome.response.isSuccess && outcome.failure == nil { return }
    let isRefusedCondition = status == 412 || status == 404 && write.isOfVersion
    // An attempt whose answer was lost may have been the one that wrote what is there now, or what was there before.
    if isRefusedCondition || outcome.failure?.code == "NoSuchUpload", outcome.isRepeated {
      let head = try client.perform(S3Request(.head, objectKey(of: key)), path: path)
      if WriteHistory.names(head.response).contains(write.id) { return }
    }
    if isRefusedCondition, outcome.failure?.code != "NoSuchBucket" { throw StoreError.changed(path: path) }
    throw outcome.refusal(path)
  }

  /// Compares what is there, for a server that does not.
  private func compare(_ key: StoreKey, _ condition: WriteCondition) throws {
    let found = try info(of: key).flatMap { $0.version.map { WriteCondition.version($0) } } ?? .absent
    guard found == condition else { throw StoreError.changed(path: path(of: key)) }
  }

  /// What is said of a write so that it is made once, and over nothing else than was seen.
  fileprivate struct ConditionalWrite {
    /// Tells this write from all others.
    let id = hexadecimal((0..<16).map { _ in UInt8.random(in: 0...255) })

    private let earlier: [String]

    let conditions: [HTTPHeader]

    /// Whether it replaces a version.
    let isOfVersion: Bool

    /// Prepares a write, over what the writes of ``WriteHistory`` have left.
    init(_ condition: WriteCondition?, before: (tag: String, names: [String])?, _ options: S3Options) {
      let isCompared = options.isShared
      if case .version(let version) = condition, let before, before.tag == version.text {
        earlier = before.names
      } else {
        earlier = []
      }
      switch condition {
      case .absent where isCompared: (conditions, isOfVersion) = ([HTTPHeader("If-None-Match", "*")], false)
      case .version(let version) where isCompared:
        // A version of another store is none that any value has.
        (conditions, isOfVersion) = ([HTTPHeader("If-Match", version.text ?? "\"\"")], true)
      default: (conditions, isOfVersion) = ([], false)
      }
    }

    var headers: [HTTPHeader] {
      let names = [id] + earlier.prefix(WriteHistory.length - 1)
      return [HTTPHeader(S3Store.writeName, names.joined(separator: " "))]
    }
  }

  /// A value that is sent in parts.
  @safe
  fileprivate final class MultipartUpload {
    private let store: S3Store
    private let key: StoreKey
    private let write: ConditionalWrite
    private let id: String
    private let parts = PartQueue()

    /// Begins to send a value.
    init(_ store: S3Store, _ key: StoreKey, _ write: ConditionalWrite) throws {
      self.store = store
      self.key = key
      self.write = write
      var request = S3Request(.post, store.objectKey(of: key))
      request.query = [("uploads", "")]
      request.headers = write.headers
      if store.client.usesChecksums {
        request.headers.append(HTTPHeader("x-amz-checksum-algorithm", "CRC32C"))
      }
      var arena = ByteArena()
      let path = store.path(of: key)
      let outcome = try store.client.perform(request, path: path, into: &arena)
      guard outcome.response.isSuccess else { throw outcome.refusal(path) }
      guard let id = XMLElement(parsing: arena.bytes)?["UploadId"], !id.isEmpty, id.utf8.count <= 2048 else {
        throw StoreError.malformedAnswer(path: path, reason: "it does not name the upload")
      }
      self.id = id
    }

    /// Sends the next part on another thread, and waits only while there are enough on their way.
    func send(_ bytes: SharedBytes) throws {
      let (store, key, id) = (store, key, id)
      try parts.add { number in
        let path = store.path(of: key)
        var request = S3Request(.put, store.objectKey(of: key))
        request.query = [("partNumber", "\(number)"), ("uploadId", id)]
        request.body = bytes
        let sum = store.client.usesChecksums ? Digest.crc32c(bytes.bytes) : nil
        if let sum { request.headers.append(HTTPHeader("x-amz-checksum-crc32c", sum)) }
        let outcome = try store.client.perform(request, path: path)
        guard outcome.response.isSuccess else { throw outcome.refusal(path) }
        guard let tag = outcome.response.headers["etag"], let escaped = tag.xmlEscaped else {
          throw StoreError.malformedAnswer(path: path, reason: "it has no tag of the part")
        }
        let checksum = sum.map { "<ChecksumCRC32C>\($0)</ChecksumCRC32C>" } ?? ""
        return "<Part>\(checksum)<ETag>\(escaped)</ETag><PartNumber>\(number)</PartNumber></Part>"
      }
    }

    /// Puts the parts together, and gives the value its place.
    func finish() throws {
      let list = try parts.finish()
      let path = store.path(of: key)
      var request = S3Request(.post, store.objectKey(of: key))
      request.query = [("uploadId", id)]
      request.headers = write.conditions
      request.mayFailInBody = true
      // Some servers copy all parts.
      request.stallTimeout = .seconds(120)
      request.body = try sharedBytes("<CompleteMultipartUpload>\(list.joined())</CompleteMultipartUpload>")
      var arena = ByteArena()
      let outcome = try store.client.perform(request, path: path, into: &arena)
      do {
        try store.settle(outcome, write, key)
      } catch {
        abort()
        throw error
      }
    }

    /// Has the server forget the parts.
    func abort() {
      _ = try? parts.finish()
      var request = S3Request(.delete, store.objectKey(of: key))
      request.query = [("uploadId", id)]
      // Whatever this does, the error that counts is the one before.
      _ = try? store.client.perform(request, path: store.path(of: key))
    }
  }
}

/// What is known of the last writes of values that were read.
///
/// A writer whose answer was lost asks whether the value is its own. If another writer has replaced it by then, the
/// name of the first write is found behind that of the second: who replaces a version has read its names.
final class WriteHistory: Sendable {
  /// How many writes of a value are remembered.
  static let length = 16

  private static let valueLimit = 1000

  private let values = Locked<[String: (tag: String, names: [String])]>([:])

  /// The names of the last writes of the value that an answer is about.
  static func names(_ response: HTTPResponse) -> [String] {
    response.headers[S3Store.writeName]?.split(separator: " ").prefix(length).map(String.init) ?? []
  }

  /// Takes note of what an answer says of the value of a key.
  func see(_ response: HTTPResponse, of key: String) {
    let names = Self.names(response)
    guard !names.isEmpty, let tag = response.headers["etag"] else { return }
    values.withLock { values in
      if values.count >= Self.valueLimit { values.removeAll() }
      values[key] = (tag, names)
    }
  }

  /// The last writes of the value of a key, and its tag then.
  func writes(of key: String) -> (tag: String, names: [String])? { values.withLock { $0[key] } }
}

/// Work on the parts of a value, a few at a time on threads of their own.
private final class PartQueue: @unchecked Sendable {
  /// The most parts on their way.
  private static let limit = 4

  // SAFETY: What follows is only touched while `lock` is held.
  private let lock = WaitingLock()
  private var results: [Result<String, any Error>?] = []
  private var runningCount = 0

  /// Starts work on the next part, with its number from 1 on.
  func add(_ work: @escaping @Sendable (Int) throws -> String) throws {
    let index = try lock.withLock {
      while runningCount >= Self.limit { lock.wait() }
      if case .failure(let error)?? = results.first(where: { if case .failure? = $0 { true } else { false } })
      {
        throw error
      }
      runningCount += 1
      results.append(nil)
      return results.count - 1
    }
    let monitor = ProgressMonitor.current
    let isStarted = Platform.startThread {
      let result = monitor.whileCurrent { Result { try work(index + 1) } }
      self.lock.withLock {
        self.results[index] = result
        self.runningCount -= 1
      }
      self.lock.broadcast()
    }
    guard !isStarted else { return }
    // Without another thread, this one does it.
    let result = Result { try work(index + 1) }
    lock.withLock {
      results[index] = result
      runningCount -= 1
    }
  }

  /// Waits for all parts, and returns what came of them in order.
  func finish() throws -> [String] {
    try lock.withLock {
      while runningCount > 0 { lock.wait() }
      return try results.compactMap { try $0?.get() }
    }
  }
}

/// Text as the body of a request.
func sharedBytes(_ text: String) throws -> SharedBytes {
  var arena = ByteArena()
  try arena.append(copying: text.utf8Bytes)
  return try arena.takeBytes()
}
