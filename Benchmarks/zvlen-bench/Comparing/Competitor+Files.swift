import Foundation

extension Competitor {
  /// The bytes of all files of a directory.
  func storedByteCount(_ directory: String) -> Int {
    let keys: [URLResourceKey] = [.isRegularFileKey, .fileSizeKey]
    let files = FileManager.default.enumerator(
      at: URL(fileURLWithPath: directory), includingPropertiesForKeys: keys)
    var sum = 0
    while let file = files?.nextObject() as? URL {
      let values = try? file.resourceValues(forKeys: Set(keys))
      if values?.isRegularFile == true { sum += values?.fileSize ?? 0 }
    }
    return sum
  }

  /// This process, which gives its memory back before a pass that measures it.
  var processIdentifier: Int32 { ProcessInfo.processInfo.processIdentifier }

  func beginMemoryPasses() throws {}

  func endMemoryPasses() {}
}
