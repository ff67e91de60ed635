import ArgumentParser

/// How chunks are compressed, as the `--codec` flag says it.
enum Compression: Sendable, Hashable {
  /// Stored as they are.
  case none
  /// Zstandard at a level.
  case zstd(level: Int)
  /// LZ4 blocks behind their length, with an acceleration.
  case lz4(acceleration: Int)
  /// gzip at a level.
  case gzip(level: Int)
  /// Blosc with an inner compressor at a level.
  case blosc(compressor: String, level: Int)

  /// The inner compressors that Blosc knows.
  static let bloscCompressors = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"]
}

extension Compression: ExpressibleByArgument {
  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.map { Int($0) }
    switch (parts.first, parts.count) {
    case ("none", 1): self = .none
    case ("zstd", 1): self = .zstd(level: 3)
    case ("lz4", 1): self = .lz4(acceleration: 1)
    case ("gzip", 1): self = .gzip(level: 5)
    case ("blosc", 1): self = .blosc(compressor: "lz4", level: 5)
    case ("blosc", 2) where Self.bloscCompressors.contains(String(parts[1])):
      self = .blosc(compressor: String(parts[1]), level: 5)
    case ("zstd", 2):
      guard let level = numbers[1], (-131_072...22).contains(level) else { return nil }
      self = .zstd(level: level)
    case ("lz4", 2):
      guard let acceleration = numbers[1], (1...65_537).contains(acceleration) else { return nil }
      self = .lz4(acceleration: acceleration)
    case ("gzip", 2):
      guard let level = numbers[1], (0...9).contains(level) else { return nil }
      self = .gzip(level: level)
    case ("blosc", 3) where Self.bloscCompressors.contains(String(parts[1])):
      guard let level = numbers[2], (0...9).contains(level) else { return nil }
      self = .blosc(compressor: String(parts[1]), level: level)
    default: return nil
    }
  }
}

extension Compression: CustomStringConvertible {
  /// The flag's value.
  var description: String {
    switch self {
    case .none: "none"
    case .zstd(let level): "zstd:\(level)"
    case .lz4(1): "lz4"
    case .lz4(let acceleration): "lz4:\(acceleration)"
    case .gzip(let level): "gzip:\(level)"
    case .blosc(let compressor, let level): "blosc:\(compressor):\(level)"
    }
  }
}
