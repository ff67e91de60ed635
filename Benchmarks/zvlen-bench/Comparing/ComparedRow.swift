/// One piece of work with one setting, and what each library reached.
struct ComparedRow: Encodable, Sendable {
  let setting: ComparisonSetting
  let work: Work
  /// All blobs of the setting, and their bytes.
  let blobs: Int
  let payloadBytes: Int
  /// The blobs that the work is about, and their bytes.
  let workBlobs: Int
  let workBytes: Int
  var results: [ComparedResult]

  /// Fills in how fast each library is beside zarr-vlen with the same layout, if it has one, and the floor.
  mutating func addQuotients() {
    let floor = result(FloorCompetitor.libraryName, .own)?.medianSeconds
    for index in results.indices {
      guard let median = results[index].medianSeconds else { continue }
      let ours = [results[index].layout, .own].compactMap { layout in
        result(EngineCompetitor.libraryName, layout)?.medianSeconds
      }.first
      results[index].ofZarrVlen = ours.map { $0 / median }
      results[index].ofFloor = floor.map { $0 / median }
    }
  }

  /// The result of a library with a layout.
  func result(_ name: String, _ layout: Layout) -> ComparedResult? {
    results.first { $0.name == name && $0.layout == layout }
  }

  /// The fastest result that is neither ours nor the floor's.
  func bestRival(_ layout: Layout) -> ComparedResult? {
    results
      .filter {
        $0.name != EngineCompetitor.libraryName && $0.name != FloorCompetitor.libraryName
          && $0.layout == layout
      }
      .filter { $0.medianSeconds != nil }
      .min { ($0.medianSeconds ?? .infinity) < ($1.medianSeconds ?? .infinity) }
  }
}
