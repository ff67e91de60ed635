import ChunkEngine
import Zarr

/// What the elements of an array have to be.
///
/// It keeps memory from element to element, and so stays with one thread.
struct ElementCheck {
  /// Why something cannot be an element.
  struct Problem {
    /// What is wrong, in words that follow its name.
    let reason: String

    /// Where it goes wrong, in bytes from the beginning of the element.
    let byteOffset: Int

    /// Whether the bytes are not those of text in UTF-8.
    let isEncoding: Bool
  }

  private enum Kind {
    case bytes
    case text
    case json
  }

  private let kind: Kind
  private var scratch: [UInt8] = []

  /// Checks elements that go to an array.
  ///
  /// - Parameters:
  ///   - type: What the elements are said to be, or nil if nothing was said.
  ///   - dataType: What those of the array are.
  init(_ type: ElementType?, dataType: DataType) {
    kind =
      switch (type, dataType) {
      case (.json, _), (.jsonString, _), (_, .json): .json
      case (_, .string): .text
      default: .bytes
      }
  }

  /// Whether elements are text, of any kind.
  var isText: Bool { kind != .bytes }

  /// Whether there is something to check in text.
  var isJSON: Bool { kind == .json }

  /// Returns what is wrong with an element, or nil.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the element.
  mutating func problem(of element: RawSpan) -> Problem? {
    if kind == .bytes { return nil }
    if let (offset, byte) = element.firstByteOutsideText {
      let name = "0x" + String(byte, radix: 16, uppercase: true)
      return Problem(
        reason: kind == .text
          ? "is not UTF-8: there is \(name)" : "is not JSON: it is not UTF-8, there is \(name)",
        byteOffset: offset, isEncoding: true)
    }
    guard kind == .json else { return nil }
    do throws(JSONError) {
      try JSONElement.check(element, scratch: &scratch)
      return nil
    } catch {
      return Problem(
        reason: "is not JSON: \(error.message)", byteOffset: error.byteOffset, isEncoding: false)
    }
  }

  /// What of the beginning of a source is the beginning of its first element: a byte order mark in front of
  /// JSON is not.
  @_lifetime(copy source)
  func content(of source: RawSpan) -> RawSpan {
    isJSON && source.byteCount > 3 && source.beginsWithByteOrderMark
      ? source.extracting(3..<source.byteCount) : source
  }
}

extension RawSpan {
  /// The first byte that is no part of UTF-8, and where it is; nil if all are.
  fileprivate var firstByteOutsideText: (offset: Int, byte: UInt8)? {
    guard !isWellFormedText else { return nil }
    return unsafe withUnsafeBytes { bytes in
      // SAFETY: The bytes are those of the span, which outlives the call.
      let octets = unsafe Span<UInt8>(_unsafeBytes: bytes)
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: octets)
        return nil
      } catch {
        let offset = error.byteOffsets.lowerBound
        return (offset, octets[offset])
      }
    }
  }
}
