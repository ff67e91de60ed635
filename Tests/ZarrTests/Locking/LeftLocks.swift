import Foundation
import TestSupport
import Zarr

extension StoreDirectory {
  /// The files of locks that stay when everybody has unlocked.
  ///
  /// A process that another test starts at the wrong moment holds copies of all locks until it begins, and
  /// keeps their files from being removed. The next lock removes them, so this is tried several times.
  func leftLocks() throws -> [String] {
    let store = try FileStore(opening: path)
    var names: [String] = []
    for _ in 0..<20 {
      names = try files().filter { $0.hasSuffix(".lock") }
      guard !names.isEmpty else { break }
      for name in names {
        let prefix = name.split(separator: "/").dropLast().joined(separator: "/")
        try store.lock("removal", below: prefix, timeout: .seconds(10))?.unlock()
      }
      usleep(10_000)
    }
    return names
  }
}
