internal import CKernels
import Dispatch
import Synchronization

extension BlobView {
  /// Copies of the elements, which all cores make together if there are many.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the elements. Allocates once an element.
  public func arrays() -> [[UInt8]] {
    copies { blobs, index in unsafe Array(blobs.element(index)) }
  }

  /// The elements as text, which all cores make together if there are many.
  ///
  /// - Throws: ``ChunkError/invalidUTF8(index:)`` for the first element that is not well-formed UTF-8.
  /// - Complexity: O(*n*) where *n* is the size of the elements. Allocates once an element of more than 15
  ///   bytes.
  public func strings() throws(ChunkError) -> [String] {
    let firstIllFormed = Atomic(Int.max)
    let strings = copies { blobs, index in
      if let string = blobs.string(at: index) { return string }
      firstIllFormed.min(index, ordering: .relaxed)
      return ""
    }
    let index = firstIllFormed.load(ordering: .relaxed)
    guard index == Int.max else { throw .invalidUTF8(index: index) }
    return strings
  }

  /// What `copy` makes of each element, in the same order.
  private func copies<Copy>(_ copy: @Sendable (BlobSpan, _ index: Int) -> Copy) -> [Copy] {
    // The standard library would write the 0 to the empty array that all threads share.
    guard count > 0 else { return [] }
    return unsafe [Copy](unsafeUninitializedCapacity: count) { copies, initializedCount in
      guard let start = copies.baseAddress else { return }
      // SAFETY: Each block has places of its own, and all are initialized when the call returns.
      nonisolated(unsafe) let target = unsafe start
      DispatchQueue.concurrentPerform(iterations: blockCount) { block in
        let blobs = blobs
        for index in range(ofBlock: block) {
          unsafe (target + index).initialize(to: copy(blobs, index))
        }
      }
      initializedCount = count
    }
  }
}

extension BlobSpan {
  /// The element at `index` as text, or nil if it is not well-formed UTF-8.
  func string(at index: Int) -> String? {
    let element = unsafe element(index)
    guard unsafe ckernels_is_utf8(element.baseAddress, element.count) else { return nil }
    // Valid already, and `decoding:` is quicker than the initializers that validate.
    return unsafe String(decoding: element, as: UTF8.self)
  }
}
