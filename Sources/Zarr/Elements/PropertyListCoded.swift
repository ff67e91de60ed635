import ChunkEngine

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A value of a type that is `Codable`, stored as a binary property list.
///
/// A property list holds dates and byte strings as they are, which JSON does not. Only programs that read
/// property lists can read such an array.
public struct PropertyListCoded<Value: Codable & Sendable>: ZarrElement {
  /// The value.
  public var value: Value

  /// Wraps a value.
  public init(_ value: Value) {
    self.value = value
  }

  public static var dataType: DataType { .bytes }

  public static func isElement(of dataType: DataType) -> Bool { dataType == .bytes }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    do {
      let encoder = PropertyListEncoder()
      encoder.outputFormat = .binary
      bytes.append(contentsOf: try encoder.encode(value))
    } catch {
      throw .unencodable(type: "\(Value.self)", reason: "\(error)")
    }
  }

  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    do {
      let data = unsafe bytes.withUnsafeBytes { unsafe Data($0) }
      value = try PropertyListDecoder().decode(Value.self, from: data)
    } catch {
      throw .undecodable(type: "\(Value.self)", reason: "\(error)")
    }
  }
}

extension PropertyListCoded: Equatable where Value: Equatable {}
extension PropertyListCoded: Hashable where Value: Hashable {}
