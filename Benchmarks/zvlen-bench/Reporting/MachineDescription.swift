import CFloor
import Foundation

/// The machine of a measurement.
struct MachineDescription: Encodable, Sendable {
  /// The processor's model name.
  let processor: String
  /// The cores that this process may use.
  let cores: Int
  /// The main memory in bytes.
  let memoryBytes: Int
  /// The distribution and its version.
  let operatingSystem: String
  /// The kernel and its version.
  let kernel: String

  /// The machine that runs this process.
  static var current: MachineDescription {
    MachineDescription(
      processor: value(of: "model name", in: "/proc/cpuinfo", separator: ":") ?? "unknown",
      cores: ProcessInfo.processInfo.activeProcessorCount,
      memoryBytes: Int(clamping: ProcessInfo.processInfo.physicalMemory),
      operatingSystem: value(of: "PRETTY_NAME", in: "/etc/os-release", separator: "=") ?? "unknown",
      kernel: "Linux " + (line(of: "/proc/sys/kernel/osrelease") ?? "unknown"))
  }

  /// The machine in one line.
  var summary: String {
    let memory = Figure.fixed(Double(memoryBytes) / Double(1 << 30), places: 1)
    return "\(processor), \(cores) cores, \(memory) GiB, \(operatingSystem), \(kernel)"
  }

  private static func line(of path: String) -> String? {
    let text = try? String(contentsOfFile: path, encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func value(of key: String, in path: String, separator: Character) -> String? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: separator, maxSplits: 1)
      if parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == key {
        return parts[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t\""))
      }
    }
    return nil
  }
}

/// The versions that a measurement was built with.
struct LibraryVersions: Encodable, Sendable {
  /// The Swift standard library in use.
  let swift: String
  /// The linked libzstd.
  let zstd: String
  /// The linked liblz4.
  let lz4: String

  /// The versions in this process.
  static var current: LibraryVersions {
    // SAFETY: Both libraries return strings that live as long as the process.
    unsafe LibraryVersions(
      swift: swiftVersion, zstd: String(cString: floor_zstd_version()),
      lz4: String(cString: floor_lz4_version()))
  }

  /// The compiler's version, as far as source code can tell.
  private static var swiftVersion: String {
    #if compiler(>=6.4)
    "6.4 or newer"
    #elseif compiler(>=6.3.1)
    "6.3.1 or newer"
    #else
    "6.3"
    #endif
  }
}

extension CommandLine {
  /// The command line of this process, without the directory of the program.
  static var words: String {
    (["zvlen-bench"] + arguments.dropFirst())
      .map { $0.contains(" ") ? "'\($0)'" : $0 }
      .joined(separator: " ")
  }
}
