public import ChunkEngine

/// A data type of your own.
///
/// The metadata of an array holds its name and configuration, from which ``DataTypeRegistry`` makes the type.
///
/// ```swift
/// /// Addresses such as `"127.0.0.1"`.
/// struct AddressType: ExtensionDataType {
///   var name: String { "example.address" }
///   var layout: ElementLayout { .fixed(byteCount: 4) }
///
///   func fillValue(from value: JSONValue) throws(MetadataError) -> [UInt8] {
///     let bytes = value.stringValue?.split(separator: ".").compactMap { UInt8($0) } ?? []
///     guard bytes.count == 4 else {
///       throw MetadataError(code: .unexpectedValue, field: "fill_value", message: "expected an address")
///     }
///     return bytes
///   }
///
///   func json(ofFillValue bytes: [UInt8]) throws(MetadataError) -> JSONValue {
///     .string(bytes.map(String.init).joined(separator: "."))
///   }
/// }
///
/// DataTypeRegistry.register("example.address") { settings throws(MetadataError) in
///   try settings.checkOnly()
///   return AddressType()
/// }
/// ```
public protocol ExtensionDataType: Hashable, Sendable {
  /// The name in Zarr v3 metadata.
  var name: String { get }

  /// The settings in Zarr v3 metadata.
  var configuration: JSONObject { get }

  /// How elements lie in memory.
  var layout: ElementLayout { get }

  /// Whether every element must be well-formed UTF-8.
  var elementsAreText: Bool { get }

  /// The widths in bytes of the numbers in an element of fixed size, in order.
  ///
  /// Their sum is the size of the element. Bytes without an order have the width 1.
  var scalarByteCounts: [UInt8] { get }

  /// The default codec that turns elements into bytes.
  var defaultCodec: MetadataExtension { get }

  /// Reads a fill value: the element that readers find where nothing was written.
  ///
  /// - Returns: The bytes of the element, as many as the layout says.
  /// - Throws: An error if the value does not fit the type.
  func fillValue(from value: JSONValue) throws(MetadataError) -> [UInt8]

  /// The fill value in a document.
  ///
  /// - Throws: An error if the bytes are not an element.
  func json(ofFillValue bytes: [UInt8]) throws(MetadataError) -> JSONValue

  /// An element as JSON.
  ///
  /// - Throws: An error if the bytes are not an element.
  func json(ofElement bytes: RawSpan) throws(MetadataError) -> JSONValue

  /// Reads an element that ``json(ofElement:)`` gave.
  ///
  /// - Throws: An error if the value does not fit the type.
  func elementBytes(from value: JSONValue) throws(MetadataError) -> [UInt8]
}

extension ExtensionDataType {
  public var configuration: JSONObject { [:] }

  public var elementsAreText: Bool { false }

  public var scalarByteCounts: [UInt8] {
    layout.fixedByteCount.map { [UInt8](repeating: 1, count: $0) } ?? []
  }

  public var defaultCodec: MetadataExtension {
    switch layout {
    case .fixed: DataType.bytesCodec(of: scalarByteCounts)
    case .variable: MetadataExtension(name: elementsAreText ? "vlen-utf8" : "vlen-bytes")
    }
  }

  public func json(ofElement bytes: RawSpan) throws(MetadataError) -> JSONValue {
    try json(ofFillValue: unsafe bytes.withUnsafeBytes { unsafe Array($0) })
  }

  public func elementBytes(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    try fillValue(from: value)
  }
}

/// Any data type of another package.
public struct AnyExtensionDataType: Hashable, Sendable {
  /// The type itself.
  public let base: any ExtensionDataType

  /// Wraps a type.
  public init(_ base: any ExtensionDataType) {
    self.base = base
  }

  public static func == (left: AnyExtensionDataType, right: AnyExtensionDataType) -> Bool {
    AnyHashable(left.base) == AnyHashable(right.base)
  }

  public func hash(into hasher: inout Hasher) {
    base.hash(into: &hasher)
  }
}

/// The data types that you and other packages add.
public enum DataTypeRegistry {
  typealias Factory = @Sendable (CodecSettings) throws(MetadataError) -> any ExtensionDataType

  private static let added = Locked<[String: Factory]>([:])

  /// Adds a data type for the whole process.
  ///
  /// Call this before you create or open an array of the data type. It replaces a data type that you added under the
  /// same name. You cannot replace those of this library.
  ///
  /// - Parameters:
  ///   - name: The name in Zarr v3 metadata.
  ///   - factory: Makes the data type of its settings, each time the library reads metadata.
  public static func register(
    _ name: String,
    _ factory: @escaping @Sendable (CodecSettings) throws(MetadataError) -> any ExtensionDataType
  ) {
    added.withLock { $0[name] = factory }
  }

  /// The factory of the data type with this name, or nil if no data type has it.
  static func factory(_ name: String) -> Factory? {
    added.withLock { $0[name] }
  }
}
