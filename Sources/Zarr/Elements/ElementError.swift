/// Why a value cannot be an element, or an element no value of a type.
@nonexhaustive
public enum ElementError: Error, Hashable, Sendable {
  /// Elements of an array cannot be values of the type at all.
  case wrongDataType(type: String, dataType: String)
  /// A value cannot be an element.
  case unencodable(type: String, reason: String)
  /// The bytes of an element are no value of the type.
  case undecodable(type: String, reason: String)
}

extension ElementError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongDataType(let type, let dataType): "elements of \(dataType) are no values of \(type)"
    case .unencodable(let type, let reason): "a value of \(type) cannot be stored: \(reason)"
    case .undecodable(let type, let reason): "no value of \(type): \(reason)"
    }
  }
}

extension ZarrElement {
  /// The error for a value that cannot be an element.
  static func unencodable(_ reason: String) -> ElementError {
    .unencodable(type: "\(Self.self)", reason: reason)
  }

  /// The error for bytes that are no value.
  static func undecodable(_ reason: String) -> ElementError {
    .undecodable(type: "\(Self.self)", reason: reason)
  }

  /// The error for elements that are of another kind.
  static func wrongDataType(_ dataType: DataType) -> ElementError {
    .wrongDataType(type: "\(Self.self)", dataType: dataType.name)
  }
}

/// An error and the element that it belongs to.
public struct ElementFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The index of the element among those that were to be written or read.
  public let index: Int

  /// What is wrong with it.
  public let reason: ElementError

  /// Says which element cannot be written or read.
  public init(index: Int, reason: ElementError) {
    self.index = index
    self.reason = reason
  }

  public var description: String { "element \(index): \(reason)" }
}
