import ChunkEngine
import Foundation
import Zarr
import ZarrRemote

extension FuzzTarget {
  /// Zip archives, whose values are still there after one was added.
  static let zipArchives = FuzzTarget("zip", seeds: { try zipSeeds() }) {
    let (name, added) = (try StoreKey("a.zip"), try StoreKey("added/value"))
    var limits = ZipLimits()
    limits.directoryByteCount = decodingLimit
    limits.inflatedByteCount = decodingLimit
    return { input in
      let base = MemoryStore()
      let bytes = input.rest()
      try base.write(name, bytes.span.bytes)
      guard let archive = try? ZipStore(name, in: base, limits: limits) else { return }
      let keys = try must("a key cannot be listed") { try archive.list("") }
      try check(Set(keys).count == keys.count, "a key is listed twice")
      try check(keys.count <= bytes.count / 76, "there are more values than records")
      let values = try read(keys, of: archive)
      try checkListing(of: archive, keys)
      // One input of four, since it takes files.
      guard bytes.count.isMultiple(of: 4), !keys.contains(added) else { return }
      let adding = try must("an archive that is read cannot be added to") {
        try ZipStore(name, in: base, for: .adding, limits: limits)
      }
      try must("a value cannot be written") { try adding.write(added, [UInt8]([1, 2, 3]).span.bytes) }
      if let first = keys.first { try must("a value cannot be deleted") { try adding.delete(first) } }
      // What is in front of a value may be damaged, and then it cannot be copied.
      guard (try? adding.finish()) != nil else { return }
      let reopened = try must("the new archive cannot be opened") { try ZipStore(name, in: base) }
      let expected = Set(keys.dropFirst() + [added])
      try check(Set(reopened.list("")) == expected, "the new archive has other keys")
      for (key, value) in values where key != keys.first {
        let found = try must("a value is gone") { try reopened.bytes(of: key, limit: decodingLimit) }
        try check(found == value, "a value is another one in the new archive")
      }
    }
  }

  /// The values that can be read, whose parts have to be those of the whole.
  private static func read(_ keys: [StoreKey], of archive: ZipStore) throws -> [StoreKey: [UInt8]] {
    var values: [StoreKey: [UInt8]] = [:]
    for key in keys {
      guard let info = try? archive.info(of: key) else { continue }
      guard let whole = try? archive.bytes(of: key, limit: decodingLimit) else { continue }
      try check(whole.count == info.byteCount, "a value has another size than its record says")
      values[key] = whole
      let (start, end) = (whole.count / 3, whole.count * 2 / 3)
      var arena = ByteArena()
      let part = try must("a part cannot be read") {
        try archive.read(
          .range(start..<end), of: key, ifVersion: info.version, limit: end - start, into: &arena)
      }
      try check(part?.byteCount == info.byteCount, "a part has another size")
      let isSame = Array(copying: arena.bytes) == Array(whole[start..<end])
      try check(isSame, "a part is not that of the whole")
    }
    return values
  }

  /// Checks that directories have what the keys say.
  private static func checkListing(of archive: ZipStore, _ keys: [StoreKey]) throws {
    for prefix in ["", "a", "c"] {
      let listing = try must("a directory cannot be listed") { try archive.listDirectory(prefix) }
      let start = prefix.isEmpty ? "" : prefix + "/"
      let names = keys.map { Array($0.description.utf8) }.filter { $0.starts(with: start.utf8) }
        .map { $0.dropFirst(start.utf8.count) }
      let slash = UInt8(ascii: "/")
      let values = names.filter { !$0.contains(slash) }.map(Array.init)
      let prefixes = Set(names.filter { $0.contains(slash) }.map { Array($0.prefix { $0 != slash }) })
      try check(
        Set(listing.values.map { Array($0.utf8) }) == Set(values) && listing.values.count == values.count,
        "the values of a directory are others")
      try check(
        Set(listing.prefixes.map { Array($0.utf8) }) == prefixes && listing.prefixes.count == prefixes.count,
        "the directories of a directory are others")
    }
  }

