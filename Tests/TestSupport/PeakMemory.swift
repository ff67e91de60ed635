import Foundation

/// The peak memory of this process, as the system counts it.
///
/// Use it in exit tests, which have a process of their own: it includes all tests of the process.
public enum PeakMemory {
  /// Returns the maximum growth of the process in bytes while `body` runs.
  public static func growth(during body: () throws -> Void) throws -> Int {
    // Sets the peak to the current memory.
    try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
    let before = try byteCount("VmRSS")
    try body()
    return try ofProcess() - before
  }

  /// Returns the peak in bytes since the start of the process or of ``growth(during:)``.
  public static func ofProcess() throws -> Int { try byteCount("VmHWM") }

  private static func byteCount(_ field: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("\(field):") }),
      let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
    else { throw CocoaError(.fileReadCorruptFile) }
    return kibibytes << 10
  }
}
