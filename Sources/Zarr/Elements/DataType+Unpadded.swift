import ChunkEngine

extension DataType {
  /// Whether elements are byte strings, text or JSON, of any size or of one.
  public var isBlob: Bool {
    switch self {
    case .bytes, .string, .json, .rawBytes, .opaqueBytes: true
    default: isPadded
    }
  }

  /// Whether elements are byte strings or text that is filled up with zeros to one size.
  public var isPadded: Bool {
    switch self {
    case .nullTerminatedBytes, .fixedLengthUTF32: true
    default: false
    }
  }

  /// Appends an element without the zeros that fill it up, and text as UTF-8, as NumPy and Python have it.
  ///
  /// Elements of other types are appended as they are.
  ///
  /// - Parameters:
  ///   - element: The element as it lies in memory.
  ///   - output: Where it goes.
  /// - Throws: ``ElementError/undecodable(type:reason:)`` for text with a code point that Unicode lacks.
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func appendUnpadded(_ element: RawSpan, to output: inout [UInt8]) throws(ElementError) {
    switch self {
    case .fixedLengthUTF32:
      output.append(contentsOf: try String(element: element, of: self).utf8)
    case .nullTerminatedBytes:
      let bytes = element.octets
      var count = bytes.count
      while count > 0, bytes[count - 1] == 0 { count -= 1 }
      JSONWriter.appendBytes(bytes.extracting(0..<count), to: &output)
    default: JSONWriter.appendBytes(element.octets, to: &output)
    }
  }
}
