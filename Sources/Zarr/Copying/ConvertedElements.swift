import ChunkEngine

/// Elements of another array that become byte strings, text or JSON, each of which is checked when it is
/// written.
struct ConvertedElements: BlobSource {
  private let elements: BlobView
  private let source: DataType
  private let target: DataType

  /// Takes elements of one type that are to become those of another.
  ///
  /// - Precondition: `target` is a type of elements of any size.
  init(_ elements: BlobView, from source: DataType, to target: DataType) {
    self.elements = elements
    self.source = source
    self.target = target
  }

  var count: Int { elements.count }

  func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    guard source.isPadded else { return try elements.byteCount(of: range) }
    var total = 0
    var text: [UInt8] = []
    for index in range {
      text.removeAll(keepingCapacity: true)
      // What cannot be converted is found when it is written.
      try? source.appendUnpadded(elements.blobs[index], to: &text)
      total += text.count
    }
    return total
  }

  func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    guard source.isPadded || target == .json else { return try elements.write(range, to: &writer) }
    var text: [UInt8] = []
    var scratch: [UInt8] = []
    for index in range {
      do throws(ElementError) {
        if source.isPadded {
          try convert(elements.blobs[index], into: &text, scratch: &scratch)
        } else {
          try check(elements.blobs[index], scratch: &scratch)
        }
      } catch {
        throw .sourceFailed(reason: "\(error)")
      }
      if source.isPadded {
        try writer.append(text.rawSpan)
      } else {
        try writer.append(elements.blobs[index])
      }
    }
  }

  /// The first element that cannot be one of the new type, and why; nil if all can.
  ///
  /// - Complexity: O(*n*) in the size of the elements.
  func firstFailure() -> ElementFailure? {
    var text: [UInt8] = []
    var scratch: [UInt8] = []
    for index in elements.indices {
      do throws(ElementError) {
        try convert(elements.blobs[index], into: &text, scratch: &scratch)
      } catch {
        return ElementFailure(index: index, reason: error)
      }
    }
    return nil
  }

  /// Makes an element of the new type of one of the old.
  private func convert(
    _ element: RawSpan, into text: inout [UInt8], scratch: inout [UInt8]
  ) throws(ElementError) {
    text.removeAll(keepingCapacity: true)
    try source.appendUnpadded(element, to: &text)
    try check(text.rawSpan, scratch: &scratch)
  }

  /// Checks that bytes are an element of the new type.
  private func check(_ bytes: RawSpan, scratch: inout [UInt8]) throws(ElementError) {
    switch target {
    case .json:
      do throws(JSONError) {
        try JSONElement.check(bytes, scratch: &scratch)
      } catch {
        throw .undecodable(type: "JSON", reason: "\(error.message) (byte \(error.byteOffset))")
      }
    case .string: _ = try String.text(bytes)
    default: break
    }
  }
}
