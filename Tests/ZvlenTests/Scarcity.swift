import Foundation
import Glibc
import TestSupport

/// Something that the system may not give, and how a shell takes it away from the tool and gives it back.
enum Scarcity: String, CaseIterable, Sendable {
  /// A disk that is full: a small one in memory, which only the shell can see.
  case space
  /// A file that may not grow.
  case fileSize
  /// A process that may not have more files open.
  case files
  /// A file system that was made read-only.
  case readOnlyFileSystem
  /// A directory in which nothing may be changed.
  case readOnlyDirectory

  /// Those that this machine allows.
  ///
  /// Not every one lets its users mount file systems; some are always there.
  static let possible = allCases.filter { scarcity in
    (!scarcity.needsMount || unshare != nil) && !(scarcity == .fileSize && Sanitizer.isThread)
  }

  private var needsMount: Bool { self == .space || self == .readOnlyFileSystem }

  /// The command in front of the shell.
  var shell: [String] { (needsMount ? Self.unshare : nil) ?? ["/usr/bin/env"] }

  /// Prepares the directory `$disk`.
  var prepare: String { needsMount ? "mount -t tmpfs -o size=4m none \"$disk\"" : ":" }

  /// Takes it away, in `$disk`.
  var take: String {
    switch self {
    case .space: "head -c 3800000 /dev/zero > filler"
    case .fileSize, .files: ":"
    case .readOnlyFileSystem: "mount -o remount,ro \"$disk\""
    case .readOnlyDirectory: "chmod -R a-w ."
    }
  }

  /// Gives it back.
  var giveBack: String {
    switch self {
    case .space: "rm filler"
    case .fileSize, .files: ":"
    case .readOnlyFileSystem: "mount -o remount,rw \"$disk\""
    case .readOnlyDirectory: "chmod -R u+w ."
    }
  }

  /// What is said in front of `exec`, to the process that becomes the tool.
  var limit: String {
    switch self {
    // The system would end a process that does not ignore signal 25, SIGXFSZ.
    case .fileSize: "trap '' 25; ulimit -S -f 16"
    case .files: "ulimit -S -n 6"
    default: ":"
    }
  }

  /// What is in front of the tool: root may write to any directory unless that right is taken away.
  var prefix: String {
    self == .readOnlyDirectory && getuid() == 0 ? "setpriv --bounding-set=-dac_override,-dac_read_search" : ""
  }

  /// What the system calls it.
  var cause: String {
    let code =
      switch self {
      case .space: ENOSPC
      case .fileSize: EFBIG
      case .files: EMFILE
      case .readOnlyFileSystem: EROFS
      case .readOnlyDirectory: EACCES
      }
    return String(cString: strerror(code))
  }

  /// What gives a shell mounts of its own, or nil if nothing does.
  private static let unshare: [String]? = {
    for options in [["-m"], ["-rm"]] {
      let command = ["/usr/bin/env", "unshare"] + options
      let process = Process()
      process.executableURL = URL(fileURLWithPath: command[0])
      process.arguments = command.dropFirst() + ["sh", "-c", "mount -t tmpfs none /tmp"]
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { continue }
      process.waitUntilExit()
      if process.terminationStatus == 0 { return command }
    }
    return nil
  }()
}
