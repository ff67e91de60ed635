public import ChunkEngine

extension NumberType {
  /// Creates a type from what NumPy calls it: `<f8`, `|u1`, `i4`, `float64`, `?` and the like.
  ///
  /// The byte order is left out: how numbers are stored is for the codec that stores them to say.
  public init?(numpy name: String) {
    var code = name[...]
    if let first = code.first, "<>|=".contains(first) { code.removeFirst() }
    let type =
      switch code {
      case "b1", "?": NumberType.bool
      case "i1", "b": NumberType.int8
      case "i2", "h": NumberType.int16
      case "i4", "i": NumberType.int32
      case "i8", "l", "q": NumberType.int64
      case "u1", "B": NumberType.uint8
      case "u2", "H": NumberType.uint16
      case "u4", "I": NumberType.uint32
      case "u8", "L", "Q": NumberType.uint64
      case "f2", "e": NumberType.float16
      case "f4", "f": NumberType.float32
      case "f8", "d": NumberType.float64
      case "c8", "F": NumberType.complex64
      case "c16", "D": NumberType.complex128
      default: NumberType(rawValue: name)
      }
    guard let type else { return nil }
    self = type
  }
}
