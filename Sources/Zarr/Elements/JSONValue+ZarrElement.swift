import ChunkEngine

/// A JSON value, `null` among them, in an array of JSON or of its text.
extension JSONValue: ZarrElement {
  /// How deeply values that are elements may be nested.
  public static let maximumElementDepth = 512

  public static var dataType: DataType { .json }

  public static func isElement(of dataType: DataType) -> Bool {
    switch dataType {
    case .json, .string, .bytes: true
    default: false
    }
  }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    guard depth(isAtMost: Self.maximumElementDepth) else {
      throw Self.unencodable("it is nested more than \(Self.maximumElementDepth) deep")
    }
    guard isFinite else {
      throw Self.unencodable("JSON has no NaN and no infinities; null may take their place")
    }
    JSONWriter(style: .compact).append(self, to: &bytes)
  }

  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    let parser = JSONParser(
      maximumDepth: Self.maximumElementDepth, maximumByteCount: WireForm.maximumElementByteCount)
    do throws(JSONError) {
      self = try parser.parse(bytes.octets)
    } catch {
      throw Self.undecodable(error.description)
    }
  }

  /// Whether no number in the value, which is not nested too deeply, is `NaN` or an infinity.
  private var isFinite: Bool {
    switch self {
    case .number(let number): number.isFinite
    case .array(let values): values.allSatisfy(\.isFinite)
    case .object(let members): members.allSatisfy(\.value.isFinite)
    default: true
    }
  }

  /// Whether the value is nested at most so deeply, which is looked into no deeper than that.
  private func depth(isAtMost limit: Int) -> Bool {
    switch self {
    case .array(let values): limit > 0 && values.allSatisfy { $0.depth(isAtMost: limit - 1) }
    case .object(let members): limit > 0 && members.allSatisfy { $0.value.depth(isAtMost: limit - 1) }
    default: true
    }
  }
}
