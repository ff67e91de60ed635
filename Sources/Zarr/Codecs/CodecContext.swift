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
