import CSystemCalls
import ChunkEngine
package import ZarrPlatform

/// The path of a file as errors show it, which is put together only for them.
struct ShownPath {
  private let directory: String
  private let name: String

  /// The path of what has a name in a directory, or of the directory itself for an empty name.
  init(_ directory: String, name: String = "") {
    self.directory = directory
    self.name = name
  }

  var text: String { name.isEmpty ? directory : "\(directory)/\(name)" }
}

/// An open file or directory, closed with the value.
struct FileDescriptor: ~Copyable {
  private var number: Int32
  private let shownPath: ShownPath
  private var path: String { shownPath.text }

  /// Opens `name` in `directory`, or relative to the process where there is none; nil if there is no such
  /// file.
  ///
  /// - Parameters:
  ///   - name: The path of the file.
  ///   - directory: Where the path begins.
  ///   - flags: As the system has them.
  ///   - isBeneath: Whether links must not lead out of the directory. Kernels before 5.6 cannot tell where
  ///     they lead, so that none is followed there.
  ///   - path: What errors name.
  /// - Throws: ``StoreError/outside(path:)`` and ``StoreError/system(operation:path:code:)``.
  init?(
    opening name: String, in directory: Int32 = AT_FDCWD, flags: Int32, isBeneath: Bool = false,
    path: ShownPath
  ) throws(StoreError) {
    let flags = flags | O_CLOEXEC
    number = retrying {
      isBeneath
        ? unsafe csystemcalls_open_beneath(directory, name, flags, 0o666)
        : unsafe openat(directory, name, flags, 0o666)
    }
    shownPath = path
    guard number >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      if isBeneath, errno == EXDEV { throw .outside(path: path.text) }
      throw .system(operation: "open", path: path.text, code: errno)
    }
  }

  deinit {
    // Closing what was never opened would change `errno`, which callers look at.
    if number >= 0 { Glibc.close(number) }
  }

  /// The number by which the system knows it, valid as long as the value.
  var rawValue: Int32 { number }

  /// What the system knows of the file.
  func status() throws(StoreError) -> stat {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else {
      throw .system(operation: "look at", path: path, code: errno)
    }
    return status
  }

  /// What the system knows of the file, which has to be a regular one.
  func statusOfRegularFile() throws(StoreError) -> stat {
    let status = try status()
    switch status.st_mode & S_IFMT {
    case S_IFREG: return status
    case S_IFDIR: throw .system(operation: "read", path: path, code: EISDIR)
    default: throw .notFile(path: path)
    }
  }

  /// Appends up to `byteCount` bytes from `offset` on to `arena`, fewer if the file ends before.
  func read(_ byteCount: Int, at offset: Int, into arena: inout ByteArena) throws {
    var failure: Int32?
    try unsafe arena.appendUnsafe(addingCapacity: byteCount) { room in
      var count = 0
      while count < room.count {
        let result = retrying {
          unsafe pread(
            number, room.baseAddress.map { unsafe $0 + count }, room.count - count, off_t(offset + count))
        }
        guard result > 0 else {
          failure = result < 0 ? errno : nil
          break
        }
        count += result
      }
      return count
    }
    if let failure { throw StoreError.system(operation: "read", path: path, code: failure) }
  }

  /// Appends the content of a frame to `arena`, which is all of the file, and then what is around it.
  ///
  /// - Returns: Whether the file has as many bytes. If not, nothing is appended.
  func read(_ frame: ZstdRawFrame, into arena: inout ByteArena) throws -> Bool {
    var failure: Int32?
    var isWhole = true
    try unsafe arena.appendUnsafe(addingCapacity: frame.storedByteCount) { room in
      guard let start = room.baseAddress else { return 0 }
      var (offset, waiting) = (0, 0)
      var places: [iovec] = unsafe []
      func readWaiting() {
        let count = retrying { unsafe preadv(number, places, Int32(places.count), off_t(offset)) }
        if count < 0 { failure = errno }
        isWhole = isWhole && count == waiting
        offset += waiting
        waiting = 0
        unsafe places.removeAll(keepingCapacity: true)
      }
      frame.forEachPart { part in
        unsafe places.append(iovec(iov_base: start + part.lowerBound, iov_len: part.count))
        waiting += part.count
        if unsafe places.count == Self.mostPlaces { readWaiting() }
      }
      if waiting > 0 { readWaiting() }
      return isWhole ? offset : 0
    }
    if let failure { throw StoreError.system(operation: "read", path: path, code: failure) }
    return isWhole
  }

  /// The most places that one call to the system reads to or writes from: IOV_MAX.
  private static let mostPlaces = 1024

  /// Closes the file, and throws what the system has not told before, as some do of files on other machines.
  mutating func close() throws(StoreError) {
    let result = Glibc.close(number)
    number = -1
    // One that was interrupted is closed.
    guard result == 0 || errno == EINTR else { throw .system(operation: "write", path: path, code: errno) }
  }

  /// Throws what the system has not told before, as ``close()`` does, and keeps the file open.
  func reportFailure() throws(StoreError) {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0, Glibc.close(copy) == 0 || errno == EINTR else {
      throw .system(operation: "write", path: path, code: errno)
    }
  }

  /// Waits until all that was written is on the disk.
  func synchronize() throws(StoreError) {
    guard retrying({ fsync(number) }) == 0 else {
      throw .system(operation: "synchronize", path: path, code: errno)
    }
  }

  /// Writes all of `first` and then of `second` where the file is, with one call to the system if it takes all.
  func write(_ first: RawSpan, and second: RawSpan) throws(StoreError) {
    let count = unsafe first.withUnsafeBytes { first in
      unsafe second.withUnsafeBytes { second in
        let places = unsafe [first, second].map {
          unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
        }
        // SAFETY: The system only reads the bytes.
        return retrying { unsafe writev(number, places, 2) }
      }
    }
    guard count >= 0 else { throw .system(operation: "write", path: path, code: errno) }
    if count < first.byteCount { try write(first.extracting(count..<first.byteCount)) }
    try write(second.extracting(max(0, count - first.byteCount)..<second.byteCount))
  }

  /// Writes all of `bytes` where the file is, or at an offset.
  func write(_ bytes: RawSpan, at offset: Int? = nil) throws(StoreError) {
    try unsafe bytes.withUnsafeBytes { bytes throws(StoreError) in
      var count = 0
      while count < bytes.count {
        let result = retrying {
          let rest = unsafe bytes.baseAddress.map { unsafe $0 + count }
          return if let offset {
            unsafe pwrite(number, rest, bytes.count - count, off_t(offset + count))
          } else {
            unsafe Glibc.write(number, rest, bytes.count - count)
          }
        }
        guard result >= 0 else { throw .system(operation: "write", path: path, code: errno) }
        count += result
      }
    }
  }
}

