public import ChunkEngine

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The bytes of an element, whatever it is.
extension Data: ZarrElement {
  public static var dataType: DataType { .bytes }

  public static func isElement(of dataType: DataType) -> Bool { true }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    bytes.append(contentsOf: self)
  }

  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    self = unsafe bytes.withUnsafeBytes { unsafe Data($0) }
  }

  public static func source(of elements: [Data], as dataType: DataType) throws -> any BlobSource { elements }
}
