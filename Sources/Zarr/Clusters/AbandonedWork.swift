import ChunkEngine
import ZarrPlatform

/// What a job has left beside an array that will not become a part of it.
public struct AbandonedWork: Hashable, Sendable {
  /// What is left.
  public enum Kind: String, Sendable {
    /// Elements that no commit has put into the array.
    case segment
    /// What a commit was to do, or has done: it tells who repeats the commit where its rows are.
    case commit
    /// The marks of parts of an array that is finished, or was planned in another way.
    case parts
    /// A large value that was sent in part: a bucket keeps what has arrived, and lists it nowhere else.
    case upload
  }

  public let kind: Kind

  /// Its name among those of its kind; of an upload, the key that the value would have.
  public let name: String

  /// The keys of its values; none of an upload.
  public let keys: [StoreKey]

  /// When it was begun, in seconds since 1970 by the clock of the worker, or nil if that is not known.
  public let beginning: Int?

  /// The upload that it is, or nil.
  let upload: UnfinishedUpload?
}

/// A store that takes large values in parts, and keeps those of writers that were killed.
package protocol UploadingStore: Store {
  /// Finds the values below a prefix of which only parts were sent.
  func unfinishedUploads(below prefix: String) throws -> [UnfinishedUpload]

  /// The bytes of the parts, or 0 if they are gone.
  func byteCount(of upload: UnfinishedUpload) throws -> Int

  /// Removes the parts, if they are there.
  func abort(_ upload: UnfinishedUpload) throws
}

/// A value of which only parts were sent.
package struct UnfinishedUpload: Hashable, Sendable {
  /// The key that the value would have in the store.
  package let key: String

  /// What the server calls the upload.
  package let id: String

  /// How long ago it was begun, in seconds by the clock of the server.
  package let age: Int

  package init(key: String, id: String, age: Int) {
    self.key = key
    self.id = id
    self.age = age
  }
}

extension ZarrArray {
  /// Finds what jobs have left beside the array that will not become a part of it.
  ///
  /// A segment is left if its worker died, or if no one committed it. One that a worker is still writing, or that is to
  /// be committed, looks the same: ask for an age that no job reaches.
  ///
  /// - Parameter age: How long ago the work has to have begun. What does not tell its age is always found.
  /// - Returns: The work, in the order of its names.
  /// - Throws: ``ZarrError/store(path:reason:)``
  /// - Complexity: O(*n*) where *n* is the number of values that are beside the array.
  @available(*, noasync)
  public func abandonedWork(olderThan age: Duration) throws(ZarrError) -> [AbandonedWork] {
    try zarrErrors(at: location) {
      let keys = SharedKeys(of: self)
      let latest = time(nil) - Int(clamping: age.components.seconds)
      let work = try documentForReading().sharedWork
      // What a commit takes that is not complete is not left.
      var taken: Set<String> = []
      if let id = work.commit { taken = try SegmentCommit(to: self).segments(ofCommit: id).union([id]) }
      var found: [AbandonedWork] = []
      func find(_ kind: AbandonedWork.Kind, below prefix: String, isNamed: (String) -> Bool) throws {
        var names: [String: [StoreKey]] = [:]
        let start = prefix.utf8.count + 1
        for key in try store.list(prefix) {
          let rest = key.description.utf8.dropFirst(start)
          var name = String(Substring(rest.prefix { $0 != UInt8(ascii: "/") }))
          if name.hasSuffix(".json") { name.removeLast(5) }
          if isNamed(name) { names[name, default: []].append(key) }
        }
        for (name, keys) in names.sorted(by: { $0.key < $1.key }) where !taken.contains(name) {
          let beginning = kind == .parts ? nil : Segment.seconds(of: name)
          if let beginning, beginning > latest { continue }
          found.append(
            AbandonedWork(kind: kind, name: name, keys: keys, beginning: beginning, upload: nil))
        }
      }
      try find(.segment, below: keys.segments) { Segment.isID($0) }
      try find(.commit, below: keys.commits) { Segment.isID($0.prefix(32)) }
      try find(.parts, below: keys.parts) { $0 != work.parts?.name }
      return found
    }
  }

