import ChunkEngine
import ZarrPlatform

/// An open file.
final class FileValue: StoredValue {
  private let file: FileDescriptor
  let byteCount: Int
  let version: StoredVersion?
  let staysWhenReplaced: Bool

  /// Takes over an open file.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - staysWhenReplaced: Whether a writer puts a new file in its place, and does not write to this one.
  /// - Throws: ``StoreError/system(operation:path:code:)`` if it is no regular file.
  init(_ file: consuming FileDescriptor, staysWhenReplaced: Bool) throws(StoreError) {
    let status = try file.statusOfRegularFile()
    byteCount = Int(status.st_size)
    version = Self.version(status)
    self.staysWhenReplaced = staysWhenReplaced
    self.file = file
  }

  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    let range = range.clamped(to: 0..<byteCount)
    try file.read(range.count, at: range.lowerBound, into: &arena)
  }

  /// What tells the file from all others as long as it is open.
  func identity() throws(StoreError) -> FileIdentity { FileIdentity(try file.status()) }

  /// What tells the file from others that were in its place, and from what it was before, or nil if it was
  /// changed just now.
  private static func version(_ status: stat) -> StoredVersion? {
    guard isSettled(status) else { return nil }
    return StoredVersion(
      UInt64(status.st_dev), UInt64(status.st_ino), UInt64(bitPattern: Int64(status.st_size)),
      nanoseconds(status.st_mtim), nanoseconds(status.st_ctim))
  }

  /// Whether a file that is changed from now on gets another time than this one.
  ///
  /// The system's clock for files goes in steps of some milliseconds. Within a step a file could be replaced
  /// twice, by the number of an old one and with its size.
  private static func isSettled(_ status: stat) -> Bool {
    var now = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 else { return false }
    let step: UInt64 = 50_000_000
    let latest = max(nanoseconds(status.st_mtim), nanoseconds(status.st_ctim))
    return nanoseconds(now) > latest &+ step
  }

  private static func nanoseconds(_ time: timespec) -> UInt64 {
    UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec))
  }
}
