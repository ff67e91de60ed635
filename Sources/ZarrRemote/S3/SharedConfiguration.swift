import ChunkEngine
import Zarr
import ZarrPlatform

/// The profiles of the files that the AWS tools share.
struct SharedConfiguration {
  /// The settings of each profile.
  ///
  /// Names of settings are in lower case.
  private(set) var profiles: [String: [String: String]] = [:]

  /// The most bytes of a file.
  private static let limit = 4 << 20

  /// Reads the files, of which none has to be there.
  init(environment: [String: String]) {
    let home = environment["HOME"] ?? ""
    func path(_ name: String, _ usual: String) -> String {
      let path = environment[name] ?? "\(home)/.aws/\(usual)"
      return path.hasPrefix("~/") ? home + path.dropFirst(1) : path
    }
    // What both have is taken from the one with the credentials.
    add(Self.text(of: path("AWS_CONFIG_FILE", "config")), isConfiguration: true)
    add(Self.text(of: path("AWS_SHARED_CREDENTIALS_FILE", "credentials")), isConfiguration: false)
  }

  /// Adds the profiles of a text.
  private mutating func add(_ text: String?, isConfiguration: Bool) {
    var profile: String?
    for line in (text ?? "").split(whereSeparator: \.isNewline) {
      // A line that is set in belongs to the setting before it, such as those of `s3 =`.
      guard let first = line.first, first != " ", first != "\t" else { continue }
      guard first != "#", first != ";" else { continue }
      if first == "[" {
        let words = line.dropFirst().prefix { $0 != "]" }.split { $0 == " " || $0 == "\t" }
        switch words.count {
        case 1 where !isConfiguration || words[0] == "default": profile = String(words[0])
        case 2 where isConfiguration && words[0] == "profile": profile = String(words[1])
        default: profile = nil
        }
        if let profile { profiles[profile, default: [:]].merge([:]) { old, _ in old } }
      } else if let profile, let sign = line.firstIndex(of: "=") {
        let name = Self.trimmed(line[..<sign]).lowercased()
        var value = Self.trimmed(line[line.index(after: sign)...])
        if let comment = value.firstRange(of: " #") ?? value.firstRange(of: " ;") {
          value = Self.trimmed(value[..<comment.lowerBound])
        }
        profiles[profile, default: [:]][name] = value
      }
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop { $0 == " " || $0 == "\t" }
    let end = start.lastIndex { $0 != " " && $0 != "\t" && $0 != "\r" }
    return end.map { String(start[...$0]) } ?? ""
  }

  /// The text of a small file, or nil.
  static func text(of path: String) -> String? {
    guard let file = unsafe fopen(path, "rbe") else { return nil }
    defer { unsafe fclose(file) }
    return unsafe text(of: file)
  }

  /// The rest of an open file, or nil if it is too long.
  static func text(of file: UnsafeMutablePointer<FILE>) -> String? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { break }
      bytes += buffer.prefix(count)
      guard bytes.count <= limit else { return nil }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
