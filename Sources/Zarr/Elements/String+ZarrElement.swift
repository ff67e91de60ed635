public import ChunkEngine

/// Text, or the text of a JSON value.
extension String: ZarrElement {
  public static var dataType: DataType { .string }

  public static func isElement(of dataType: DataType) -> Bool {
    switch dataType {
    case .string, .json, .fixedLengthUTF32: true
    default: false
    }
  }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    switch dataType {
    case .fixedLengthUTF32(let length):
      let count = unicodeScalars.count
      guard count <= length else {
        throw Self.unencodable("\(count) code points are more than the \(length) of an element")
      }
      for scalar in unicodeScalars {
        scalar.value.appendLittleEndian(to: &bytes)
      }
      bytes.append(contentsOf: repeatElement(0, count: 4 * (length - count)))
    case .json:
      let start = bytes.count
      bytes.append(contentsOf: utf8)
      // SAFETY: Bytes have no padding.
      try Self.checkJSON(unsafe bytes.span.bytes.extracting(start..<bytes.count))
    default:
      bytes.append(contentsOf: utf8)
    }
  }

  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    if case .fixedLengthUTF32 = dataType {
      self = try Self.codePoints(bytes)
      return
    }
    do throws(UTF8.ValidationError) {
      self = String(copying: try UTF8Span(validating: bytes.octets))
    } catch {
      throw Self.undecodable("byte \(error.byteOffsets.lowerBound) is not UTF-8")
    }
  }

  public static func source(of elements: [String], as dataType: DataType) throws -> any BlobSource {
    dataType == .string ? elements : try EncodedElements.encode(elements, as: dataType)
  }

  private static func checkJSON(_ bytes: RawSpan) throws(ElementError) {
    var scratch: [UInt8] = []
    do throws(JSONError) {
      try JSONElement.check(bytes, scratch: &scratch)
    } catch {
      throw Self.unencodable("the text is not JSON: \(error)")
    }
  }

  /// Text of which each code point has four bytes, up to the zeros at the end.
  private static func codePoints(_ bytes: RawSpan) throws(ElementError) -> String {
    let octets = bytes.octets
    var text = String.UnicodeScalarView()
    var zeroCount = 0
    for start in stride(from: 0, to: octets.count - 3, by: 4) {
      let value = UInt32(littleEndianAt: start, in: octets)
      guard value != 0 else {
        zeroCount += 1
        continue
      }
      text.append(contentsOf: repeatElement("\0", count: zeroCount))
      zeroCount = 0
      guard let scalar = UnicodeScalar(value) else {
        throw Self.undecodable("0x\(String(value, radix: 16)) is not a code point")
      }
      text.append(scalar)
    }
    return String(text)
  }
}