/// Calls the system until it is not interrupted by a signal.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}

/// What tells a file from all others that there are.
package struct FileIdentity: Hashable {
  /// The file system that holds the file.
  package let device: UInt
  /// The number of the file in it.
  package let number: UInt

  /// Takes what tells a file from others from what the system knows of it.
  package init(_ status: stat) {
    (device, number) = (UInt(truncatingIfNeeded: status.st_dev), UInt(status.st_ino))
  }

  /// Looks at what has a name in a directory; nil if nothing does.
  init?(of name: String, in directory: Int32) {
    guard let status = stat(of: name, in: directory, followsLink: false) else { return nil }
    self.init(status)
  }
}

/// What tells a file from others that were in its place, and from what it was before.
package struct FileVersion: Hashable {
  private let device: dev_t
  private let number: ino_t
  private let byteCount: off_t
  private let modificationTime: UInt64
  private let changeTime: UInt64

  /// Takes what tells a file from others from what the system knows of it.
  package init(_ status: stat) {
    (device, number, byteCount) = (status.st_dev, status.st_ino, status.st_size)
    (modificationTime, changeTime) = (nanoseconds(status.st_mtim), nanoseconds(status.st_ctim))
  }

  /// Whether a file has only been given another name or other rights since then.
  func isSameFile(as other: FileVersion) -> Bool {
    device == other.device && number == other.number && byteCount == other.byteCount
      && modificationTime == other.modificationTime
  }

  /// Whether a file that is changed from now on gets another time than this one.
  ///
  /// The system's clock for files goes in steps of some milliseconds. Within a step a file could be replaced
  /// twice, by the number of an old one and with its size.
  var isSettled: Bool {
    var now = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 else { return false }
    let step: UInt64 = 50_000_000
    return nanoseconds(now) > max(modificationTime, changeTime) &+ step
  }
}

private func nanoseconds(_ time: timespec) -> UInt64 {
  UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec))
}

extension ValueInfo {
  /// What the system knows of a file.
  init(_ status: stat) {
    let version = FileVersion(status)
    self.init(
      byteCount: Int(status.st_size), version: StoredVersion(version, isSettled: version.isSettled))
  }
}
