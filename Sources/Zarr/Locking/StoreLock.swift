/// A lock that a store has given out, held until it is unlocked.
public protocol StoreLock: Sendable {
  /// Lets the next one have the lock, on any thread.
  func unlock()

  /// Makes sure that the lock still keeps others away.
  ///
  /// There is a default implementation, for locks that cannot be taken away.
  ///
  /// - Throws: ``StoreError/lockLost(path:)``, and what else can go wrong.
  func check() throws
}

extension StoreLock {
  public func check() throws {}
}

/// What tells the places apart that stores of this process keep their values in.
public struct StoreIdentity: Hashable, Sendable {
  private let object: ObjectIdentifier?
  private let numbers: [UInt64]

  /// The identity of an object, for a store that shares its values with no other.
  public init(_ object: AnyObject) {
    self.object = ObjectIdentifier(object)
    numbers = []
  }

  /// The identity of a place that has numbers, such as those of a directory.
  public init(_ numbers: UInt64...) {
    object = nil
    self.numbers = numbers
  }
}

extension Store {
  public var identity: StoreIdentity? {
    type(of: self) is AnyObject.Type ? StoreIdentity(self as AnyObject) : nil
  }

  public func lock(_ name: String, below prefix: String, timeout: Duration?) throws -> (any StoreLock)? {
    nil
  }
}
