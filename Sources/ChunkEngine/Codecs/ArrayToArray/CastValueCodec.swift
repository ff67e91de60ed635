/// Stores numbers as numbers of another type with the same value, or the nearest that the type has.
///
/// See [cast_value](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/cast_value).
/// Infinities and NaN are no integers, whatever the settings are; a map of single values can make integers of
/// them. Both directions follow the same rules.
public struct CastValueCodec: ArrayToArrayCodec, Hashable {
  public static var name: String { "cast_value" }

  /// What a value becomes that lies between two numbers of the other type.
  public enum Rounding: String, Hashable, Sendable, CaseIterable {
    /// The nearest number; of two that are as near, the one whose last bit is 0.
    case nearestEven = "nearest-even"
    /// The number nearer to zero.
    case towardsZero = "towards-zero"
    /// The larger number.
    case towardsPositive = "towards-positive"
    /// The smaller number.
    case towardsNegative = "towards-negative"
    /// The nearest number; of two that are as near, the one farther from zero.
    case nearestAway = "nearest-away"
  }

  /// What a value becomes that is beyond the numbers of the other type.
  public enum OutOfRange: String, Hashable, Sendable, CaseIterable {
    /// An error.
    case error
    /// The smallest or largest integer, or an infinity.
    case clamp
    /// The integer that is left when the range is taken away as often as it takes.
    case wrap
  }

  /// A number that becomes another one, whatever the rules say.
  public struct Exception: Hashable, Sendable {
    /// The bytes of the number, as they lie in memory.
    public let number: [UInt8]
    /// The bytes of what it becomes, as they lie in memory.
    public let result: [UInt8]

    /// Creates an exception.
    public init(number: [UInt8], result: [UInt8]) {
      self.number = number
      self.result = result
    }
  }

  /// What the numbers are in memory.
  public let decodedType: NumberType

  /// What the numbers are when they are stored.
  public let encodedType: NumberType

  private let rules: CastRules
  private let encodingExceptions: CastExceptions
  private let decodingExceptions: CastExceptions

  /// Whether the codec casts such numbers.
  public static func supports(_ type: NumberType) -> Bool { !type.isComplex && type != .bool }

  /// Creates a codec.
  ///
  /// - Parameters:
  ///   - decodedType: What the numbers are in memory.
  ///   - encodedType: What the numbers are when they are stored.
  ///   - rounding: What becomes of values between two numbers.
  ///   - outOfRange: What becomes of values beyond all numbers.
  ///   - encodingExceptions: Numbers that are stored as others than the rules say.
  ///   - decodingExceptions: Stored numbers that become others than the rules say. Of exceptions for the same
  ///     number the first counts; zero is one number, and so is NaN.
  /// - Precondition: The codec ``supports(_:)`` both types, and exceptions have as many bytes as these.
  public init(
    decodedType: NumberType, encodedType: NumberType, rounding: Rounding = .nearestEven,
    outOfRange: OutOfRange = .error, encodingExceptions: [Exception] = [],
    decodingExceptions: [Exception] = []
  ) {
    precondition(Self.supports(decodedType) && Self.supports(encodedType), "such numbers are not cast")
    self.decodedType = decodedType
    self.encodedType = encodedType
    rules = CastRules(rounding: rounding, outOfRange: outOfRange)
    self.encodingExceptions = CastExceptions(encodingExceptions, from: decodedType, to: encodedType)
    self.decodingExceptions = CastExceptions(decodingExceptions, from: encodedType, to: decodedType)
  }

  public var keepsBytes: Bool {
    decodedType == encodedType && encodingExceptions.isEmpty && decodingExceptions.isEmpty
  }

  public func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation {
    _ = try chunk.byteCount(ofElements: decodedType.byteCount, codec: Self.name)
    return try ChunkRepresentation(shape: chunk.shape, layout: .fixed(byteCount: encodedType.byteCount))
  }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let encoded = try encodedRepresentation(of: chunk)
    let byteCount = try encoded.byteCount(ofElements: encodedType.byteCount, codec: Self.name)
    try source.checkByteCount(chunk.elementCount * decodedType.byteCount, codec: Self.name)
    try unsafe output.append(byteCount: byteCount, from: source) { source, target throws(ChunkError) in
      let loop = unsafe CastLoop(
        rules: rules, exceptions: encodingExceptions, count: chunk.elementCount, source: source,
        target: target)
      guard let index = try loop.run(from: decodedType, to: encodedType) else { return }
      throw .unencodable(codec: Self.name, reason: "element \(index) has a value that \(encodedType) has not")
    }
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let encoded = try encodedRepresentation(of: chunk)
    let byteCount = chunk.elementCount * decodedType.byteCount
    try checkDecodedByteCount(byteCount, limit: limit, codec: Self.name)
    try source.checkByteCount(encoded.elementCount * encodedType.byteCount, codec: Self.name)
    try unsafe output.append(byteCount: byteCount, from: source) { source, target throws(ChunkError) in
      let loop = unsafe CastLoop(
        rules: rules, exceptions: decodingExceptions, count: chunk.elementCount, source: source,
        target: target)
      guard let index = try loop.run(from: encodedType, to: decodedType) else { return }
      throw .malformed(codec: Self.name, reason: "element \(index) has a value that \(decodedType) has not")
    }
  }
}