  /// Finds values below the array that were sent to a bucket in part, by writers that did not come to the end.
  ///
  /// They are chunks or shards of 16 MiB and more. Their bytes are paid for, and nothing else shows them. One that a
  /// writer still sends looks the same.
  ///
  /// - Parameter age: How long ago the upload has to have begun, by the clock of the server.
  /// - Returns: The uploads, in the order of their keys. A store without uploads has none.
  /// - Throws: ``ZarrError/store(path:reason:)``, with ``StoreError/refused(path:status:reason:)`` for a server that does
  ///   not list uploads, or not for you.
  /// - Complexity: A request for each thousand uploads.
  @available(*, noasync)
  public func unfinishedUploads(olderThan age: Duration) throws(ZarrError) -> [AbandonedWork] {
    try zarrErrors(at: location) { try store.unfinishedUploads(below: path.description, olderThan: age) }
  }

  /// The bytes that abandoned work takes.
  ///
  /// - Throws: ``ZarrError/store(path:reason:)``
  /// - Complexity: A request for each value, many at a time, and one for each thousand parts of an upload.
  @available(*, noasync)
  public func byteCount(of work: AbandonedWork) throws(ZarrError) -> Int {
    try zarrErrors(at: location) { try store.byteCount(of: work) }
  }

  /// Removes what jobs have left.
  ///
  /// A commit that is under way at the same time finds its segments or not, and does not lose some of them.
  ///
  /// - Parameter work: What ``abandonedWork(olderThan:)`` and ``unfinishedUploads(olderThan:)`` have found.
  /// - Throws: ``ZarrError/store(path:reason:)``, with ``StoreError/unconditional(path:)`` for a store that cannot compare
  ///   what it replaces.
  @available(*, noasync)
  public func remove(_ work: [AbandonedWork]) throws(ZarrError) {
    try zarrErrors(at: location) {
      try store.abort(work)
      let work = work.filter { $0.upload == nil }
      let commit = SegmentCommit(to: self)
      // What is removed at a time is written down before.
      let most = 10_000
      var removed: [StoreKey] = []
      for (number, left) in work.enumerated() {
        removed += left.keys
        guard removed.count >= most || number == work.count - 1 else { continue }
        try commit.remove(removed)
        removed = []
      }
      guard let files = store as? FileStore else { return }
      let keys = SharedKeys(of: self)
      for left in work where left.kind == .segment { try files.deleteAll(keys.segment(left.name)) }
      for left in work where left.kind == .parts { try files.deleteAll("\(keys.parts)/\(left.name)") }
    }
  }
}

/// The same for a store, where there may be no array yet.
extension Store {
  /// Finds values below a prefix that were sent in part.
  ///
  /// - Throws: ``StoreError``
  package func unfinishedUploads(
    below prefix: String, olderThan age: Duration
  ) throws -> [AbandonedWork] {
    guard let store = self as? any UploadingStore else { return [] }
    let now = time(nil)
    return try store.unfinishedUploads(below: prefix)
      .filter { .seconds($0.age) >= age }
      .sorted { ($0.key, $0.id) < ($1.key, $1.id) }
      .map {
        AbandonedWork(kind: .upload, name: $0.key, keys: [], beginning: now - $0.age, upload: $0)
      }
  }

  /// The bytes that abandoned work takes.
  ///
  /// - Throws: ``StoreError``
  package func byteCount(of work: AbandonedWork) throws -> Int {
    if let upload = work.upload { return try (self as? any UploadingStore)?.byteCount(of: upload) ?? 0 }
    let sum = Locked(0)
    try forEach(below: work.keys.count) { index in
      // It may be gone by now.
      let byteCount = try byteCount(of: work.keys[index]) ?? 0
      sum.withLock { $0 = sumOrMaximum($0, byteCount) }
    }
    return sum.withLock { $0 }
  }

  /// Removes the uploads among abandoned work.
  ///
  /// - Throws: ``StoreError``
  package func abort(_ work: [AbandonedWork]) throws {
    guard let store = self as? any UploadingStore else { return }
    let uploads = work.compactMap(\.upload)
    try forEach(below: uploads.count) { try store.abort(uploads[$0]) }
  }
}
