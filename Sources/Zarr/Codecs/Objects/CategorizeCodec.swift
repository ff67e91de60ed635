package import ChunkEngine

/// Stores texts from a short list of labels by their numbers, as the codec `categorize` of numcodecs does.
///
///     labels  a, b      "b"  "a"  "x"  ""   ─▶   2  1  0  0
///
/// Any other text becomes 0. A number without a label, as 0, becomes empty text. So only labels come back.
///
/// The metadata names are `numcodecs.categorize` and `categorize`. See
/// [numcodecs](https://numcodecs.readthedocs.io/en/stable/filter/categorize.html).
package struct CategorizeCodec: ArrayToBytesCodec, ArrayEncoder, ArrayDecoder, Hashable {
  package static var name: String { "numcodecs.categorize" }

  /// The type of the numbers in a chunk.
  fileprivate struct CodeType: Hashable {
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
  package let labels: [String]

  /// The data type of the array in NumPy, which has no effect here.
  private let dataTypeName: String

  private let codeType: CodeType

  /// The number of each label.
  private let table: LabelTable

  /// Creates a codec that stores one byte for each element.
  ///
  /// - Precondition: There are at most 255 labels.
  package init(labels: [String]) {
    precondition(labels.count <= 255, "\(labels.count) labels are more than a byte can count")
    self.init(
      labels: labels, dataTypeName: "|O",
      codeType: CodeType(name: "|u1", byteCount: 1, isBigEndian: false, isSigned: false))
  }

  private init(labels: [String], dataTypeName: String, codeType: CodeType) {
    self.labels = labels
    self.dataTypeName = dataTypeName
    self.codeType = codeType
    table = LabelTable(labels)
  }

  package func encode(
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

  package func decode(
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

extension CategorizeCodec: MetadataCodec {
  package var configuration: JSONObject {
    [
      "labels": .array(labels.map(JSONValue.string)), "dtype": .string(dataTypeName),
      "astype": .string(codeType.name),
    ]
  }

  package init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("labels", "dtype", "astype")
    let values = settings["labels"]?.arrayValue
    let labels = values?.compactMap(\.stringValue) ?? []
    guard labels.count == values?.count else {
      throw settings.unexpected("labels", expected: "an array of strings")
    }
    let dataTypeName = try settings.string("dtype", default: "|O")
    guard let codeType = CodeType(settings["astype"] ?? "|u1"), labels.count <= codeType.maximum else {
      throw settings.unexpected("astype", expected: "a type of integers that can count the labels")
    }
    self.init(labels: labels, dataTypeName: dataTypeName, codeType: codeType)
  }
}

extension CategorizeCodec.CodeType {
  /// Reads the name of a type of integers in NumPy, short or long, with or without a byte order.
  fileprivate init?(_ value: JSONValue) {
    guard let text = value.stringValue, text.utf8.count <= 8 else { return nil }
    let bare = text.drop { "<>|=".contains($0) }
    for byteCount in [1, 2, 4, 8] {
      for (kind, isSigned) in [("u", false), ("i", true)]
      where bare == "\(kind)\(byteCount)" || bare == "\(isSigned ? "" : "u")int\(byteCount * 8)" {
        self.init(
          name: text, byteCount: byteCount, isBigEndian: text.hasPrefix(">"), isSigned: isSigned)
        return
      }
    }
    return nil
  }
}

/// The numbers of labels, found without making a string of an element.
private struct LabelTable: Hashable {
  /// The bytes of the labels.
  ///
  /// The first one is empty, for the number 0.
  private let labels: [[UInt8]]

  /// The numbers of labels, each in the first free slot at or after that of its hash.
  ///
  /// 0 marks a free slot.
  private let slots: [Int]

  /// Numbers `labels` from 1 on.
  ///
  /// If a label occurs twice, the last number counts.
  init(_ labels: [String]) {
    self.labels = [[]] + labels.map { Array($0.utf8) }
    var slotCount = 4
    while slotCount < labels.count * 2 {
      slotCount *= 2
    }
    var slots = [Int](repeating: 0, count: slotCount)
    for code in self.labels.indices.dropFirst() {
      let label = self.labels[code]
      var slot = Self.hash(label.span) & (slotCount - 1)
      while slots[slot] != 0, self.labels[slots[slot]] != label {
        slot = (slot + 1) & (slotCount - 1)
      }
      slots[slot] = code
    }
    self.slots = slots
  }

  /// The number of a label, or 0 if it is none.
  ///
  /// - Complexity: O(*n*) in the length of the text.
  func code(of text: RawSpan) -> Int {
    var slot = Self.hash(text.octets) & (slots.count - 1)
    while slots[slot] != 0 {
      let label = labels[slots[slot]]
      if text.isEqual(to: label.rawSpan) { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    return 0
  }

  /// The bytes of the label with a number, or none if no label has it.
  func label(of code: UInt64) -> [UInt8] {
    code < UInt64(labels.count) ? labels[Int(code)] : []
  }

  /// A seeded hash: a document that could predict it could make all its labels collide.
  private static func hash(_ bytes: Span<UInt8>) -> Int {
    var hasher = Hasher()
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    return hasher.finalize()
  }
}
