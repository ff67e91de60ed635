/// How fast a store is taken to be when settings are tuned for it.
///
/// Settings are tried out in memory, or on files that the system keeps there, which are faster than where
/// arrays mostly end. Without this, no compression would seem the fastest of all.
public struct StoreSpeed: Hashable, Sendable {
  /// The bytes that the store takes or gives in a second.
  public var bytesPerSecond: Double

  /// The time that a request waits for its first byte.
  public var latency: Duration

  /// Creates a speed.
  ///
  /// - Parameters:
  ///   - bytesPerSecond: The bytes that the store takes or gives in a second.
  ///   - latency: The time that a request waits for its first byte.
  /// - Precondition: `bytesPerSecond` is above zero, and `latency` is not below it.
  public init(bytesPerSecond: Double, latency: Duration) {
    precondition(bytesPerSecond > 0, "a store must take more than no bytes in a second")
    precondition(latency >= .zero, "no request is answered before it is made")
    self.bytesPerSecond = bytesPerSecond
    self.latency = latency
  }

  /// A store that costs no time.
  public static let memory = StoreSpeed(bytesPerSecond: .infinity, latency: .zero)

  /// A solid-state drive: 1 GB/s, and 0.1 ms for each request.
  public static let drive = StoreSpeed(bytesPerSecond: 1e9, latency: .microseconds(100))

  /// A file server or an object store: 100 MB/s, and 20 ms for each request.
  public static let network = StoreSpeed(bytesPerSecond: 100e6, latency: .milliseconds(20))

  /// The seconds in which the store takes or gives so many bytes, once it has begun.
  func transferSeconds(_ byteCount: Double) -> Double { byteCount / bytesPerSecond }

  /// The seconds of one request for so many bytes.
  func requestSeconds(_ byteCount: Double) -> Double {
    latency / .seconds(1) + transferSeconds(byteCount)
  }
}
