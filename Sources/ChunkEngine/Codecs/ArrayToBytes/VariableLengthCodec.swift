/// A codec that turns the elements of a chunk into ``WireForm``.
public protocol VariableLengthCodec: Sendable {
  /// The name of the codec in Zarr metadata.
  static var name: String { get }

  /// Whether every element has to be well-formed UTF-8.
  var elementsAreText: Bool { get }
}