  private static func zipSeeds() throws -> [[UInt8]] {
    // By Python's zipfile: a duplicate, deflated; a directory; sizes of eight bytes; a comment. Then with sizes after
    // the data.
    let others = [
      """
      UEsDBBQAAAAIAAAAIQARxWSYFgAAAEQAAAALAAAAYS96YXJyLmpzb26rVqpKLCqKT8svyk0sUbIyrq0mXQAAUEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAA
      AAACAAAAZC9QSwMELQAAAAAAAAAhAMbHhKb//////////wMAFABjLzABABAACgAAAAAAAAAKAAAAAAAAADAxMjM0NTY3ODlQSwMEFAAAAAAAAAAhAEO/
      pqMCAAAAAgAAAAsAAABhL3phcnIuanNvbnt9UEsBAhQDFAAAAAgAAAAhABHFZJgWAAAARAAAAAsAAAAAAAAAAAAAAIABAAAAAGEvemFyci5qc29uUEsB
      AhQDFAAAAAAAAAAhAAAAAAAAAAAAAAAAAAIAAAAAAAAAAAAAAIABPwAAAGQvUEsBAi0DLQAAAAAAAAAhAMbHhKYKAAAACgAAAAMAAAAAAAAAAAAAAIAB
      XwAAAGMvMFBLAQIUAxQAAAAAAAAAIQBDv6ajAgAAAAIAAAALAAAAAAAAAAAAAACAAZ4AAABhL3phcnIuanNvblBLBQYAAAAABAAEANMAAADJAAAABQBo
      ZWxsbw==
      """,
      """
      UEsDBBQACAAIAAAAIQAAAAAAAAAAAAAAAAALAAAAYS96YXJyLmpzb26rVqpKLCqKT8svyk0sUbIyrq0mXQAAUEsHCBHFZJgWAAAARAAAAFBLAwQUAAgA
      AAAAACEAAAAAAAAAAAAAAAAAAgAAAGQvUEsHCAAAAAAAAAAAAAAAAFBLAwQtAAgAAAAAACEAAAAAAP//////////AwAUAGMvMAEAEAAAAAAAAAAAAAAA
      AAAAAAAAMDEyMzQ1Njc4OVBLBwjGx4SmCgAAAAAAAAAKAAAAAAAAAFBLAwQUAAgAAAAAACEAAAAAAAAAAAAAAAAACwAAAGEvemFyci5qc29ue31QSwcI
      Q7+mowIAAAACAAAAUEsBAhQDFAAIAAgAAAAhABHFZJgWAAAARAAAAAsAAAAAAAAAAAAAAIABAAAAAGEvemFyci5qc29uUEsBAhQDFAAIAAAAAAAhAAAA
      AAAAAAAAAAAAAAIAAAAAAAAAAAAAAIABTwAAAGQvUEsBAi0DLQAIAAAAAAAhAMbHhKYKAAAACgAAAAMAAAAAAAAAAAAAAIABfwAAAGMvMFBLAQIUAxQA
      CAAAAAAAIQBDv6ajAgAAAAIAAAALAAAAAAAAAAAAAACAAdYAAABhL3phcnIuanNvblBLBQYAAAAABAAEANMAAAARAQAABQBoZWxsbw==
      """,
    ]
    let base = MemoryStore()
    for keys in [[], ["a"], ["a/zarr.json", "a/c/0", "a/c/1", "é", "zarr.json"]] {
      let store = try ZipStore(StoreKey("\(keys.count)"), in: base, for: .replacing)
      for key in keys { try store.write(StoreKey(key), Array(key.utf8).span.bytes) }
      try store.finish()
    }
    return try base.list("").compactMap { try base.bytes(of: $0, limit: decodingLimit) }
      + others.compactMap { Data(base64Encoded: $0, options: .ignoreUnknownCharacters).map(Array.init) }
  }
}
