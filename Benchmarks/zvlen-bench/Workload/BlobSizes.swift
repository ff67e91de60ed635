import Foundation

/// Draws the sizes of synthetic blobs.
struct BlobSizes {
  private let mean: Int
  private let distribution: Distribution
  private var random: SplitMix

  /// The deviation of the logarithm of lognormal sizes.
  private static let deviation = 0.7

  /// Creates a source of sizes with the mean `mean` in bytes.
  init(mean: Int, distribution: Distribution, seed: UInt64) {
    self.mean = mean
    self.distribution = distribution
    random = SplitMix(seed: seed)
  }

  /// The next size in bytes.
  mutating func next() -> Int {
    switch distribution {
    case .fixed:
      return mean
    case .narrow:
      return mean - mean / 3 + Int(random.nextUnit() * Double(2 * (mean / 3) + 1))
    case .uniform:
      return Int(random.nextUnit() * Double(2 * mean + 1))
    case .lognormal:
      // The mean of a lognormal number is exp(location + deviation² / 2).
      let location = log(Double(mean)) - Self.deviation * Self.deviation / 2
      let size = exp(location + Self.deviation * nextNormal())
      return Int(min(size, Double(mean) * 1000).rounded())
    }
  }

  /// A normally distributed number, by the Box-Muller method.
  private mutating func nextNormal() -> Double {
    let radius = (-2 * log(1 - random.nextUnit())).squareRoot()
    return radius * cos(2 * .pi * random.nextUnit())
  }
}

/// A fast, seeded random number generator.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  /// Creates a generator.
  init(seed: UInt64) {
    state = seed
  }

  @inline(always)
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number in 0..<1 with 53 random bits.
  mutating func nextUnit() -> Double {
    Double(next() >> 11) * 0x1p-53
  }
}
