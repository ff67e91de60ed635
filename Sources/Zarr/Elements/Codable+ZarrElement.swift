import ChunkEngine

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Types that are `Codable` are stored as JSON, with the keys of each object sorted.
extension ZarrElement where Self: Codable {
  public static var dataType: DataType { .json }

  public static func isElement(of dataType: DataType) -> Bool { JSONValue.isElement(of: dataType) }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    try JSONCoding.append(self, to: &bytes)
  }

  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    self = try JSONCoding.decode(Self.self, bytes)
  }
}

/// A value of a type that is `Codable` and not one of yours, as an element.
///
///     try array.write(durations.map(Coded.init))
///     let durations = try array.read(as: Coded<Duration>.self).map(\.value)
///
/// It is stored as JSON, with the keys of each object sorted.
public struct Coded<Value: Codable & Sendable>: ZarrElement {
  /// The value.
  public var value: Value

  /// Wraps a value.
  public init(_ value: Value) {
    self.value = value
  }

  public static var dataType: DataType { .json }

  public static func isElement(of dataType: DataType) -> Bool { JSONValue.isElement(of: dataType) }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    try JSONCoding.append(value, to: &bytes)
  }

  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    value = try JSONCoding.decode(Value.self, bytes)
  }
}

extension Coded: Equatable where Value: Equatable {}
extension Coded: Hashable where Value: Hashable {}

/// How values that are `Codable` become JSON.
enum JSONCoding {
  static func append<Value: Encodable>(_ value: Value, to bytes: inout [UInt8]) throws(ElementError) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      bytes.append(contentsOf: try encoder.encode(value))
    } catch {
      throw .unencodable(type: "\(Value.self)", reason: "\(error)")
    }
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: RawSpan) throws(ElementError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: unsafe bytes.withUnsafeBytes { unsafe Data($0) })
    } catch {
      throw .undecodable(type: "\(Value.self)", reason: "\(error)")
    }
  }
}
