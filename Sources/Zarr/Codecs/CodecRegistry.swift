public import ChunkEngine

/// The codecs that metadata can name: those of this library and yours.
///
/// ```swift
/// // Zstandard with a checksum in its frames, and a level that is called "effort".
/// CodecRegistry.register("example.zstd") { settings, _ throws(MetadataError) in
///   try settings.checkOnly("effort")
///   let level = try settings.integer("effort", in: 1...22, default: 3)
///   return .bytesToBytes(.zstd(level: level, hasChecksum: true))
/// }
/// ```
public enum CodecRegistry {
  typealias Factory = @Sendable (CodecSettings, CodecContext) throws(MetadataError) -> ResolvedCodec

  private static let added = Locked<[String: Factory]>([:])

  /// Adds a codec for the whole process.
  ///
  /// Call this before you create or open an array that uses the codec. It replaces a codec that you added under the
  /// same name. You cannot replace the codecs of this library.
  ///
  /// - Parameters:
  ///   - name: The name in Zarr v3 metadata.
  ///   - factory: Makes the codec of its settings, each time an array is created or opened.
  public static func register(
    _ name: String,
    _ factory: @escaping @Sendable (CodecSettings, CodecContext) throws(MetadataError) -> ResolvedCodec
  ) {
    added.withLock { $0[name] = factory }
  }

  /// The factory of the codec with this name, or nil if no codec has it.
  static func factory(_ name: String) -> Factory? {
    builtIn[name] ?? added.withLock { $0[name] }
  }

  /// Whether the codec with this name is part of this library.
  static func isBuiltIn(_ name: String) -> Bool { builtIn[name] != nil }

  private static let builtIn: [String: Factory] = {
    var factories: [String: Factory] = [:]
    for group in [arrayToArray, numcodecs, arrayToBytes, composite, sharding, objects, bytesToBytes] {
      factories.merge(group) { _, new in new }
    }
    return factories
  }()
}

/// A codec of an array's metadata, ready to run.
public enum ResolvedCodec: Sendable {
  /// Turns elements into other elements. The context describes what the next codec gets.
  case arrayToArray(any ArrayToArrayCodec, CodecContext)
  /// Turns elements into bytes.
  case arrayToBytes(any ArrayToBytesCodec)
  /// Turns bytes into other bytes.
  case bytesToBytes(CodecChain.Stage)
}

/// A codec that the metadata of an array can name.
///
/// The engine knows codecs by what they do. This protocol adds their names and settings.
public protocol MetadataCodec: Sendable {
  /// The name in Zarr v3 metadata.
  static var name: String { get }

  /// All settings, including defaults, because some readers require them.
  var configuration: JSONObject { get }

  /// Reads settings. A missing setting has the default of the codec's specification.
  ///
  /// - Throws: ``MetadataError`` that names a setting which is unknown or out of range.
  init(_ settings: CodecSettings) throws(MetadataError)
}

extension MetadataCodec {
  /// The codec as metadata holds it.
  var metadata: MetadataExtension { MetadataExtension(name: Self.name, configuration: configuration) }
}

/// The elements that a codec gets.
public struct CodecContext: Hashable, Sendable {
  /// What the elements are.
  public let dataType: DataType

  /// The bytes of the element that readers find where nothing was written.
  public let fillValue: [UInt8]

  /// The number of elements of a chunk along each dimension, or nil if chunks differ in shape.
  public let chunkShape: [Int]?

  /// Describes the elements that a codec gets.
  public init(dataType: DataType, fillValue: [UInt8], chunkShape: [Int]?) {
    self.dataType = dataType
    self.fillValue = fillValue
    self.chunkShape = chunkShape
  }

  /// Describes elements that have the default fill value of their data type.
  init(_ dataType: DataType, chunkShape: [Int]?) {
    self.init(dataType: dataType, fillValue: dataType.defaultFillValue, chunkShape: chunkShape)
  }

  /// The codec together with what the next one gets.
  ///
  /// - Parameters:
  ///   - codec: A codec that gets elements as this context describes them.
  ///   - settings: Its settings, for errors.
  ///   - dataType: What the codec turns the elements into, or nil if their type stays the same.
  ///   - fillValue: What the codec turns the fill value into, or nil to let the codec encode it.
  /// - Returns: The codec, and the context of the next one.
  /// - Throws: ``MetadataError`` if the codec cannot take chunks of this shape, or the fill value.
  func encoded(
    by codec: some ArrayToArrayCodec, _ settings: CodecSettings, as dataType: DataType? = nil,
    fillValue: [UInt8]? = nil
  ) throws(MetadataError) -> ResolvedCodec {
    do throws(ChunkError) {
      let shape = try chunkShape.map { shape throws(ChunkError) in
        try codec.encodedRepresentation(of: ChunkRepresentation(shape: shape, layout: self.dataType.layout))
          .shape
      }
      var encodedFillValue = fillValue ?? self.fillValue
      if dataType != nil, fillValue == nil { encodedFillValue = try self.encodedFillValue(by: codec) }
      return .arrayToArray(
        codec,
        CodecContext(dataType: dataType ?? self.dataType, fillValue: encodedFillValue, chunkShape: shape))
    } catch {
      throw settings.error(error.description)
    }
  }

  private func encodedFillValue(by codec: some ArrayToArrayCodec) throws(ChunkError) -> [UInt8] {
    var arena = ByteArena()
    let chunk = try ChunkRepresentation(shape: [1], layout: dataType.layout)
    try codec.encode(fillValue.rawSpan, of: chunk, into: &arena)
    return unsafe arena.bytes.withUnsafeBytes { unsafe Array($0) }
  }

  /// The type of the elements, if it is one of those that the codec `name` computes with.
  ///
  /// - Throws: ``MetadataError`` if it is another one.
  func number(
    for name: String, _ settings: CodecSettings, _ isSupported: (NumberType) -> Bool
  ) throws(MetadataError) -> NumberType {
    guard case .number(let type) = dataType, isSupported(type) else {
      throw settings.error("\(name) takes integers and floating-point numbers, not \(dataType.name)")
    }
    return type
  }

  /// Checks that elements are of any size.
  func checkVariable(_ settings: CodecSettings) throws(MetadataError) {
    guard dataType.layout == .variable else { throw unsuitable(settings) }
  }

  /// The error for a codec that cannot turn the elements into bytes.
  func unsuitable(_ settings: CodecSettings) -> MetadataError {
    settings.error("\(dataType.name) needs \(dataType.defaultCodec.name), not \(settings.name)")
  }
}
