import ChunkEngine

/// A type whose values are elements of arrays.
///
/// Text, byte strings, numbers, JSON values and your `Codable` types conform, and so does an optional of any
/// of them:
///
///     struct Station: Codable, ZarrElement {
///       var name: String
///       var height: Double
///     }
///
///     try ZarrArray.create(in: store, at: "stations", writing: stations)
///     let stations = try ZarrArray.open(in: store, at: "stations").read(as: Station.self)
///
/// | type | new arrays have | is written to | is also read from |
/// |------|-----------------|---------------|-------------------|
/// | `String` | `string` | `string`, `fixed_length_utf32`, and `json` as a JSON string | |
/// | `[UInt8]`, `Data` | `bytes` | `bytes`, `r8`, `r16` and so on, `raw_bytes`, `null_terminated_bytes` | |
/// | `Bool` | `bool` | `bool` | |
/// | `Int8` … `UInt64`, `Int`, `UInt` | the integer | the integer | other integers, if the value fits |
/// | `Float16`, `Float`, `Double` | the number | the number | numbers with fewer digits |
/// | `[Int8]` … `[Double]` | `vlen-array` | `vlen-array` | |
/// | ``JSONValue``, ``JSONText`` | `json` | `json`, `string`, `bytes` | |
/// | `Codable` types that conform, ``Coded`` | `json` | `json`, `string`, `bytes` | |
/// | `Optional` | `zarrs.optional` of the other | the same, and `json`, where nil is `null` | |
///
/// A type that is not `Codable`, or that needs other bytes than JSON, implements the requirements itself.
/// Stored bytes may be damaged or hostile: throw an error if they are no value of the type.
public protocol ZarrElement: Sendable {
  /// The data type of new arrays of this type.
  static var dataType: DataType { get }

  /// Whether values of this type can be written to arrays of a data type.
  static func isElement(of dataType: DataType) -> Bool

  /// Whether arrays of a data type can be read as this type. The default is ``ZarrElement/isElement(of:)``.
  static func canBeRead(from dataType: DataType) -> Bool

  /// Appends the bytes of the value as an element in memory.
  ///
  /// - Parameters:
  ///   - dataType: The data type of the array. ``ZarrElement/isElement(of:)`` is true for it.
  ///   - bytes: Where the bytes go, after the existing ones.
  ///   - coder: The worker's coders. Most types do not need them.
  /// - Throws: ``ElementError/unencodable(type:reason:)`` if the value cannot be an element.
  func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError)

  /// Creates the value of an element.
  ///
  /// - Parameters:
  ///   - bytes: The bytes of the element in memory. If the data type has a fixed size, they have it. Nothing
  ///     else about them has been checked.
  ///   - dataType: The data type of the array. ``ZarrElement/canBeRead(from:)`` is true for it.
  ///   - coder: The worker's coders.
  /// - Throws: ``ElementError/undecodable(type:reason:)`` if the bytes are no value of the type.
  init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError)
}

extension ZarrElement {
  public static func canBeRead(from dataType: DataType) -> Bool { isElement(of: dataType) }
}

/// Why a value cannot be an element, or an element is no value of a type.
@nonexhaustive
public enum ElementError: Error, Hashable, Sendable {
  /// Arrays of the data type do not hold values of the type.
  case wrongDataType(type: String, dataType: String)
  /// The value cannot be an element.
  case unencodable(type: String, reason: String)
  /// The bytes of the element are no value of the type.
  case undecodable(type: String, reason: String)
}

extension ElementError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongDataType(let type, let dataType):
      "an array of data type \(dataType) does not hold values of the Swift type \(type)"
    case .unencodable(let type, let reason): "a value of \(type) cannot be stored: \(reason)"
    case .undecodable(let type, let reason): "no value of \(type): \(reason)"
    }
  }
}

extension ZarrElement {
  static func unencodable(_ reason: String) -> ElementError {
    .unencodable(type: "\(Self.self)", reason: reason)
  }

  static func undecodable(_ reason: String) -> ElementError {
    .undecodable(type: "\(Self.self)", reason: reason)
  }

  static func wrongDataType(_ dataType: DataType) -> ElementError {
    .wrongDataType(type: "\(Self.self)", dataType: dataType.name)
  }

  static func checkWritable(to dataType: DataType) throws(ElementError) {
    guard isElement(of: dataType) else { throw wrongDataType(dataType) }
  }

  static func checkReadable(from dataType: DataType) throws(ElementError) {
    guard canBeRead(from: dataType) else { throw wrongDataType(dataType) }
  }
}

/// What is wrong with one of many elements.
struct ElementFailure: Error, Hashable, Sendable {
  /// The index of the element among those to write or read.
  let index: Int

  /// The error.
  let reason: ElementError
}
