/// How much is kept of the memory that the libraries take.
enum MemoryRecord {
  /// It is not measured.
  case none
  /// The peak.
  case peak
  /// The peak, and the memory over time.
  case curve
}

extension SettingComparison {
  /// Does each work of a library once more, and fills in the memory that it took.
  ///
  /// These passes come last, since a library may begin them in a new process, which has no memory to use again.
  func measureMemory(_ contestant: Contestant, _ rows: inout [ComparedRow], keepsCurve: Bool) {
    for index in rows.indices where rows[index].work != .random {
      let work = rows[index].work
      guard
        let position = rows[index].results.firstIndex(where: {
          $0.name == contestant.name && $0.layout == contestant.layout && $0.reason == nil
        })
      else { continue }
      contestant.attempt(work) { competitor in
        try competitor.beginMemoryPasses()
        let sampler = keepsCurve ? MemorySampler(processIdentifier: competitor.processIdentifier) : nil
        let pass: Pass
        do {
          pass = try self.pass(work, competitor, contestant, isLast: true)
        } catch {
          _ = sampler?.finish(start: 0, end: 0)
          throw error
        }
        rows[index].results[position].peakBytes = pass.peakByteCount
        rows[index].results[position].memory = sampler?.finish(start: pass.start, end: pass.end)
      }
      if let reason = contestant.reason(work) {
        rows[index].results[position] = ComparedResult(
          name: contestant.name, layout: contestant.layout, reason: reason)
      }
    }
    contestant.competitor?.endMemoryPasses()
  }
}
