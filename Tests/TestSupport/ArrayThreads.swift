import Foundation

/// Calls `body` on several threads at once, each with its number, and waits for all.
public func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
  let failure = Collected<(any Error)?>(nil)
  let ready = StoreGate()
  let group = DispatchGroup()
  for number in 0..<count {
    group.enter()
    Thread {
      ready.wait()
      do {
        try body(number)
      } catch {
        failure.change { $0 = error }
      }
      group.leave()
    }.start()
  }
  ready.open()
  group.wait()
  if let error = failure.value { throw error }
}
