import ChunkEngine

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `Codable` types are stored as JSON with sorted keys. ``ArrayAccess/json`` says how dates and keys are
/// spelled.
extension ZarrElement where Self: Codable {
  public static var dataType: DataType { .json }

  public static func isElement(of dataType: DataType) -> Bool { JSONValue.isElement(of: dataType) }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    try coder.appendJSON(self, to: &bytes)
  }

  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    self = try coder.value(Self.self, ofJSON: bytes)
  }
}

/// A value of a `Codable` type that you cannot make conform to ``ZarrElement``, stored as JSON.
///
///     try array.write(durations.map(Coded.init))
///     let durations = try array.read(as: Coded<Duration>.self).map(\.value)
public struct Coded<Value: Codable & Sendable>: ZarrElement {
  /// The value.
  public var value: Value

  /// Wraps a value.
  public init(_ value: Value) {
    self.value = value
  }

  public static var dataType: DataType { .json }

  public static func isElement(of dataType: DataType) -> Bool { JSONValue.isElement(of: dataType) }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    try coder.appendJSON(value, to: &bytes)
  }

  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    value = try coder.value(Value.self, ofJSON: bytes)
  }
}

extension Coded: Equatable where Value: Equatable {}
extension Coded: Hashable where Value: Hashable {}

/// How the values of `Codable` types are spelled in JSON.
///
/// ```swift
/// let access = ArrayAccess(json: JSONCoding(dates: .iso8601, keys: .snakeCase))
/// ```
///
/// The settings are not stored. Read an array with those it was written with.
public struct JSONCoding: Hashable, Sendable {
  /// How dates are spelled.
  @nonexhaustive
  public enum Dates: Hashable, Sendable {
    /// As the type encodes itself; a `Date` as seconds since 1 January 2001.
    case asEncoded
    /// As seconds since 1970.
    case secondsSince1970
    /// As milliseconds since 1970.
    case millisecondsSince1970
    /// As text such as `2026-11-30T09:00:00Z`. Fractions of seconds are lost.
    case iso8601
  }

  /// How the keys of objects are spelled.
  @nonexhaustive
  public enum Keys: Hashable, Sendable {
    /// As the type names them.
    case asNamed
    /// With underscores instead of capitals: `wind_speed` for `windSpeed`.
    case snakeCase
  }

  /// How dates are spelled.
  public var dates: Dates

  /// How the keys of objects are spelled.
  public var keys: Keys

  /// Creates settings, by default those of a new `JSONEncoder`.
  public init(dates: Dates = .asEncoded, keys: Keys = .asNamed) {
    self.dates = dates
    self.keys = keys
  }

  fileprivate func makeEncoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy =
      switch dates {
      case .asEncoded: .deferredToDate
      case .secondsSince1970: .secondsSince1970
      case .millisecondsSince1970: .millisecondsSince1970
      case .iso8601: .iso8601
      }
    encoder.keyEncodingStrategy = keys == .snakeCase ? .convertToSnakeCase : .useDefaultKeys
    return encoder
  }

  fileprivate func makeDecoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy =
      switch dates {
      case .asEncoded: .deferredToDate
      case .secondsSince1970: .secondsSince1970
      case .millisecondsSince1970: .millisecondsSince1970
      case .iso8601: .iso8601
      }
    decoder.keyDecodingStrategy = keys == .snakeCase ? .convertFromSnakeCase : .useDefaultKeys
    return decoder
  }
}

/// The coders of `Codable` types that a worker creates once and keeps from element to element.
///
/// Use it if your own ``ZarrElement`` has a part that is `Codable`.
public final class ElementCoder {
  /// How JSON is spelled.
  public let json: JSONCoding

  /// Memory for checks.
  ///
  /// Its content does not matter.
  var scratch: [UInt8] = []

  private lazy var jsonEncoder = json.makeEncoder()
  private lazy var jsonDecoder = json.makeDecoder()

  /// Creates a coder.
  public init(_ json: JSONCoding = JSONCoding()) {
    self.json = json
  }

  /// Appends a value as JSON with sorted keys.
  ///
  /// - Throws: ``ElementError/unencodable(type:reason:)``
  public func appendJSON<Value: Encodable>(_ value: Value, to bytes: inout [UInt8]) throws(ElementError) {
    do {
      bytes.append(contentsOf: try jsonEncoder.encode(value))
    } catch {
      throw .unencodable(type: "\(Value.self)", reason: "\(error)")
    }
  }

  /// Decodes a value from JSON.
  ///
  /// - Throws: ``ElementError/undecodable(type:reason:)``
  public func value<Value: Decodable>(
    _ type: Value.Type, ofJSON bytes: RawSpan
  ) throws(ElementError) -> Value {
    do {
      return try jsonDecoder.decode(type, from: unsafe bytes.withUnsafeBytes { unsafe Data($0) })
    } catch {
      throw .undecodable(type: "\(Value.self)", reason: "\(error)")
    }
  }
}
