/// The order statistics of some samples.
struct Statistics: Sendable {
  /// The samples, smallest first.
  let sorted: [Double]

  /// Sorts the samples.
  ///
  /// - Precondition: There is at least one sample.
  init(_ samples: [Double]) {
    precondition(!samples.isEmpty, "there are no samples")
    sorted = samples.sorted()
  }

  /// The smallest sample.
  var minimum: Double { sorted[0] }

  /// The largest sample.
  var maximum: Double { sorted[sorted.count - 1] }

  /// The sample in the middle, or the mean of the two in the middle.
  var median: Double {
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }

  /// The smallest sample that at least `percent` of the samples do not exceed.
  func percentile(_ percent: Double) -> Double {
    let rank = (percent / 100 * Double(sorted.count)).rounded(.up)
    return sorted[min(sorted.count, max(1, Int(rank))) - 1]
  }
}
