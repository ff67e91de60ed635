import Foundation

/// The peak memory of this process, as the kernel counts it.
enum PeakMemory {
  /// Restarts the count from the current memory, if the kernel allows it.
  ///
  /// - Returns: Whether the kernel allowed it.
  @discardableResult
  static func reset() -> Bool {
    guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return false }
    defer { try? file.close() }
    do {
      try file.write(contentsOf: Data("5".utf8))
      return true
    } catch {
      return false
    }
  }

  /// The peak of resident memory in bytes since the start or the last reset.
  static var residentByteCount: Int? { status("VmHWM") }

  /// The resident memory in bytes now.
  static var currentByteCount: Int? { status("VmRSS") }

  /// How far resident memory rises above where it is now while `body` runs, in bytes.
  static func growth(of body: () throws -> Void) rethrows -> Int? {
    let before = currentByteCount
    let isExact = reset()
    try body()
    guard isExact, let before, let peak = residentByteCount else { return nil }
    return max(0, peak - before)
  }

  private static func status(_ key: String) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    // VmHWM:	  1234 kB
    for line in text.split(separator: "\n") where line.hasPrefix(key + ":") {
      let words = line.split(whereSeparator: \.isWhitespace)
      return words.dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
    return nil
  }
}

/// Memory that a loop writes to, mapped from the system so that it starts out fresh.
@safe
final class OutputBuffer {
  /// The memory.
  @unsafe let bytes: UnsafeMutableRawBufferPointer

  /// Whether chunks follow one another; otherwise each overwrites the last one.
  let holdsAllChunks: Bool

  /// Maps `byteCount` bytes, none of which is in memory yet.
  ///
  /// - Throws: `POSIXError` where there is no room.
  init(byteCount: Int, holdsAllChunks: Bool) throws {
    let mapped = unsafe mmap(
      nil, max(1, byteCount), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { throw POSIXError(.ENOMEM) }
    unsafe bytes = UnsafeMutableRawBufferPointer(start: mapped, count: max(1, byteCount))
    self.holdsAllChunks = holdsAllChunks
  }

  deinit {
    unsafe munmap(bytes.baseAddress, bytes.count)
  }
}
