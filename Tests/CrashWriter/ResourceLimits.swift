import Glibc

/// Takes a resource away from the process, and gives it back.
final class ResourceLimits {
  private let resource: __rlimit_resource_t?
  private let lowLimit: rlim_t
  private(set) var areLow = false

  /// Creates limits on a named resource, or returns nil for another name.
  init(_ name: String?) {
    switch name {
    case "file-size": (resource, lowLimit) = (__rlimit_resource_t(RLIMIT_FSIZE.rawValue), 2000)
    case "files": (resource, lowLimit) = (__rlimit_resource_t(RLIMIT_NOFILE.rawValue), 0)
    default: (resource, lowLimit) = (nil, 0)
    }
    // Otherwise the system ends a process that writes too large a file.
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Limits the resource.
  func lower() { set(lowLimit, isLow: true) }

  /// Removes the limit.
  func raise() { set(nil, isLow: false) }

  private func set(_ limit: rlim_t?, isLow: Bool) {
    guard let resource else { return }
    var limits = rlimit()
    _ = unsafe getrlimit(resource, &limits)
    limits.rlim_cur = limit ?? limits.rlim_max
    _ = unsafe setrlimit(resource, &limits)
    areLow = isLow
  }
}
