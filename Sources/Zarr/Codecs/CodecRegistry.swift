public import ChunkEngine
import Synchronization

/// The codecs that can be named in metadata: those of this library, and those that others add.
///
///     CodecRegistry.register("example.reverse") { settings, context in
///       try settings.checkOnly()
///       return .bytesToBytes(.transform(ReverseCodec()))
///     }
public enum CodecRegistry {
  /// Makes a codec of its settings, for the elements that it gets.
  public typealias Factory = @Sendable (CodecSettings, CodecContext) throws(MetadataError) -> ResolvedCodec

  private static let added = Mutex<[String: Factory]>([:])

  /// Adds a codec for the whole process, in place of one that was added before under its name.
  ///
  /// The codecs of this library cannot be replaced.
  ///
  /// - Parameters:
  ///   - name: The name in Zarr v3 metadata.
  ///   - factory: Makes the codec each time an array is opened.
  public static func register(_ name: String, _ factory: @escaping Factory) {
    added.withLock { $0[name] = factory }
  }

  /// The codec of a name, or nil if there is none.
  static func factory(_ name: String) -> Factory? {
    builtIn[name] ?? added.withLock { $0[name] }
  }

  /// Whether a name is that of a codec of this library.
  static func isBuiltIn(_ name: String) -> Bool { builtIn[name] != nil }

  private static let builtIn: [String: Factory] = {
    var factories: [String: Factory] = [:]
    let groups = [
      bytesToBytes, arrayToBytes, arrayToArray, numcodecs, objects, sharding, composite,
    ]
    for group in groups {
      factories.merge(group) { _, new in new }
    }
    return factories
  }()
}

extension CodecRegistry {
  /// The codec that divides chunks.
  static let sharding: [String: Factory] = [
    ShardingCodec.name: { settings, context throws(MetadataError) in
      .arrayToBytes(try ShardingCodec(settings, context))
    }
  ]
}

/// A codec of an array's metadata, ready to run.
public enum ResolvedCodec: Sendable {
  /// Turns elements into others; the context is what the next codec gets.
  case arrayToArray(any ArrayToArrayCodec, CodecContext)
  /// Turns elements into bytes.
  case arrayToBytes(any ArrayToBytesCodec)
  /// Turns bytes into others.
  case bytesToBytes(CodecChain.Stage)
}

/// A codec that can be named in the metadata of an array.
///
/// The engine knows codecs by what they do; this is where they meet their names and settings.
public protocol MetadataCodec: Sendable {
  /// The name in Zarr v3 metadata.
  static var name: String { get }

  /// The settings, all of them spelled out: some readers want those that have their default.
  var configuration: JSONObject { get }

  /// Reads settings. Those that are missing have the default of the codec's specification.
  ///
  /// - Throws: ``MetadataError`` that names a setting which is unknown or out of range.
  init(_ settings: CodecSettings) throws(MetadataError)
}

extension MetadataCodec {
  /// The codec as metadata holds it.
  var metadata: MetadataExtension { MetadataExtension(name: Self.name, configuration: configuration) }
}

/// What a codec has to know of the elements that it gets.
public struct CodecContext: Hashable, Sendable {
  /// What the elements are.
  public let dataType: DataType

  /// The bytes of the element that stands for all that was never written.
  public let fillValue: [UInt8]

  /// The number of elements of a chunk along each axis, or nil if chunks differ in shape.
  public let chunkShape: [Int]?

  /// Describes the elements in front of a codec.
  public init(dataType: DataType, fillValue: [UInt8], chunkShape: [Int]?) {
    self.dataType = dataType
    self.fillValue = fillValue
    self.chunkShape = chunkShape
  }
}

extension CodecContext {
  /// The codec together with what the next one gets.
  ///
  /// - Parameters:
  ///   - codec: A codec that gets elements as this context describes them.
  ///   - settings: Its settings, for errors.
  ///   - dataType: What the elements are behind the codec, or nil if they stay what they are.
  ///   - fillValue: The fill value behind the codec, or nil for what the codec makes of it.
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
      throw MetadataError(code: .unexpectedValue, field: settings.field, message: error.description)
    }
  }

  /// What a codec makes of the fill value.
  private func encodedFillValue(by codec: some ArrayToArrayCodec) throws(ChunkError) -> [UInt8] {
    var arena = ByteArena()
    let chunk = try ChunkRepresentation(shape: [1], layout: dataType.layout)
    try codec.encode(unsafe fillValue.span.bytes, of: chunk, into: &arena)
    return unsafe arena.bytes.withUnsafeBytes { unsafe Array($0) }
  }
}
