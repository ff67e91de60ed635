import ChunkEngine
import Zarr

/// What the elements of an array have to be.
///
/// It keeps memory from element to element, and so stays with one thread.
struct ElementCheck {
  private enum Kind {
    case bytes
    case text
    case json
  }

  private let kind: Kind
  private let parser: JSONParser
  private var text: [UInt8] = []

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
    parser = JSONParser(maximumDepth: JSONValue.maximumElementDepth, maximumByteCount: Int(UInt32.max))
  }

  /// Whether elements are text, of any kind.
  var isText: Bool { kind != .bytes }

  /// Whether there is something to check in text.
  var isJSON: Bool { kind == .json }

  /// Returns what is wrong with an element, in words that follow its name, or nil.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the element.
  mutating func problem(of element: RawSpan) -> String? {
    switch kind {
    case .bytes: return nil
    case .text: return element.isWellFormedText ? nil : "is not UTF-8; use --type bytes"
    case .json:
      text.removeAll(keepingCapacity: true)
      do throws(JSONError) {
        try parser.appendCompact(element, to: &text)
        return nil
      } catch {
        return "is not JSON: \(error.message) (byte \(error.byteOffset))"
      }
    }
  }
}
