extension UnsafeMutableRawBufferPointer {
  /// Writes `element` again and again, as often as it fits.
  func fill(repeating element: RawSpan) {
    guard element.byteCount > 0 else { return }
    for start in Swift.stride(from: 0, through: count - element.byteCount, by: element.byteCount) {
      unsafe element.withUnsafeBytes { element in
        // SAFETY: The slice is bounds-checked and has the size of the element.
        unsafe UnsafeMutableRawBufferPointer(rebasing: self[start..<start + element.count])
          .copyMemory(from: element)
      }
    }
  }
}
