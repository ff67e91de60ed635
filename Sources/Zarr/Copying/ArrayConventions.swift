import ChunkEngine

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What xarray, and others that keep NetCDF's data in Zarr, say of an array where the versions of Zarr
/// differ.
///
/// | | Zarr v2 | Zarr v3 |
/// |---|---|---|
/// | names of dimensions | the attribute `_ARRAY_DIMENSIONS` | the field `dimension_names` |
/// | the element that stands for a missing one | the fill value, unless it is `null` | the attribute `_FillValue` |
///
/// Only arrays whose dimensions have names are read so; xarray does not open others. In Zarr v3 an array
/// without dimensions needs no names for that. `_FillValue` holds floating-point numbers as base64 text of
/// their eight bytes, and xarray reads it of numbers only.
struct ArrayConventions: Hashable {
  private static let namesAttribute = "_ARRAY_DIMENSIONS"
  private static let missingAttribute = "_FillValue"

  /// The names of the dimensions, or nil if they have none.
  private let names: [String?]?

  /// The attributes that mean the same in all versions.
  private let attributes: JSONObject

  /// The element that stands for a missing one, or nil if none does.
  private let missingElement: [UInt8]?

  /// The same, but nil for one that is "not a number" anyway.
  private let relevantMissingElement: [UInt8]?

  /// The fill value of an array of Zarr v2 that stands for missing elements, of a type for which the
  /// attribute has no way to say so.
  let unsayableMissingElement: [UInt8]?

  private let dataType: DataType

  /// Finds the conventions of an array, wherever they are.
  init(of metadata: ArrayMetadata) {
    var attributes = metadata.attributes
    var names = metadata.dimensionNames
    var isNamed = names.map { !$0.contains(nil) } ?? metadata.shape.isEmpty
    if metadata.zarrFormat == .version2 {
      let values = attributes[Self.namesAttribute]?.arrayValue
      isNamed =
        values.map { $0.count == metadata.shape.count && $0.allSatisfy { $0.stringValue != nil } } ?? false
      if isNamed {
        names = values?.map(\.stringValue)
        attributes[Self.namesAttribute] = nil
      }
    }
    var missing: [UInt8]?
    if isNamed, Self.canSayMissing(metadata.dataType) {
      missing = attributes[Self.missingAttribute].flatMap { Self.element($0, of: metadata.dataType) }
      if metadata.zarrFormat == .version2, let fill = metadata.statedFillValue { missing = fill }
      if missing != nil { attributes[Self.missingAttribute] = nil }
    }
    let isUnsayable =
      isNamed && metadata.zarrFormat == .version2 && !Self.canSayMissing(metadata.dataType)
    unsayableMissingElement =
      isUnsayable
      ? metadata.statedFillValue.flatMap { Self.isNotANumber($0, metadata.dataType) ? nil : $0 } : nil
    self.names = names ?? (metadata.shape.isEmpty ? [] : nil)
    self.attributes = attributes
    missingElement = missing
    relevantMissingElement = missing.flatMap { Self.isNotANumber($0, metadata.dataType) ? nil : $0 }
    dataType = metadata.dataType
  }

  /// The attributes of the array in a version of Zarr.
  func attributes(in format: ZarrFormat) -> JSONObject {
    var attributes = attributes
    switch format {
    case .version2:
      // The attribute has no way to leave a dimension without a name.
      if let names, !names.contains(nil) {
        attributes[Self.namesAttribute] = .array(names.map { .string($0 ?? "") })
      }
    case .version3:
      if let missingElement { attributes[Self.missingAttribute] = Self.json(missingElement, of: dataType) }
    }
    return attributes
  }

  /// The field with the names in a version of Zarr.
  func dimensionNames(in format: ZarrFormat) -> [String?]? {
    format == .version3 && names != [] ? names : nil
  }

  /// The fill value of Zarr v2 for an array of v3, by which only missing elements are missing there.
  ///
  /// - Parameter fill: The fill value of v3.
  /// - Returns: The fill value, or nil for one that is not defined.
  func version2FillValue(for fill: [UInt8]) -> [UInt8]? {
    guard let names, !names.contains(nil) else { return fill }
    return missingElement ?? (Self.isNotANumber(fill, dataType) ? fill : nil)
  }

  static func == (left: ArrayConventions, right: ArrayConventions) -> Bool {
    left.names == right.names && left.attributes == right.attributes
      && (left.relevantMissingElement == right.relevantMissingElement || left.dataType != right.dataType)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(names)
    hasher.combine(attributes)
  }

  /// Whether xarray finds an element of a type that stands for missing ones in both versions.
  private static func canSayMissing(_ type: DataType) -> Bool {
    switch type {
    case .number(.bfloat16): false
    case .number: true
    default: false
    }
  }

  /// The element that the attribute holds, or nil if it is none of the type.
  private static func element(_ value: JSONValue, of type: DataType) -> [UInt8]? {
    switch (type, value) {
    case (.number(.float16), _), (.number(.float32), _), (.number(.float64), _):
      try? type.fillValue(from: number(value))
    case (.number(.complex64), .array(let parts)), (.number(.complex128), .array(let parts)):
      try? type.fillValue(from: .array(parts.map(number)))
    case (.number(.bool), .bool), (.number, .number): try? type.fillValue(from: value)
    default: nil
    }
  }

  /// What the attribute holds for an element.
  private static func json(_ element: [UInt8], of type: DataType) -> JSONValue? {
    guard let value = try? type.json(ofFillValue: element) else { return nil }
    return switch (type, value) {
    case (.number(.float16), _), (.number(.float32), _), (.number(.float64), _): text(value)
    case (.number(.complex64), .array(let parts)), (.number(.complex128), .array(let parts)):
      .array(parts.map(text))
    default: value
    }
  }

  /// A number that may be base64 text of its eight bytes.
  private static func number(_ value: JSONValue) -> JSONValue {
    guard case .string(let text) = value, let bytes = Data(base64Encoded: text), bytes.count == 8 else {
      return value
    }
    return fillValue(Double(bitPattern: UInt64(littleEndianBytes: Array(bytes)[...])))
  }

  private static func fillValue(_ number: Double) -> JSONValue {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    return .number(JSONNumber(number))
  }

  /// The base64 text of a number as a fill value has it.
  private static func text(_ value: JSONValue) -> JSONValue {
    let number: Double
    switch value {
    case .number(let value): number = value.double
    case "Infinity": number = .infinity
    case "-Infinity": number = -.infinity
    default: number = .nan
    }
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> ($0 * 8)) }
    return .string(Data(bytes).base64EncodedString())
  }

  /// Whether an element is missing by itself, so that it does not matter if it stands for missing ones.
  private static func isNotANumber(_ element: [UInt8], _ type: DataType) -> Bool {
    switch type {
    case .number(.float16), .number(.float32), .number(.float64):
      text((try? type.json(ofFillValue: element)) ?? 0) == text("NaN")
    case .datetime64, .timedelta64: element == [0, 0, 0, 0, 0, 0, 0, 0x80]
    default: false
    }
  }
}

extension ArrayMetadata {
  /// The fill value, or nil if an array of Zarr v2 says that it has none.
  fileprivate var statedFillValue: [UInt8]? {
    version2Document?["fill_value"] ?? .null == .null && version2Document != nil ? nil : fillValue
  }

  /// The same metadata of an array of Zarr v2 without a fill value.
  func withoutFillValue() throws(MetadataError) -> ArrayMetadata {
    guard var document = version2Document else { return self }
    document["fill_value"] = .null
    return try ArrayMetadata(version2: document, attributes: attributes)
  }
}
