import ArgumentParser

/// How the sizes of synthetic blobs vary.
enum Distribution: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// Every blob has the mean size.
  case fixed
  /// Every size within a third of the mean is equally likely.
  case narrow
  /// Every size from 0 to twice the mean is equally likely.
  case uniform
  /// Many small blobs and few large ones: the logarithm of the size is normal with a deviation of 0.7.
  case lognormal
}
