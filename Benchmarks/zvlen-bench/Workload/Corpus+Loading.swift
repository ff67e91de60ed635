import Foundation

extension Corpus {
  /// Loads real data: each regular file below a directory is a blob, or each line of a file.
  ///
  /// A line feed at the end of the file ends the last line and begins no other. Files are taken in the order
  /// of their paths, and symbolic links are not followed.
  ///
  /// - Throws: ``BenchmarkError`` where something cannot be read or there are no blobs.
  init(loading path: String) throws {
    do {
      try self.init(reading: path)
    } catch let error as CocoaError {
      throw BenchmarkError.noData(path: path, reason: error.localizedDescription)
    }
    guard count > 0 else { throw BenchmarkError.noData(path: path, reason: "There are no blobs.") }
  }

  private init(reading path: String) throws {
    let location = URL(fileURLWithPath: path)
    let values = try location.resourceValues(forKeys: [.isDirectoryKey])
    if values.isDirectory == true {
      try self.init(files: Self.regularFiles(below: location))
    } else {
      self.init(lines: [UInt8](try Data(contentsOf: location, options: .mappedIfSafe)))
    }
  }

  private init(files: [URL]) throws {
    var bytes: [UInt8] = []
    var offsets: [Int64] = [0]
    for file in files {
      bytes.append(contentsOf: try Data(contentsOf: file))
      offsets.append(Int64(bytes.count))
    }
    self.init(bytes: bytes, offsets: offsets)
  }

  private init(lines text: [UInt8]) {
    let lineFeed = UInt8(ascii: "\n")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var offsets: [Int64] = [0]
    var start = 0
    while start < text.count {
      let end = text[start...].firstIndex(of: lineFeed) ?? text.count
      bytes.append(contentsOf: text[start..<end])
      offsets.append(Int64(bytes.count))
      start = end + 1
    }
    self.init(bytes: bytes, offsets: offsets)
  }

  private static func regularFiles(below directory: URL) throws -> [URL] {
    let keys: Set<URLResourceKey> = [.isRegularFileKey]
    guard let files = FileManager.default.enumerator(at: directory, includingPropertiesForKeys: Array(keys))
    else { throw CocoaError(.fileReadUnknown, userInfo: [NSFilePathErrorKey: directory.path]) }
    return
      try files
      .compactMap { $0 as? URL }
      .filter { try $0.resourceValues(forKeys: keys).isRegularFile == true }
      .sorted { $0.path < $1.path }
  }
}
