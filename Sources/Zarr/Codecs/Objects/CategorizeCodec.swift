public import ChunkEngine

/// Stores text that is one of a few labels as the number of the label, as the codec `categorize` of numcodecs
/// does.
///
///     labels  a, b      "b"  "a"  "x"  ""   ─▶   2  1  0  0
///
/// Text that is no label becomes 0, and 0, like every number without a label, becomes empty text. So only
/// labels come back.
///
/// The metadata names are `numcodecs.categorize` and `categorize`. See
/// [numcodecs](https://numcodecs.readthedocs.io/en/stable/filter/categorize.html).
public struct CategorizeCodec: ArrayToBytesCodec, ArrayEncoder, ArrayDecoder, Hashable {
  public static var name: String { "numcodecs.categorize" }

  /// What stands for an element in a chunk.
  struct CodeType: Hashable {
    /// The name in NumPy, as `<u2`.
    let name: String
    let byteCount: Int
    let isBigEndian: Bool
    let isSigned: Bool

    /// The largest number of a label.
    var maximum: Int {
      let bitCount = byteCount * 8 - (isSigned ? 1 : 0)
      return bitCount > 62 ? Int.max : 1 << bitCount - 1
    }
  }

  /// The text of each label, from number 1 on.
  public let labels: [String]

  /// The data type of the array in NumPy, which has no effect here.
  let dataTypeName: String

  let codeType: CodeType

  /// The number of each label.
  private let table: LabelTable

  /// Creates a codec that stores a byte an element.
  ///
  /// - Precondition: There are at most 255 labels.
  public init(labels: [String]) {
    precondition(labels.count <= 255, "\(labels.count) labels are more than a byte can count")
    self.init(
      labels: labels, dataTypeName: "|O",
      codeType: CodeType(name: "|u1", byteCount: 1, isBigEndian: false, isSigned: false))
  }

  init(labels: [String], dataTypeName: String, codeType: CodeType) {
    self.labels = labels
    self.dataTypeName = dataTypeName
    self.codeType = codeType
    table = LabelTable(labels)
  }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    var elements = try WireFormReader(source, expectedCount: chunk.elementCount, codec: Self.name)
    let (byteCount, overflow) = chunk.elementCount.multipliedReportingOverflow(by: codeType.byteCount)
    guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
    try output.append(addingCapacity: byteCount) { output throws(ChunkError) in
      while let element = try elements.next() {
        let code = UInt64(table.code(of: element))
        for index in 0..<codeType.byteCount {
          let shift = codeType.isBigEndian ? codeType.byteCount - 1 - index : index
          output.append(UInt8(truncatingIfNeeded: code >> UInt64(shift * 8)))
        }
      }
    }
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let (byteCount, overflow) = chunk.elementCount.multipliedReportingOverflow(by: codeType.byteCount)
    guard !overflow, byteCount == source.byteCount else {
      throw .byteCountMismatch(
        codec: Self.name, found: source.byteCount, expected: overflow ? Int.max : byteCount)
    }
    guard chunk.elementCount <= WireForm.maximumElementCount else {
      throw .tooManyElements(count: chunk.elementCount)
    }
    try output.append(littleEndian: UInt32(chunk.elementCount))
    for element in 0..<chunk.elementCount {
      let label = table.label(of: code(at: element * codeType.byteCount, in: source.octets))
      try output.appendDecoded(label, index: element, limit: limit, codec: Self.name)
    }
  }

  private func code(at offset: Int, in source: Span<UInt8>) -> UInt64 {
    var code: UInt64 = 0
    for index in 0..<codeType.byteCount {
      let shift = codeType.isBigEndian ? codeType.byteCount - 1 - index : index
      code |= UInt64(source[offset + index]) << UInt64(shift * 8)
    }
    return code
  }
}
