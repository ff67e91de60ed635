import Foundation

/// The most memory that this process had at a time, as the system counts it.
///
/// Other tests of the process count too, so it is for exit tests, which have a process of their own.
public enum PeakMemory {
  /// Returns by how many bytes the process grew at most while `body` ran.
  public static func growth(during body: () throws -> Void) throws -> Int {
    // Makes the peak that of now.
    try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
    let before = try byteCount("VmRSS")
    try body()
    return try ofProcess() - before
  }

  /// Returns the most bytes that the process had, since it began or since ``growth(during:)`` did.
  public static func ofProcess() throws -> Int { try byteCount("VmHWM") }

  private static func byteCount(_ field: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("\(field):") }),
      let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
    else { throw CocoaError(.fileReadCorruptFile) }
    return kibibytes << 10
  }
}
