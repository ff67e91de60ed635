import ChunkEngine

extension DataType {
  /// What the elements are as numbers, if that is what they are in memory: times are integers.
  var numberType: NumberType? {
    switch self {
    case .number(let type): type
    case .datetime64, .timedelta64: .int64
    default: nil
    }
  }

  /// The numbers that an element consists of if all are of one type, and how many: two for a complex number.
  var numberParts: (type: NumberType, count: Int)? {
    if case .complex(.number(let type)) = self { return (type, 2) }
    return numberType.map { ($0.partType, $0.byteCount / $0.partType.byteCount) }
  }
}
