import CommandLineOptions

/// The settings that are compared, and what is done with each.
struct ComparisonPlan {
  /// The settings, those with the same workers one after the other.
  let settings: [ComparisonSetting]
  /// What is done with each.
  let works: [Work]

  /// Sizes of chunks from a small part of a shard to more than a processor's cache.
  static let chunkByteCounts = [1 << 10, 8 << 10, 64 << 10, 1 << 20, 16 << 20]
  /// The compressions.
  static let codecs = ["zstd:1", "zstd:3", "lz4", "none"]

  /// The setting that stands for all.
  static func middle(cores: Int) -> ComparisonSetting {
    ComparisonSetting(blobs: .records126, chunkBytes: 1 << 20, codec: "zstd:1", workers: cores)
  }

  /// The setting in the middle, and those that differ from it in one thing.
  static func usual(works: [Work], cores: Int) -> ComparisonPlan {
    let middle = middle(cores: cores)
    var settings = [middle]
    func add(_ change: (inout ComparisonSetting) -> Void) {
      var setting = middle
      change(&setting)
      if !settings.contains(setting) { settings.append(setting) }
    }
    for chunkBytes in chunkByteCounts { add { $0.chunkBytes = chunkBytes } }
    for blobs in BlobKind.synthetic { add { $0.blobs = blobs } }
    for codec in codecs { add { $0.codec = codec } }
    add { $0.workers = 1 }
    return ComparisonPlan(settings: settings, works: works)
  }

  /// Every combination.
  static func product(
    blobs: [BlobKind], chunkBytes: [Int], codecs: [String], workers: [Int], works: [Work]
  ) -> ComparisonPlan {
    let settings = workers.flatMap { workers in
      blobs.flatMap { blobs in
        codecs.flatMap { codec in
          chunkBytes.map {
            ComparisonSetting(blobs: blobs, chunkBytes: $0, codec: codec, workers: workers)
          }
        }
      }
    }
    return ComparisonPlan(settings: settings, works: works)
  }
}
