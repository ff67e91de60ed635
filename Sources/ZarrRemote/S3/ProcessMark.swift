import ZarrPlatform

/// A process, named so that others on the same machine can tell whether it is gone.
///
///     3f5c0a…  4711  88123
///     │        │     when it started, in ticks since the machine did
///     │        its number
///     digest of the boot of the machine, and of the namespace of the number
///
/// A process of another machine or container is never taken for one that is gone.
struct ProcessMark: Hashable, CustomStringConvertible {
  private let place: String
  private let number: pid_t
  private let start: Int

  var description: String { "\(place) \(number) \(start)" }

  /// A process of this machine, or nil if the system does not tell all of it.
  init?(of number: pid_t = getpid()) {
    guard let place = Self.ownPlace, let start = Self.start(of: number) else { return nil }
    (self.place, self.number, self.start) = (place, number, start)
  }

  /// Reads what ``description`` has written, or returns nil if it is something else.
  init?(_ text: String) {
    let fields = text.split(separator: " ", omittingEmptySubsequences: false)
    guard fields.count == 3, let number = parseDecimal(fields[1]).flatMap({ pid_t(exactly: $0) }), number > 0,
      let start = parseDecimal(fields[2])
    else { return nil }
    (place, self.number, self.start) = (String(fields[0]), number, start)
  }

  /// Whether the process has ended, for sure.
  var isGone: Bool {
    guard place == Self.ownPlace else { return false }
    // A number is used again, but not with the same start.
    if kill(number, 0) != 0 { return errno == ESRCH }
    return Self.start(of: number).map { $0 != start } ?? false
  }

  /// A namespace has its number for as long as there is a process in it.
  private static var ownPlace: String? {
    guard let boot = SharedConfiguration.text(of: "/proc/sys/kernel/random/boot_id"), !boot.isEmpty else {
      return nil
    }
    var name = [CChar](repeating: 0, count: 128)
    guard unsafe readlink("/proc/self/ns/pid", &name, name.count - 1) > 0 else { return nil }
    let namespace = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return hexadecimal(Digest.sha256(boot + namespace).prefix(8))
  }

  private static func start(of number: pid_t) -> Int? {
    guard let text = SharedConfiguration.text(of: "/proc/\(number)/stat"),
      let end = text.utf8.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    // The name of the program may have anything in it. The start is field 22, and the name is field 2.
    let fields = text[end...].split(separator: " ")
    return fields.count > 20 ? parseDecimal(fields[20]) : nil
  }
}

extension S3Store {
  /// The field of an object that has the ``ProcessMark`` of its writer.
  static let processName = "x-amz-meta-zarr-vlen-process"
}
