public import ChunkEngine

/// A type whose values are elements of arrays.
///
/// Text, byte strings, numbers, JSON values, and whatever is `Codable` conform, and so does an optional of
/// any of them:
///
///     struct Station: Codable, ZarrElement {
///       var name: String
///       var height: Double
///     }
///
///     try ZarrArray.create(in: store, at: "stations", writing: stations)
///     let stations = try ZarrArray.open(in: store, at: "stations").read(as: Station.self)
///
/// | type | new arrays have | is read from and written to |
/// |------|-----------------|-----------------------------|
/// | `String` | `string` | `string`, `fixed_length_utf32`, and `json` as its text |
/// | `[UInt8]`, `Data` | `bytes` | every data type, as the bytes that an element has in memory |
/// | `Bool`, `Int8` … `UInt64`, `Int`, `UInt`, `Float16`, `Float`, `Double` | the number | the number; read also from others without loss |
/// | `[Int8]` … `[Double]` | `vlen-array` | `vlen-array` |
/// | ``JSONValue`` | `json` | `json`, `string`, `bytes` |
/// | `Codable` types that conform, ``Coded`` | `json` | `json`, `string`, `bytes` |
/// | ``PropertyListCoded`` | `bytes` | `bytes` |
/// | `Optional` | `zarrs.optional` of the other | the same |
///
/// A type of yours that is not `Codable`, or that is to have other bytes than JSON, says how an element
/// becomes bytes and comes back. An element that is read is never executed, and bytes that are no element are
/// an error.
public protocol ZarrElement: Sendable {
  /// What the elements of a new array are.
  static var dataType: DataType { get }

  /// Whether the elements of arrays of a data type can be values of this type.
  static func isElement(of dataType: DataType) -> Bool

  /// Whether the elements of arrays of a data type can be read as values of this type.
  ///
  /// The same as ``ZarrElement/isElement(of:)`` unless it is said.
  static func canBeRead(from dataType: DataType) -> Bool

  /// Appends the bytes that the value has as an element in memory.
  ///
  /// - Parameters:
  ///   - dataType: What the elements are, of which ``ZarrElement/isElement(of:)`` was true.
  ///   - bytes: Where the bytes go, behind those that are there.
  /// - Throws: ``ElementError/unencodable(type:reason:)`` if the value cannot be an element.
  func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError)

  /// Reads an element.
  ///
  /// - Parameters:
  ///   - bytes: The bytes of the element in memory. Nothing about them has been checked but the size, if all
  ///     elements have the same.
  ///   - dataType: What the elements are, of which ``canBeRead(from:)`` was true.
  /// - Throws: ``ElementError/undecodable(type:reason:)`` if the bytes are no such value.
  init(element bytes: RawSpan, of dataType: DataType) throws(ElementError)

  /// The elements as something that can be written.
  ///
  /// There is a default implementation, which calls ``appendElement(of:to:)`` for each from several threads.
  ///
  /// - Throws: ``ElementFailure`` for the first element that cannot be written, and the engine's
  ///   `ChunkError`.
  static func source(of elements: [Self], as dataType: DataType) throws -> any BlobSource

  /// The elements of a view.
  ///
  /// There is a default implementation, which calls ``ZarrElement/init(element:of:)`` for each from several threads.
  ///
  /// - Throws: ``ElementFailure`` for the first element that is no such value.
  static func elements(of view: BlobView, as dataType: DataType) throws -> [Self]
}

extension ZarrElement {
  public static func canBeRead(from dataType: DataType) -> Bool { isElement(of: dataType) }

  public static func source(of elements: [Self], as dataType: DataType) throws -> any BlobSource {
    try EncodedElements.encode(elements, as: dataType)
  }

  public static func elements(of view: BlobView, as dataType: DataType) throws -> [Self] {
    try DecodedElements.decode(view, as: dataType)
  }
}
