import Foundation

/// The most memory that this process has held at once, as the kernel counts it.
enum PeakMemory {
  /// Starts counting anew from the memory held now, where the kernel allows it.
  ///
  /// - Returns: Whether it did.
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
